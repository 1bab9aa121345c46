"""AliExpress' side of the sandbox: its routes, wired to the bench.

Not here: any behaviour (one module per subject).
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from linkstar_pipelines.sandbox.aliexpress.auth import TokenDesk
from linkstar_pipelines.sandbox.aliexpress.gateway import IopDialect, IopGateway
from linkstar_pipelines.sandbox.aliexpress.issues import IssuesApi
from linkstar_pipelines.sandbox.aliexpress.loans import LoansApi
from linkstar_pipelines.sandbox.aliexpress.orders import OrdersApi
from linkstar_pipelines.sandbox.aliexpress.products import ProductsApi
from linkstar_pipelines.sandbox.aliexpress.pushes import pushes
from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.world.accounts import Account


class Side:
    """The open platform: `/sync` for business methods, `/rest/auth/token/...` for tokens."""

    def __init__(self, bench: Bench) -> None:
        self._world = bench.world
        self._gateway = bench.gateway(IopDialect(), "aliexpress.")
        self._tokens = TokenDesk(bench.seed, bench.accounts("aliexpress"), bench.options.token_ttl)
        self._iop = IopGateway(self._gateway, bench.clock, self._tokens, bench.options.rate_scale)
        self._loans = LoansApi(bench.world)
        self._orders = OrdersApi(bench.world, bench.index, self._loans)
        self._products, self._issues = ProductsApi(bench.world), IssuesApi(bench.world)

    def routes(self) -> list[BaseRoute]:
        """Return AliExpress' routes."""
        orders, products, issues = self._orders, self._products, self._issues
        methods = {
            "aliexpress.solution.order.get": orders.search,
            "aliexpress.solution.order.info.get": orders.info,
            "aliexpress.solution.order.receiptinfo.get": orders.receipt,
            "aliexpress.solution.order.fulfill": orders.fulfill,
            "aliexpress.solution.product.list.get": products.search,
            "aliexpress.solution.product.info.get": products.get,
            "aliexpress.solution.batch.product.inventory.update": products.update_stock,
            "aliexpress.issue.issuelist.get": issues.search,
            "aliexpress.issue.detail.get": issues.get,
            "aliexpress.trade.redefining.findloanlistquery": self._loans.search,
        }
        return [
            self._iop.sync(methods),
            self._iop.system("/auth/token/create", "token.create", self._tokens.create),
            self._iop.system("/auth/token/refresh", "token.refresh", self._tokens.refresh),
        ]

    def astray(self, request: Request, status: int) -> Response:
        """Answer a request that reaches no method."""
        return self._gateway.astray(request, status)

    def pushes(self, account: Account, since: int, until: int) -> list[SignedPush]:
        """Return the signed notifications of an account's order versions after `since` and up to `until`."""
        return pushes(self._world.reach(until).store(account.code), since, until)
