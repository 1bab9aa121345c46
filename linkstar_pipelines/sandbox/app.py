"""The application: every route of the sandbox, wired to one world and one clock.

Here: which path leads to which operation. Not here: options and the server process (see `server`).
"""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from linkstar_pipelines.sandbox.amazon.auth import TokenDesk
from linkstar_pipelines.sandbox.amazon.finances import FinancesApi
from linkstar_pipelines.sandbox.amazon.gateway import Gateway
from linkstar_pipelines.sandbox.amazon.inventory import InventoryApi
from linkstar_pipelines.sandbox.amazon.listings import ListingsApi
from linkstar_pipelines.sandbox.amazon.orders import OrdersApi
from linkstar_pipelines.sandbox.amazon.paging import TokenBook
from linkstar_pipelines.sandbox.amazon.quota import QuotaDesk
from linkstar_pipelines.sandbox.amazon.reports import ReportsApi
from linkstar_pipelines.sandbox.amazon.wire import Reply
from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.control import Control
from linkstar_pipelines.sandbox.faults import FaultDesk
from linkstar_pipelines.sandbox.options import Options
from linkstar_pipelines.sandbox.reference_rates import rates_zip
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import parse
from linkstar_pipelines.sandbox.world.settlements import SettlementBook


def make_app(options: Options) -> Starlette:
    """Make the application, with the world simulated up to the clock's present day."""
    clock = Clock.from_text(options.clock, parse(options.start), options.state_dir)
    world = World(options.world).reach(clock.now())
    seed = options.world.seed
    accounts = [store.account for store in world.stores]
    faults = FaultDesk(seed, options.faults)
    logins = TokenDesk(seed, accounts, options.token_ttl)
    gateway = Gateway(clock, logins, QuotaDesk(options.rate_scale), faults)
    tokens = TokenBook(seed)
    orders = OrdersApi(world, faults, tokens, options.page_token_ttl)
    settlements = SettlementBook(world)
    listings, inventory = ListingsApi(world, tokens), InventoryApi(world, tokens)
    finances = FinancesApi(world, settlements, tokens)
    reports = ReportsApi(world, settlements, tokens, clock)
    control = Control(clock=clock, world=world, settlements=settlements, faults=faults, log=gateway.log, orders=orders)

    def rates(_request: Request, _body: bytes) -> Reply:
        return Reply(content=rates_zip(seed, clock.now()), media_type="application/zip")

    async def refused(request: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 500
        message = problem.detail if isinstance(problem, HTTPException) else "Internal error"
        return gateway.refuse(request, status, message)

    operation = gateway.operation
    item, report = "/listings/2021-08-01/items/{sellerId}", "/reports/2021-06-30"
    return Starlette(
        routes=[
            gateway.open("POST", "/auth/o2/token", "token", lambda _request, body: logins.issue(body)),
            operation("GET", "/orders/2026-01-01/orders", "searchOrders", orders.search),
            operation("GET", "/orders/2026-01-01/orders/{orderId}", "getOrder", orders.get),
            operation("GET", item, "searchListingsItems", listings.search),
            operation("GET", f"{item}/{{sku:path}}", "getListingsItem", listings.get),
            operation("PATCH", f"{item}/{{sku:path}}", "patchListingsItem", listings.patch),
            operation("GET", "/fba/inventory/v1/summaries", "getInventorySummaries", inventory.summaries),
            operation("GET", "/finances/2024-06-19/transactions", "listTransactions", finances.transactions),
            operation("GET", f"{report}/reports", "getReports", reports.list),
            operation("POST", f"{report}/reports", "createReport", reports.create),
            operation("GET", f"{report}/reports/{{reportId}}", "getReport", reports.get),
            operation("GET", f"{report}/documents/{{reportDocumentId}}", "getReportDocument", reports.document),
            gateway.open("GET", "/report-documents/{documentId}", "downloadDocument", reports.download),
            gateway.open("GET", "/stats/eurofxref/eurofxref-hist.zip", "referenceRates", rates),
            control.routes(),
        ],
        exception_handlers={HTTPException: refused, Exception: refused},
    )
