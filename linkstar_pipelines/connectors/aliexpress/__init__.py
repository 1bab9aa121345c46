"""AliExpress Open Platform (IOP): signing, tokens, calls, and what its payloads mean.

Belongs here: everything that only AliExpress' wire format explains.
Does not belong here: what HTTP alone explains (`connectors/http.py`), or which version of an order counts (`domain/`).
"""
