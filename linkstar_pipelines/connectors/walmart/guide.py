"""How a person connects a Walmart seller account.

Belongs here: places in the console, permissions, quotas. Does not belong here: calls (`client.py`).
"""

from collections.abc import Collection
from typing import Final

from linkstar_pipelines.connectors.guide import Guide, Permission, quotas_of
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.walmart import operations as op
from linkstar_pipelines.connectors.walmart.calls import WalmartCalls
from linkstar_pipelines.connectors.walmart.store import WalmartStore
from linkstar_pipelines.schemas.platforms import Stream

_FULL: Final = "full_access"


def _granted(store: WalmartStore, http: HttpCore) -> Collection[str]:
    """Return each category of permissions with its level, such as `orders full_access`."""
    scopes = WalmartCalls(store, http).call(op.TOKEN_DETAIL).data.get("scopes")
    return {f"{category} {level}" for category, level in scopes.items()} if isinstance(scopes, dict) else set()


GUIDE: Final = Guide(
    console="""\
Client id and client secret: the API key of your seller account, in Walmart's Developer Portal
  (developer.walmart.com, signed in with the seller account).
Give the key view access to Items, Orders, Inventory, Returns and Reports; full access to Orders and Inventory
  where shipments and stock shall be told to Walmart.
An account on Walmart's former Canadian platform has a consumer id (the client id) and a private key instead.
""",
    grants={
        Stream.ORDERS: "Orders, at least view only",
        Stream.LISTINGS: "Items, at least view only, and Inventory where Walmart ships (WFS)",
        Stream.INVENTORY: "Inventory, at least view only",
        Stream.RETURNS: "Returns, at least view only",
        Stream.FINANCES: "Reports, at least view only",
    },
    permissions=(
        Permission("stock push", "Inventory, full access", (f"inventory {_FULL}",)),
        Permission("shipment confirmation", "Orders, full access", (f"orders {_FULL}",)),
    ),
    quotas=quotas_of(op, op.Operation, lambda operation: operation.plan, "our own"),
    granted=_granted,
)
