"""Walmart's side of the sandbox: its routes, wired to the bench.

Not here: any behaviour (one module per API).
"""

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.walmart.auth import TokenDesk
from linkstar_pipelines.sandbox.walmart.gateway import WalmartDialect, WalmartGateway
from linkstar_pipelines.sandbox.walmart.listings import ListingsApi
from linkstar_pipelines.sandbox.walmart.orders import OrdersApi
from linkstar_pipelines.sandbox.walmart.plans import PLANS, TokenCounts
from linkstar_pipelines.sandbox.walmart.pushes import pushes
from linkstar_pipelines.sandbox.walmart.reports import ReportsApi
from linkstar_pipelines.sandbox.walmart.returns import ReturnsApi
from linkstar_pipelines.sandbox.walmart.wire import Call
from linkstar_pipelines.sandbox.wire import Reply
from linkstar_pipelines.sandbox.world.accounts import Account

SCOPES = ("orders", "item", "inventory", "returns", "reports")


class Side:
    """Walmart Marketplace."""

    def __init__(self, bench: Bench) -> None:
        self._world = bench.world
        self._life = min(bench.options.token_ttl, 900)
        counts = TokenCounts(PLANS, bench.options.rate_scale)
        tokens = TokenDesk(bench.seed, bench.accounts("walmart"), bench.options.token_ttl)
        self._gateway = bench.gateway(WalmartDialect(), "walmart.")
        self._walmart = WalmartGateway(self._gateway, bench.clock, tokens, counts)
        self._orders = OrdersApi(bench.world, bench.index, bench.tokens, bench.options.page_token_ttl)
        self._listings = ListingsApi(bench.world, bench.tokens)
        self._returns = ReturnsApi(bench.world)
        self._reports = ReportsApi(bench.world, bench.settlements)

    def routes(self) -> list[BaseRoute]:
        """Return Walmart's routes."""
        operation, orders, listings = self._walmart.operation, self._orders, self._listings
        order, report = "/v3/orders/{purchaseOrderId}", "/v3/report/reconreport"
        return [
            self._walmart.token("/v3/token"),
            operation("GET", "/v3/token/detail", "getTokenDetail", self._token_detail),
            operation("GET", "/v3/orders", "getAllOrders", orders.search),
            operation("GET", order, "getAnOrder", orders.get),
            operation("POST", f"{order}/acknowledge", "acknowledgeOrders", orders.acknowledge),
            operation("POST", f"{order}/shipping", "shippingUpdates", orders.ship),
            operation("GET", "/v3/items", "getAllItems", listings.items),
            operation("GET", "/v3/inventories", "getInventories", listings.inventories),
            operation("GET", "/v3/inventory", "getInventory", listings.inventory),
            operation("PUT", "/v3/inventory", "updateInventory", listings.set_inventory),
            operation("GET", "/v3/fulfillment/inventory", "getWFSInventory", listings.wfs_inventory),
            operation("GET", "/v3/returns", "getReturns", self._returns.search),
            operation("GET", f"{report}/availableReconFiles", "getReconReportDates", self._reports.dates),
            operation("GET", f"{report}/reconFileJson", "getReconReport", self._reports.rows),
        ]

    def astray(self, request: Request, status: int) -> Response:
        """Answer a request that reaches no operation."""
        return self._gateway.astray(request, status)

    def pushes(self, account: Account, since: int, until: int) -> list[SignedPush]:
        """Return the notifications of what happened to an account's orders in [since, until), oldest first."""
        return list(pushes(self._world.reach(until).store(account.code), since, until))

    def _token_detail(self, _call: Call) -> Reply:
        now = time.time()
        return Reply(
            {
                "expire_at": str(int((now + self._life) * 1000)),
                "issued_at": str(int(now * 1000)),
                "is_valid": True,
                "is_channel_match": True,
                "scopes": dict.fromkeys(SCOPES, "full_access"),
            }
        )
