"""TikTok Shop's Open API as the sandbox speaks it.

Here: signature and token checks, TikTok's envelope, and one module per group of calls, after public client libraries.
Not here: the world that is shown (see `sandbox.world`).
"""
