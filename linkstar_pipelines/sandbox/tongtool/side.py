"""Tongtool's side of the sandbox: its routes, wired to the bench.

Not here: any behaviour (one module per subject).
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.tongtool.auth import TokenDesk
from linkstar_pipelines.sandbox.tongtool.gateway import TongtoolDialect, TongtoolGateway
from linkstar_pipelines.sandbox.tongtool.orders import OrdersApi
from linkstar_pipelines.sandbox.tongtool.products import ProductsApi
from linkstar_pipelines.sandbox.tongtool.purchases import PurchasesApi
from linkstar_pipelines.sandbox.world.accounts import Account


class Side:
    """Tongtool, under the prefix `tongtool`."""

    def __init__(self, bench: Bench) -> None:
        dialect = TongtoolDialect()
        self._gateway = bench.gateway(dialect, "tongtool.")
        self._tokens = TokenDesk(bench.seed, bench.options.token_ttl)
        scale = bench.options.rate_scale
        self._tongtool = TongtoolGateway(self._gateway, dialect, bench.clock, self._tokens, scale)
        self._products = ProductsApi(bench)
        self._orders, self._purchases = OrdersApi(bench, self._products), PurchasesApi(bench, self._products)

    def routes(self) -> list[BaseRoute]:
        """Return Tongtool's routes."""
        query, login = self._tongtool.query, self._tongtool.login
        return [
            login("devApp/appToken", "appToken", self._tokens.token),
            login("partnerOpenInfo/getAppBuyerList", "getAppBuyerList", self._tokens.merchants),
            query("goodsQuery", self._products.search),
            query("warehouseQuery", self._products.warehouses),
            query("stocksQuery", self._products.stock),
            query("ordersQuery", self._orders.search),
            query("purchaseOrderQuery", self._purchases.search),
            query("supplierQuery", self._purchases.suppliers),
        ]

    def astray(self, request: Request, status: int) -> Response:
        """Answer a request that reaches no query."""
        return self._gateway.astray(request, status)

    def pushes(self, account: Account, since: int, until: int) -> list[SignedPush]:  # noqa: ARG002 - the Side
        """Refuse: an ERP delivers no notifications.

        Raises:
            ValueError: always.
        """
        raise ValueError("Tongtool delivers no notifications")
