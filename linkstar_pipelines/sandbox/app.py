"""The application: every route of the sandbox, wired to one world and one clock.

Here: which path leads to which operation. Not here: options and the server process (see `server`).
"""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from linkstar_pipelines.sandbox.amazon.auth import TokenDesk
from linkstar_pipelines.sandbox.amazon.gateway import Gateway
from linkstar_pipelines.sandbox.amazon.orders import OrdersApi
from linkstar_pipelines.sandbox.amazon.paging import TokenBook
from linkstar_pipelines.sandbox.amazon.quota import QuotaDesk
from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.control import Control
from linkstar_pipelines.sandbox.faults import FaultDesk
from linkstar_pipelines.sandbox.options import Options
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import parse


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
    control = Control(clock, world, faults, gateway.log, orders)

    async def refused(request: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 500
        message = problem.detail if isinstance(problem, HTTPException) else "Internal error"
        return gateway.refuse(request, status, message)

    return Starlette(
        routes=[
            gateway.open("POST", "/auth/o2/token", "token", lambda _request, body: logins.issue(body)),
            gateway.operation("GET", "/orders/2026-01-01/orders", "searchOrders", orders.search),
            gateway.operation("GET", "/orders/2026-01-01/orders/{orderId}", "getOrder", orders.get),
            control.routes(),
        ],
        exception_handlers={HTTPException: refused},
    )
