"""马帮 (Mabang) open platform, gateway v2: signed calls, pages and records of one account.

Belongs here: everything that only Mabang's wire format explains.
Does not belong here: what HTTP alone explains (`connectors/http.py`), or rules that hold for all ERPs (`domain/`).
"""
