"""The sandbox: simulated platforms served over real HTTP, for try-outs, drills and tests.

Here: everything that stands on the other side of the wire - a deterministic world (`world`), the wire format of
each platform (`amazon`), switchable faults, and a control side that tells the truth about the world.
Not here: anything of the product. The sandbox imports no other package of the project, and nothing imports it;
the two meet over HTTP alone. Start it with `python -m linkstar_pipelines.sandbox --help`.
"""
