"""Walmart Marketplace: calls, forms, readers and notifications.

Belongs here: everything that is Walmart's own. Does not belong here: sending, budgets, completeness (one level up).
"""
