"""eBay's side of the sandbox: its routes, wired to the bench.

Here: one address for both of eBay's hosts (`api` and `apiz`). Not here: any behaviour (one module per API).
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.ebay.auth import APPLICATION, TokenDesk
from linkstar_pipelines.sandbox.ebay.finances import FinancesApi
from linkstar_pipelines.sandbox.ebay.gateway import PLANS, Access, EbayDialect, EbayGateway
from linkstar_pipelines.sandbox.ebay.inventory import InventoryApi
from linkstar_pipelines.sandbox.ebay.notifications import NotificationApi
from linkstar_pipelines.sandbox.ebay.orders import OrdersApi
from linkstar_pipelines.sandbox.ebay.returns import ReturnsApi
from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.quota import QuotaDesk
from linkstar_pipelines.sandbox.world.accounts import Account


class Side:
    """eBay, under `/ebay`."""

    def __init__(self, bench: Bench) -> None:
        self._world = bench.world
        self._logins = TokenDesk(bench.seed, bench.accounts("ebay"), bench.options.token_ttl)
        self._gateway = bench.gateway(EbayDialect(), prefix="ebay.")
        quotas = QuotaDesk(PLANS, bench.options.rate_scale)
        self._ebay = EbayGateway(self._gateway, bench.clock, self._logins, quotas)
        self._orders = OrdersApi(bench.world, bench.index)
        self._inventory, self._finances = InventoryApi(bench.world), FinancesApi(bench.world)
        self._returns, self._notifications = ReturnsApi(bench.world), NotificationApi(bench.seed)

    def routes(self) -> list[BaseRoute]:
        """Return eBay's routes."""
        operation, orders, inventory = self._ebay.operation, self._orders, self._inventory
        order, stock = "/sell/fulfillment/v1/order", "/sell/inventory/v1"
        shipments, returns = f"{order}/{{orderId}}/shipping_fulfillment", "/post-order/v2/return"
        key = "/commerce/notification/v1/public_key/{keyId}"
        iaf, signed = Access(scheme="IAF"), Access(signed=True)
        return [
            self._gateway.route(
                "POST", "/identity/v1/oauth2/token", "token", lambda request, body, _: self._logins.issue(request, body)
            ),
            operation("GET", order, "getOrders", orders.search),
            operation("GET", f"{order}/{{orderId}}", "getOrder", orders.get),
            operation("GET", shipments, "getShippingFulfillments", orders.shipments),
            operation("POST", shipments, "createShippingFulfillment", orders.ship),
            operation("GET", f"{stock}/inventory_item", "getInventoryItems", inventory.items),
            operation("GET", f"{stock}/offer", "getOffers", inventory.offers),
            operation("POST", f"{stock}/bulk_update_price_quantity", "bulkUpdatePriceQuantity", inventory.push),
            operation("GET", "/sell/finances/v1/transaction", "getTransactions", self._finances.transactions, signed),
            operation("GET", f"{returns}/search", "searchReturns", self._returns.search, iaf),
            operation("GET", f"{returns}/{{returnId}}", "getReturn", self._returns.get, iaf),
            operation("GET", key, "getPublicKey", self._notifications.public_key, Access(kind=APPLICATION)),
        ]

    def astray(self, request: Request, status: int) -> Response:
        """Answer a request that reaches no operation."""
        return self._gateway.astray(request, status)

    def pushes(self, account: Account, since: int, until: int) -> list[SignedPush]:
        """Return the notifications of an account's order versions in (since, until], oldest first.

        Args:
            account: One of eBay's accounts.
            since: Instant (seconds since the epoch) after which the orders changed.
            until: Last instant.
        """
        store = self._world.reach(until).store(account.code)
        return list(self._notifications.orders(store, since, until))
