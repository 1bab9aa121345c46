"""Shopify's side of the sandbox: one GraphQL endpoint, its points, orders, variants, stock, fulfilments, webhooks.

Here: everything that is Shopify's own. Not here: the world, the clock and the faults that all platforms share.
"""
