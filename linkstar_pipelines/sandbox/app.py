"""The application: every platform of the sandbox and its control side, on one world and one clock.

Here: how they are put together. Not here: options and the server process (see `server`).
"""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.control import Control
from linkstar_pipelines.sandbox.delivery import Delivery
from linkstar_pipelines.sandbox.faults import FaultDesk
from linkstar_pipelines.sandbox.gateway import ExchangeLog
from linkstar_pipelines.sandbox.options import Options
from linkstar_pipelines.sandbox.paging import TokenBook
from linkstar_pipelines.sandbox.platforms import PREFIXES, make_side
from linkstar_pipelines.sandbox.reference_rates import reference_rates
from linkstar_pipelines.sandbox.search import SearchIndex
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import parse
from linkstar_pipelines.sandbox.world.settlements import SettlementBook


def make_app(options: Options) -> Starlette:
    """Make the application, with the world simulated up to the clock's present day."""
    bench = _bench(options)
    sides = {prefix: make_side(platform, bench) for platform, prefix in PREFIXES.items()}
    # The one without a prefix goes last: its routes would otherwise be asked first for every path.
    delivery = Delivery(bench, {platform: sides[prefix] for platform, prefix in PREFIXES.items()})
    routes: list[BaseRoute] = [delivery.route(), Control(bench).routes(), reference_rates(bench)]
    routes += [Mount(f"/{prefix}", routes=side.routes()) for prefix, side in sides.items() if prefix]
    routes += sides[""].routes()

    async def refused(request: Request, problem: Exception) -> Response:
        first = request.url.path.split("/", 2)[1]
        side = sides.get(first, sides[""])
        return side.astray(request, problem.status_code if isinstance(problem, HTTPException) else 500)

    return Starlette(routes=routes, exception_handlers={HTTPException: refused, Exception: refused})


def _bench(options: Options) -> Bench:
    clock = Clock.from_text(options.clock, parse(options.start), options.state_dir)
    world = World(options.world).reach(clock.now())
    faults = FaultDesk(options.world.seed, options.faults)
    return Bench(
        options=options,
        clock=clock,
        world=world,
        settlements=SettlementBook(world),
        faults=faults,
        index=SearchIndex(faults),
        tokens=TokenBook(options.world.seed),
        log=ExchangeLog(),
    )
