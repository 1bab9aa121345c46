"""Shopee Open Platform v2: signed calls, rotating tokens, payloads and pushes of one shop.

Belongs here: everything that only Shopee's wire format explains.
Does not belong here: what HTTP alone explains (`connectors/http.py`), or rules that hold for all platforms (`domain/`).
"""
