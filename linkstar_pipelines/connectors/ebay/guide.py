"""How a person connects an eBay seller account.

Belongs here: places in the console, scopes, quotas. Does not belong here: calls (`client.py`).
"""

from dataclasses import replace
from typing import Final

from linkstar_pipelines.connectors.ebay import operations as op
from linkstar_pipelines.connectors.guide import Guide, Permission, quotas_of
from linkstar_pipelines.schemas.platforms import Stream

_SCOPE: Final = "https://api.ebay.com/oauth/api_scope/"
_DOCUMENTED: Final = {op.GET_TRANSACTIONS.name, op.GET_PUBLIC_KEY.name}
_QUOTAS: Final = quotas_of(op, op.Operation, lambda operation: operation.plan, "recalled")

GUIDE: Final = Guide(
    console="""\
Client id and client secret: App ID and Cert ID of your production keyset, on developer.ebay.com.
Refresh token: what the seller's consent gives (auth.ebay.com/oauth2/authorize with all the scopes below, then
  the token endpoint). It lives about 18 months; other scopes take a new consent.
Sellers domiciled in the EU or the UK also need a signing key: createSigningKey of the Key Management API shows
  the private key once, with its jwe.
""",
    grants={
        Stream.ORDERS: f"scope {_SCOPE}sell.fulfillment",
        Stream.LISTINGS: f"scope {_SCOPE}sell.inventory",
        Stream.INVENTORY: f"scope {_SCOPE}sell.inventory",
        Stream.RETURNS: "the seller's consent to the application (returns come from the Post-Order API)",
        Stream.FINANCES: f"scope {_SCOPE}sell.finances, and a signing key for sellers in the EU or the UK",
    },
    permissions=(
        Permission("stock push", f"scope {_SCOPE}sell.inventory (not the readonly one)"),
        Permission("shipment confirmation", f"scope {_SCOPE}sell.fulfillment (not the readonly one)"),
    ),
    quotas=tuple(replace(quota, source="documented") if quota.operation in _DOCUMENTED else quota for quota in _QUOTAS),
)
