"""Shopify (Admin GraphQL): calls, forms, readers and webhooks.

Belongs here: everything that is Shopify's own. Does not belong here: sending, budgets, completeness (one level up).
"""
