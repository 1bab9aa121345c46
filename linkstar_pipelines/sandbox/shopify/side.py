"""Shopify's side of the sandbox: the resolvers of its endpoint, wired to the bench.

Not here: any behaviour (one module per part).
"""

from typing import Any

from graphql import GraphQLResolveInfo
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.shopify.gateway import ShopifyDialect, ShopifyGateway
from linkstar_pipelines.sandbox.shopify.inventory import InventoryApi
from linkstar_pipelines.sandbox.shopify.orders import OrdersApi, counted
from linkstar_pipelines.sandbox.shopify.points import PointsDesk
from linkstar_pipelines.sandbox.shopify.pushes import domain, pushes
from linkstar_pipelines.sandbox.shopify.wire import Call, Resolved, gid
from linkstar_pipelines.sandbox.world.accounts import Account

SCOPES = (
    "read_orders", "read_all_orders", "read_products", "read_inventory", "write_inventory",
    "read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders",
)  # fmt: skip


class Side:
    """Shopify's Admin GraphQL API."""

    def __init__(self, bench: Bench) -> None:
        self._world = bench.world
        orders = OrdersApi(bench.world, bench.index, bench.tokens)
        inventory = InventoryApi(bench.world, bench.tokens)
        root: Resolved = {
            "shop": _shop,
            "currentAppInstallation": _installation,
            "locations": inventory.locations,
            "orders": orders.search,
            "ordersCount": orders.count,
            "order": orders.get,
            "productVariant": inventory.variant,
            "productVariants": inventory.variants,
            "productVariantsCount": lambda info, limit=10_000, **_: counted(inventory.total(info), limit),
            "inventoryItem": inventory.item,
            "inventorySetQuantities": inventory.set_quantities,
            "fulfillmentCreate": orders.fulfill,
        }
        self._gateway = bench.gateway(ShopifyDialect(), "shopify.")
        points = PointsDesk(bench.options.rate_scale)
        shops = bench.accounts("shopify")
        self._shopify = ShopifyGateway(self._gateway, bench.clock, shops, points=points, root=root, finish=orders.spoil)

    def routes(self) -> list[BaseRoute]:
        """Return Shopify's one route."""
        return [self._shopify.route()]

    def astray(self, request: Request, status: int) -> Response:
        """Answer a request that reaches no endpoint."""
        return self._gateway.astray(request, status)

    def pushes(self, account: Account, since: int, until: int) -> list[SignedPush]:
        """Return the webhooks of what happened to an account's orders in [since, until), oldest first."""
        return list(pushes(self._world.reach(until).store(account.code), since, until))


def _shop(info: GraphQLResolveInfo, **_: Any) -> Resolved:
    call: Call = info.context
    return {
        "id": gid("Shop", 1),
        "name": call.market.name,
        "myshopifyDomain": domain(call.account),
        "currencyCode": call.market.currency,
        "ianaTimezone": "Etc/UTC",
    }


def _installation(_info: GraphQLResolveInfo, **_: Any) -> Resolved:
    scopes = [{"handle": scope, "description": scope.replace("_", " ")} for scope in SCOPES]
    return {"id": gid("AppInstallation", 1), "accessScopes": scopes}
