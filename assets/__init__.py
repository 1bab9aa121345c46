"""The graph: one software-defined asset per lake table, about fifteen lines each.

Belongs here: what each asset reads, the one call into `domain/` that makes it, and how it is published.
Does not belong here: how anything is computed (`domain/`), what it looks like (`schemas/`), when it runs
(`linkstar_pipelines/orchestration/`).

An asset's key is its table's name: `core/orders` is the lake table `core.orders`.
"""
