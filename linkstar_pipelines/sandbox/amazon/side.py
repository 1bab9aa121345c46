"""Amazon's side of the sandbox: its routes, wired to the bench.

Not here: any behaviour (one module per API).
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from linkstar_pipelines.sandbox.amazon.auth import TokenDesk
from linkstar_pipelines.sandbox.amazon.finances import FinancesApi
from linkstar_pipelines.sandbox.amazon.gateway import AmazonDialect, AmazonGateway
from linkstar_pipelines.sandbox.amazon.inventory import InventoryApi
from linkstar_pipelines.sandbox.amazon.listings import ListingsApi
from linkstar_pipelines.sandbox.amazon.orders import OrdersApi
from linkstar_pipelines.sandbox.amazon.plans import PLANS
from linkstar_pipelines.sandbox.amazon.queue import QueueDesk
from linkstar_pipelines.sandbox.amazon.reports import ReportsApi
from linkstar_pipelines.sandbox.amazon.requested_reports import RequestedReports
from linkstar_pipelines.sandbox.amazon.shipments import ShipmentsApi
from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.quota import QuotaDesk
from linkstar_pipelines.sandbox.world.accounts import Account


class Side:
    """Amazon, at the root of the sandbox: its addresses begin with no platform name."""

    def __init__(self, bench: Bench) -> None:
        world, tokens, options = bench.world, bench.tokens, bench.options
        quotas = QuotaDesk(PLANS, options.rate_scale)
        logins = TokenDesk(bench.seed, bench.accounts("amazon"), options.token_ttl)
        self._gateway = bench.gateway(AmazonDialect(quotas), prefix="")
        self._logins = logins
        self._amazon = AmazonGateway(self._gateway, bench.clock, logins, quotas)
        self._queues = QueueDesk(bench)
        self._shipments = ShipmentsApi(world)
        self._orders = OrdersApi(world, bench.index, tokens, options.page_token_ttl, self._shipments)
        self._listings, self._inventory = ListingsApi(world, tokens), InventoryApi(world, tokens)
        self._finances = FinancesApi(world, bench.settlements, tokens)
        self._requested = RequestedReports(world, options.rate_scale)
        self._reports = ReportsApi(world, bench.settlements, self._requested, tokens, bench.clock)

    def routes(self) -> list[BaseRoute]:
        """Return Amazon's routes."""
        operation, opened = self._amazon.operation, self._amazon.open
        orders, listings, inventory = self._orders, self._listings, self._inventory
        finances, reports = self._finances, self._reports
        item, report = "/listings/2021-08-01/items/{sellerId}", "/reports/2021-06-30"
        return [
            opened("POST", "/auth/o2/token", "token", lambda _request, body: self._logins.issue(body)),
            operation("GET", "/orders/2026-01-01/orders", "searchOrders", orders.search),
            operation("GET", "/orders/2026-01-01/orders/{orderId}", "getOrder", orders.get),
            operation(
                "POST", "/orders/v0/orders/{orderId}/shipmentConfirmation", "confirmShipment", self._shipments.confirm
            ),
            operation("GET", item, "searchListingsItems", listings.search),
            operation("GET", f"{item}/{{sku:path}}", "getListingsItem", listings.get),
            operation("PATCH", f"{item}/{{sku:path}}", "patchListingsItem", listings.patch),
            operation("GET", "/fba/inventory/v1/summaries", "getInventorySummaries", inventory.summaries),
            operation("GET", "/finances/2024-06-19/transactions", "listTransactions", finances.transactions),
            operation("GET", f"{report}/reports", "getReports", reports.list),
            operation("POST", f"{report}/reports", "createReport", self._requested.create),
            operation("GET", f"{report}/reports/{{reportId}}", "getReport", reports.get),
            operation("GET", f"{report}/documents/{{reportDocumentId}}", "getReportDocument", reports.document),
            opened("GET", "/report-documents/{documentId}", "downloadDocument", reports.download),
            opened("POST", "/", "queue", self._queues.answer),
        ]

    def pushes(self, account: Account, since: int, until: int) -> list[SignedPush]:  # noqa: ARG002  # interface
        """Refuse: Amazon's notifications are in the account's queue."""
        raise ValueError(f"Amazon puts the notifications of {account.code} into a queue and sends none")

    def astray(self, request: Request, status: int) -> Response:
        """Answer a request that reaches no operation."""
        return self._gateway.astray(request, status)
