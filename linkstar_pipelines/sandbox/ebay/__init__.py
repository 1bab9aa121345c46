"""eBay's side of the sandbox: OAuth, Fulfillment, Inventory, Finances, Post-Order and Notification APIs.

Here: what eBay answers, read from eBay's documentation. Not here: the world (see `sandbox.world`), our connector.
"""
