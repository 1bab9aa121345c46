"""The wire: one HTTP core for all platforms, and one client per platform.

Belongs here: requests, credentials on the wire, retries, budgets, typed errors, paging.
Does not belong here: the meaning of a payload (`domain/`), or where it is kept (`storage/`, assets).
"""
