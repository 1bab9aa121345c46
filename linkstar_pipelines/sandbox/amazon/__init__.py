"""The Amazon Selling Partner API as the sandbox speaks it.

Here: token endpoint, auth checks, usage plans, paging, and one module per API, in the wire format of Amazon's
published models (orders 2026-01-01, fbaInventory v1, listingsItems 2021-08-01, finances 2024-06-19,
reports 2021-06-30 with the settlement flat file V2). Not here: the world that is shown (see `sandbox.world`).
"""
