"""The Shopee Open Platform v2 as the sandbox speaks it.

Here: signature and token checks, Shopee's envelope, and one module per group of calls, after the public reference.
Not here: the world that is shown (see `sandbox.world`).
"""
