"""Amazon Selling Partner API: credentials, calls, and readings that are known to be whole.

Belongs here: everything that only Amazon's wire format explains.
Does not belong here: what HTTP alone explains (`connectors/http.py`), or the meaning of a payload.
"""
