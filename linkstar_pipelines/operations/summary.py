"""The closing summary: what came in, what is in stock, what to order, what was paid, what needs a person.

Belongs here: questions to the lake and how their answers are shown. Does not belong here: computing anything.
"""

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from linkstar_pipelines.operations.runs import Outcome
from linkstar_pipelines.storage.lake import Lake

_ORDERS = """
    SELECT o.platform || '/' || o.store AS store, count(*) AS orders,
           count(*) FILTER (o.state = 'cancelled') AS cancelled,
           count(*) FILTER (o.state IN ('awaiting_payment', 'held', 'to_ship', 'part_shipped')) AS open,
           min(o.business_day) AS first_day, max(o.business_day) AS last_day
    FROM core.orders o GROUP BY ALL ORDER BY store
"""
# A seller's own pile is offered in several marketplaces: it is worth its value once.
_STOCK = """
    WITH piles AS (
        SELECT sku, currency, CASE WHEN node LIKE 'seller:%' THEN store ELSE node END AS pile,
               max(stock_value) AS value, max(on_hand) AS units
        FROM stock.positions WHERE on_hand IS NOT NULL GROUP BY ALL
    )
    SELECT currency, sum(value) AS value, sum(units) AS units, count(*) AS positions
    FROM piles GROUP BY currency ORDER BY currency
"""
_RUNNING_OUT = """
    SELECT node, sku, available, inbound, runs_out_on, suggested_units
    FROM planning.replenishment WHERE runs_out_on IS NOT NULL AND suggested_units > 0
    ORDER BY runs_out_on, expected_demand DESC LIMIT 8
"""
_ADVICE = """
    SELECT advice, count(*) AS n, sum(suggested_units) AS units FROM planning.replenishment GROUP BY ALL ORDER BY n DESC
"""
_SETTLEMENTS = """
    SELECT store, currency, count(*) AS settlements, sum(payout) AS payout, sum(difference) AS difference,
           bool_and(tied_out) AS tied_out, sum(suspense_lines) AS suspense_lines, sum(suspense) AS suspense
    FROM finance.settlement_report GROUP BY ALL ORDER BY store, currency
"""
_HELD = """
    SELECT count(DISTINCT (platform, store, order_id)) AS orders FROM core.order_lines WHERE hold IS NOT NULL
"""
_QUARANTINE = "SELECT table_name, count(*) AS n FROM quality.quarantine GROUP BY ALL ORDER BY ALL"


def show(console: Console, lake: Lake, outcomes: list[Outcome]) -> None:
    """Print the summary."""
    console.print(
        Panel(
            Group(_orders(lake), _stock(lake), _advice(lake), _settlements(lake), _needs_a_person(lake, outcomes)),
            title="LinkStar: the loop in one page",
            border_style="cyan",
        )
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        numeric = column in {"orders", "cancelled", "open", "units", "value", "available", "inbound", "order now",
                             "settlements", "payout", "difference", "suspense", "lines"}  # fmt: skip
        table.add_column(column, justify="right" if numeric else "left")
    return table


def _orders(lake: Lake) -> Table:
    table = _table("Orders by store", "store", "orders", "cancelled", "open", "from", "to")
    for store, orders, cancelled, still_open, first, last in lake.query(_ORDERS).iter_rows():
        table.add_row(store, f"{orders:,}", f"{cancelled:,}", f"{still_open:,}", str(first), str(last))
    return table


def _stock(lake: Lake) -> Table:
    table = _table("\nStock at cost", "currency", "value", "units")
    for currency, value, units, _ in lake.query(_STOCK).iter_rows():
        table.add_row(currency or "-", f"{value or 0:,.2f}", f"{units:,}")
    return table


def _advice(lake: Lake) -> Group:
    soon = _table("\nAbout to run out", "node", "SKU", "available", "inbound", "runs out", "order now")
    for node, sku, available, inbound, day, units in lake.query(_RUNNING_OUT).iter_rows():
        soon.add_row(node, sku, f"{available:,}", f"{inbound:,}", str(day), f"{units:,}")
    counts = ", ".join(
        f"{advice.replace('_', ' ')}: {n:,}" + (f" ({units:,.0f} units)" if units else "")
        for advice, n, units in lake.query(_ADVICE).iter_rows()
    )
    return Group(soon, Text(f"Advice for every node and SKU: {counts}"))


def _settlements(lake: Lake) -> Table:
    table = _table(
        "\nSettlements", "store", "currency", "settlements", "payout", "difference", "tied out", "suspense", "lines"
    )
    for store, currency, n, payout, difference, tied, lines, suspense in lake.query(_SETTLEMENTS).iter_rows():
        state = "[green]to the cent" if tied else "[red]NO"
        table.add_row(
            store, currency, str(n), f"{payout:,.2f}", f"{difference:,.2f}", state, f"{suspense:,.2f}", str(lines)
        )
    return table


def _needs_a_person(lake: Lake, outcomes: list[Outcome]) -> Group:
    passed = sum(outcome.checks_passed for outcome in outcomes)
    warnings = [warning for outcome in outcomes for warning in outcome.warnings]
    problems = dict.fromkeys(problem for outcome in outcomes for problem in outcome.problems)
    held = lake.query(_QUARANTINE)
    rows = ", ".join(f"{table} {n:,}" for table, n in held.iter_rows()) or "none"
    lines = [
        Text(f"\nChecks: {passed} passed, {len(warnings)} did not", style="bold"),
        *(Text(f"  {warning}", style="yellow") for warning in dict.fromkeys(warnings)),
        *(Text(f"  {problem}", style="red") for problem in problems),
        Text(f"Orders on hold until a listing is mapped: {lake.query(_HELD).item():,}"),
        Text(f"Rows in quarantine: {rows}"),
    ]
    return Group(*lines)
