"""The command `linkstar`.

Belongs here: arguments, and turning the errors a person can mend into one clear message.
Does not belong here: what a command does (`operations/`). Heavy imports wait until a command needs them.
"""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from linkstar_pipelines.cli_catalog import catalog, migrate

app = typer.Typer(
    help="LinkStar pipelines: the supply chain of a cross-border seller as one graph.", no_args_is_help=True
)
imports = typer.Typer(help="Import history from files.", no_args_is_help=True)
quality = typer.Typer(help="Data quality.", no_args_is_help=True)
quarantine = typer.Typer(help="Rows that did not fit.", no_args_is_help=True)
report = typer.Typer(help="Reports for people.", no_args_is_help=True)
app.add_typer(imports, name="import")
app.add_typer(quality, name="quality")
app.add_typer(quarantine, name="quarantine")
app.add_typer(report, name="report")
app.add_typer(catalog, name="catalog")
app.add_typer(migrate, name="migrate")
console = Console()


@app.command()
def demo(
    platforms: Annotated[str, typer.Option(help="Marketplaces, comma-separated, or `all`.")] = "amazon",
    fault: Annotated[list[str] | None, typer.Option(help="Sandbox fault, such as all=0.2. Repeatable.")] = None,
    orders_per_day: Annotated[int, typer.Option(help="Size of the sandbox's order book.")] = 60,
    weeks: Annotated[int, typer.Option(help="Length of the sandbox's order book.")] = 5,
) -> None:
    """Run the whole loop against a sandbox and show what came of it. Ends by itself."""
    from linkstar_pipelines.operations.demo import demo as run_demo
    from linkstar_pipelines.schemas.platforms import PLATFORMS

    named = list(PLATFORMS) if platforms == "all" else platforms.split(",")
    if unknown := [name for name in named if name not in PLATFORMS]:
        raise typer.BadParameter(f"{', '.join(unknown)} unknown; there are {', '.join(PLATFORMS)}")
    faults = fault or []
    raise typer.Exit(run_demo(console, platforms=named, faults=faults, orders_per_day=orders_per_day, weeks=weeks))


@app.command()
def up() -> None:
    """Start Dagster's web servers and daemon, and the sandbox where no store is connected. Ctrl-C stops all."""
    from linkstar_pipelines.operations.up import up as run_up

    raise typer.Exit(run_up(console))


@app.command()
def receive(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 3002,
) -> None:
    """Take in the platforms' push notifications, over HTTP and from message queues. Ctrl-C stops."""
    from linkstar_pipelines.operations.receive import receive as run_receiver

    raise typer.Exit(run_receiver(console, host, port))


@app.command()
def run(
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = None,
) -> None:
    """Run the whole graph over some days (today, unless given) in this process.

    Exit code 1 if a step failed or a store could not be read.
    """
    from linkstar_pipelines.operations import runs
    from linkstar_pipelines.orchestration.jobs import range_tags
    from linkstar_pipelines.settings import load_settings

    today = datetime.now(UTC).date()
    begin, end = _day(first) or _day(last) or today, _day(last) or today
    tags = range_tags(begin.isoformat(), end.isoformat())
    outcome = runs.execute(runs.instance(load_settings()), "loop", title=f"The graph, {begin} to {end}", tags=tags)
    console.print(f"{outcome.checks_passed} checks passed, {len(outcome.warnings)} did not.")
    for warning in outcome.warnings:
        console.print(f"  {warning}", style="yellow", highlight=False)
    for problem in outcome.problems:
        console.print(problem, style="red", highlight=False, markup=False)
    raise typer.Exit(0 if outcome.success and not outcome.unread else 1)


@app.command()
def backfill(  # noqa: PLR0917  # options, which Typer gives by name
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of change.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of change.")],
    platform: Annotated[str | None, typer.Option(help="Only this platform.")] = None,
    store: Annotated[str | None, typer.Option(help="Only this store.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show how long it will take, and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Read days again that are proven whole.")] = False,
) -> None:
    """Read days of the past, after saying how long it will take; new orders go first. Goes on where it was ended."""
    from linkstar_pipelines.operations.backfill import backfill as run_backfill

    span = (first.date(), last.date())
    raise typer.Exit(run_backfill(console, span, platform, store, plan_only=plan, yes=yes, again=again))


@app.command()
def replay(
    platform: Annotated[str, typer.Argument(help="Marketplace, such as amazon.")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of receipt (UTC).")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of receipt (UTC).")],
    store: Annotated[str | None, typer.Option(help="Only this store.")] = None,
    stream: Annotated[str | None, typer.Option(help="Only this stream, such as orders.")] = None,
) -> None:
    """Parse the answers again that were received on some days, and make what follows. Asks no platform."""
    from linkstar_pipelines.operations.replay import replay as run_replay
    from linkstar_pipelines.schemas.platforms import PLATFORMS

    if platform not in PLATFORMS:
        raise typer.BadParameter(f"{platform} unknown; there are {', '.join(PLATFORMS)}")
    if stream is not None and stream not in PLATFORMS[platform].streams:
        raise typer.BadParameter(f"{platform} has no {stream}; it has {', '.join(PLATFORMS[platform].streams)}")
    raise typer.Exit(run_replay(console, platform, (first.date(), last.date()), store=store, stream=stream))


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None


@app.command()
def connect(
    platform: Annotated[str, typer.Argument(help="Marketplace, such as amazon.")],
    name: Annotated[str | None, typer.Option(help="Your name for the store; asked for where it is not given.")] = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A setting of the store. With any, nothing is asked."),
    ] = None,
    secrets_from_env: Annotated[
        bool, typer.Option("--secrets-from-env", help="Keep the secrets that the environment gives. Asks nothing.")
    ] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Register the store although a test failed.")] = False,
) -> None:
    """Connect a store: tells where its credentials are found, asks for them, tests them, and registers the store.

    Nothing is written when a test fails. A store that is registered already is changed.
    """
    from linkstar_pipelines.operations.connect import connect as run_connect
    from linkstar_pipelines.schemas.platforms import PLATFORMS

    if platform not in PLATFORMS:
        raise typer.BadParameter(f"{platform} unknown; there are {', '.join(PLATFORMS)}")
    pairs = [setting.partition("=") for setting in given or []]
    if wrong := [field for field, sign, _ in pairs if not sign]:
        raise typer.BadParameter(f"--set {wrong[0]}: write FIELD=VALUE")
    settings = {field: value for field, _, value in pairs}
    raise typer.Exit(
        run_connect(console, platform, name, given=settings, secrets_from_env=secrets_from_env, anyway=anyway)
    )


@app.command()
def stores() -> None:
    """List the registered stores, where each is registered, and what is missing."""
    from linkstar_pipelines.operations.connect import list_stores

    raise typer.Exit(list_stores(console))


@app.command()
def doctor() -> None:
    """Say what is up, where, in which version, and what is wrong with a remedy. Exit code 1 if something is."""
    from linkstar_pipelines.operations.doctor import run as examine

    raise typer.Exit(examine())


@app.command()
def fingerprint() -> None:
    """Show the content of every table as one number: equal numbers, equal tables."""
    from linkstar_pipelines.settings import load_settings
    from linkstar_pipelines.storage.lake import open_lake

    for name, rows, content in open_lake(load_settings()).fingerprint().iter_rows():
        console.print(f"{name:28} {rows:>12,}  {content}", highlight=False)


@imports.command("orders")
def import_orders(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or Parquet file.")],
    mapping: Annotated[Path, typer.Option(help="Mapping file, or the name of a shipped one.")],
    store: Annotated[str | None, typer.Option(help="Store the orders belong to; else the mapping's.")] = None,
) -> None:
    """Import an order file by its declared mapping. The same file twice changes nothing."""
    from linkstar_pipelines.operations.history import import_orders as run_import

    raise typer.Exit(run_import(console, file, mapping, store))


@imports.command("catalog")
def import_catalog(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or Parquet file.")],
    mapping: Annotated[str, typer.Option(help="Mapping file, or the name of a shipped one.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of the file of this name that was imported before.")
    ] = False,
) -> None:
    """Import products, kits, pairings or suppliers by a declared mapping. The same file twice changes nothing."""
    from linkstar_pipelines.operations.catalog_import import import_catalog as run_import

    raise typer.Exit(run_import(console, file, mapping, replace=replace))


@imports.command("template")
def import_template(
    kind: Annotated[str, typer.Argument(help="products, kits, pairings or suppliers.")],
    file: Annotated[Path | None, typer.Argument(help="Where to write; else linkstar_<kind>.xlsx here.")] = None,
) -> None:
    """Write the plain template of a kind of record, with a sheet that explains its columns."""
    from linkstar_pipelines.domain.products.records import KINDS
    from linkstar_pipelines.reporting.catalog_template import write_template

    if kind not in KINDS:
        raise typer.BadParameter(f"{kind} unknown; there are {', '.join(KINDS)}")
    path = write_template(kind, file or Path(f"linkstar_{kind}.xlsx"))
    console.print(f"{path}: fill it in and run `linkstar import catalog {path} --mapping linkstar_{kind}`")


@quality.command("docs")
def quality_docs(
    folder: Annotated[Path | None, typer.Option(help="Where to write; else `data-docs/` in the data folder.")] = None,
) -> None:
    """Build Great Expectations' Data Docs of every table as it is now."""
    from linkstar_pipelines.quality.docs import build_data_docs
    from linkstar_pipelines.settings import load_settings
    from linkstar_pipelines.storage.lake import open_lake

    settings = load_settings()
    console.print(f"Data Docs: {build_data_docs(open_lake(settings), folder or settings.data_dir / 'data-docs')}")


@quality.command("accept-drift")
def quality_accept_drift(
    platform: Annotated[str | None, typer.Option(help="Only this platform; else all.")] = None,
) -> None:
    """Take the payloads as they are now for known: what the checks `schema_as_known` tell of."""
    from linkstar_pipelines.schemas.platforms import PLATFORMS
    from linkstar_pipelines.settings import load_settings
    from linkstar_pipelines.storage.payload_shapes import PayloadShapes
    from linkstar_pipelines.storage.postgres import open_postgres

    if platform is not None and platform not in PLATFORMS:
        raise typer.BadParameter(f"{platform} unknown; there are {', '.join(PLATFORMS)}")
    accepted = PayloadShapes(open_postgres(load_settings())).accept(platform)
    for stream, found in accepted.items():
        console.print(f"{stream}: {found} differences accepted", highlight=False)
    console.print("The checks pass again when they are next run." if accepted else "Nothing differs.")


@quarantine.command("list")
def quarantine_list() -> None:
    """Count the rows in quarantine by table, type of reason, and reason."""
    _show_query(
        "SELECT table_name, reason_type, reason, count(*) AS rows, min(source_key) AS example FROM quality.quarantine "
        "GROUP BY ALL ORDER BY table_name, reason_type, rows DESC, reason LIMIT 200"
    )


@quarantine.command("show")
def quarantine_show(source_key: Annotated[str, typer.Argument(help="Source key, or its beginning.")]) -> None:
    """Show quarantined rows with their payload. Mend the cause and make the partition again: that replays them."""
    _show_query(
        "SELECT table_name, source_key, reason_type, reason, payload FROM quality.quarantine "
        "WHERE starts_with(source_key, ?) ORDER BY ALL LIMIT 50",
        source_key,
    )


@report.command("settlement")
def report_settlement(
    language: Annotated[str | None, typer.Option(help="en or zh; else LINKSTAR_LANGUAGE.")] = None,
) -> None:
    """Write the settlement report as XLSX and HTML."""
    import os

    from linkstar_pipelines.operations.reports import write_settlement_report
    from linkstar_pipelines.settings import load_settings

    if language is not None:
        os.environ["LINKSTAR_LANGUAGE"] = language
    for path in write_settlement_report(load_settings()):
        console.print(f"Settlement report: {path}")


@app.command()
def psql() -> None:
    """Print the connection URL of the operational database while holding it open; Enter ends."""
    from linkstar_pipelines.settings import load_settings
    from linkstar_pipelines.storage.postgres import open_postgres

    console.print(open_postgres(load_settings()).url, highlight=False)
    typer.prompt("Connect from another terminal; press Enter here when done", default="", show_default=False)


def _show_query(sql: str, *values: object) -> None:
    from rich.table import Table

    from linkstar_pipelines.settings import load_settings
    from linkstar_pipelines.storage.lake import open_lake

    frame = open_lake(load_settings()).query(sql, *values)
    if frame.is_empty():
        console.print("Nothing in quarantine.")
        return
    table = Table(*frame.columns)
    for row in frame.iter_rows():
        table.add_row(*(str(value) for value in row))
    console.print(table)


def main() -> None:
    """Entry point: errors that a person can mend are one message, not a traceback."""
    from linkstar_pipelines.operations.errors import MENDABLE

    try:
        app()
    except MENDABLE as error:
        Console(stderr=True).print(
            f"[bold red]{type(error).__name__.removesuffix('Error')}[/]: ", str(error), markup=True
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
