"""eBay: Fulfillment, Inventory, Finances, Post-Order and Notification APIs, for sellers of any eBay site.

Belongs here: all of our side that is eBay's own: settings, tokens, signatures, calls, and what its payloads mean.
Does not belong here: sending (`connectors/http.py`), when something is asked, or other platforms.
"""
