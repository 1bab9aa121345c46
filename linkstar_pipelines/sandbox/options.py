"""Command-line options of the sandbox.

Here: every option, its default and its meaning. Not here: what is done with them (see `server`).
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.faults import LATE_ORDERS_HOURS, FaultPlan
from linkstar_pipelines.sandbox.world.accounts import ACCOUNTS, FIRST_ACCOUNTS
from linkstar_pipelines.sandbox.world.engine import WorldPlan
from linkstar_pipelines.sandbox.world.instants import parse


@dataclass(frozen=True, slots=True)
class Options:
    """Parsed options; see `--help` for each."""

    host: str
    port: int
    port_file: Path | None
    exit_with_parent: bool
    clock: str
    start: str
    state_dir: Path | None
    rate_scale: float
    token_ttl: float
    page_token_ttl: float
    world: WorldPlan
    faults: FaultPlan


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; exits with a message when it makes no sense."""
    plan = WorldPlan()
    parser = argparse.ArgumentParser(prog="python -m linkstar_pipelines.sandbox", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    add("--port", type=int, default=0, help="port to listen on; 0 lets the system pick one (default)")
    add("--port-file", type=Path, help='JSON file {"url", "pid"} written once the sandbox listens')
    add("--exit-with-parent", action="store_true", help="end when the process that started it ends")
    add("--seed", type=int, default=plan.seed, help="seed of the world and of the faults (default %(default)s)")
    add("--opens", type=date.fromisoformat, default=plan.opens, help="first day with orders (default %(default)s)")
    add("--closes", default=str(plan.closes), help="first day without new orders, or none (default %(default)s)")
    add("--orders-per-day", type=float, default=plan.orders_per_day, help="mean over all stores (%(default)s)")
    add("--products", type=int, default=plan.products, help="number of products (default %(default)s)")
    add("--accounts", default=",".join(FIRST_ACCOUNTS), help="seller accounts that trade (default %(default)s)")
    add("--clock", default="frozen:2026-05-24T00:00:00Z", help="frozen:<ISO instant> or live:<speed> (%(default)s)")
    add("--start", default="2026-05-24T00:00:00Z", help="first instant of a live clock (default %(default)s)")
    add("--state-dir", type=Path, help="folder in which a live clock keeps its reading over restarts")
    add("--rate-scale", type=float, default=1.0, help="multiplies every documented request rate (%(default)s)")
    add("--token-ttl", type=float, default=3600.0, help="life of an access token in real seconds (%(default)s)")
    add("--page-token-ttl", type=float, default=86_400.0, help="life of an orders page token, real seconds")
    add("--fault", action="append", default=[], metavar="NAME=P", help="probability of a fault; repeatable; all=P")
    add("--late-hours", type=int, default=LATE_ORDERS_HOURS, help="virtual hours late_orders lag at most (%(default)s)")
    add("--fault-delay", type=float, default=3.0, help="seconds a timeout fault lets wait (default %(default)s)")
    found = parser.parse_args(arguments)
    accounts = tuple(code.strip().upper() for code in found.accounts.split(","))
    if unknown := [code for code in accounts if code not in ACCOUNTS]:
        parser.error(f"--accounts: {', '.join(unknown)} unknown; there are {', '.join(ACCOUNTS)}")
    try:
        closes = None if found.closes == "none" else date.fromisoformat(found.closes)
        faults = FaultPlan.from_texts(found.fault, found.fault_delay, found.late_hours)
        Clock.from_text(found.clock, parse(found.start))
    except ValueError as problem:
        parser.error(str(problem))
    return Options(
        host=found.host,
        port=found.port,
        port_file=found.port_file,
        exit_with_parent=found.exit_with_parent,
        clock=found.clock,
        start=found.start,
        state_dir=found.state_dir,
        rate_scale=found.rate_scale,
        token_ttl=found.token_ttl,
        page_token_ttl=found.page_token_ttl,
        world=WorldPlan(found.seed, found.opens, closes, found.orders_per_day, found.products, accounts),
        faults=faults,
    )
