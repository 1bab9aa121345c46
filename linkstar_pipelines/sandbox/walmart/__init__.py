"""Walmart's side of the sandbox.

Here: the token endpoint and the operations of the Marketplace API, with Walmart's envelope, cursors and headers.
Not here: the world behind it (`sandbox.world`), faults and pages in general (`sandbox.gateway`, `sandbox.paging`).
"""
