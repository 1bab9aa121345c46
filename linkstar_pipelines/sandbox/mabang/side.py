"""Mabang's side of the sandbox: its one route, wired to the bench.

Not here: any behaviour (one module per group of interfaces).
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.mabang.gateway import MabangDialect, MabangGateway
from linkstar_pipelines.sandbox.mabang.orders import OrdersApi
from linkstar_pipelines.sandbox.mabang.products import ProductsApi
from linkstar_pipelines.sandbox.mabang.purchases import PurchasesApi
from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.world.accounts import Account


class Side:
    """Mabang, under the prefix `mabang`."""

    def __init__(self, bench: Bench) -> None:
        self._gateway = bench.gateway(MabangDialect(), "mabang.")
        self._mabang = MabangGateway(self._gateway, bench.clock, bench.options.rate_scale)
        self._products = ProductsApi(bench)
        self._orders, self._purchases = OrdersApi(bench, self._products), PurchasesApi(bench, self._products)

    def routes(self) -> list[BaseRoute]:
        """Return Mabang's route."""
        interfaces = {
            "stock-do-search-sku-list-new": self._products.search,
            "stock-do-search-combo-sku": self._products.combos,
            "stock-get-stock-quantity": self._products.stock,
            "order-get-order-list-new": self._orders.search,
            "pur-get-purchase-list": self._purchases.search,
            "pur-do-get-provider": self._purchases.suppliers,
        }
        return [self._mabang.route(interfaces)]

    def astray(self, request: Request, status: int) -> Response:
        """Answer a request that reaches no interface."""
        return self._gateway.astray(request, status)

    def pushes(self, account: Account, since: int, until: int) -> list[SignedPush]:  # noqa: ARG002 - the Side
        """Refuse: an ERP delivers no notifications.

        Raises:
            ValueError: always.
        """
        raise ValueError("Mabang delivers no notifications")
