"""TikTok Shop Open API (2023-09 and later): signed calls, rotating tokens, payloads and webhooks of one shop.

Belongs here: everything that only TikTok Shop's wire format explains.
Does not belong here: what HTTP alone explains (`connectors/http.py`), or rules that hold for all platforms (`domain/`).
"""
