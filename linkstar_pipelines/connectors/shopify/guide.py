"""How a person connects a Shopify shop.

Belongs here: places in the admin, scopes, quotas. Does not belong here: calls (`client.py`).
"""

from collections.abc import Collection
from typing import Final

from linkstar_pipelines.connectors.guide import Guide, Permission, quotas_of
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.shopify import operations as op
from linkstar_pipelines.connectors.shopify.calls import ShopifyCalls
from linkstar_pipelines.connectors.shopify.store import ShopifyStore
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.rate_budget import Plan


def _granted(store: ShopifyStore, http: HttpCore) -> Collection[str]:
    installation = ShopifyCalls(store, http).ask(op.SHOP) or {}
    return {str(scope.get("handle")) for scope in installation.get("accessScopes") or []}


def _needs(subject: str, *scopes: str) -> Permission:
    return Permission(subject, f"scope {' and '.join(scopes)}", scopes)


def _plan(operation: op.Operation) -> Plan:
    return Plan(op.RESTORE_RATE / operation.cost, op.MOST_POINTS / operation.cost)


GUIDE: Final = Guide(
    console="""\
Access token and client secret: a custom app of your own, installed in the shop. Give it the scopes of
  `access_token` below before it is installed; other scopes take a new installation.
Shop: the domain `<name>.myshopify.com`. Location id: the number at the end of the location's address in
  Settings, Locations.
""",
    grants={
        Stream.ORDERS: "scope read_orders",
        Stream.LISTINGS: "scope read_products",
        Stream.INVENTORY: "scope read_products and read_inventory",
    },
    permissions=(
        _needs(f"orders of more than {op.OLDEST_WITHOUT_SCOPE.days} days", op.ALL_ORDERS),
        _needs("stock push", "write_inventory"),
        _needs(
            "shipment confirmation",
            "read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders",
        ),
    ),
    quotas=quotas_of(op, op.Operation, _plan, "smallest plan"),
    granted=_granted,
)  # fmt: skip
