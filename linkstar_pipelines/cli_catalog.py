"""The commands `linkstar catalog` and `linkstar migrate`.

Belongs here: arguments. Does not belong here: what a command does (`operations/`). Heavy imports wait until a command
needs them.
"""

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from linkstar_pipelines.operations.catalog import Said

catalog = typer.Typer(help="The catalogue: master SKUs, and what every listing sells.", no_args_is_help=True)
review = typer.Typer(help="The list of what waits for a person.", no_args_is_help=True)
migrate = typer.Typer(help="Move in from another system: dry run, apply, undo.", no_args_is_help=True)
catalog.add_typer(review, name="review")
console = Console()

By = Annotated[str | None, typer.Option("--by", help="Who decides; else the user of this computer.")]
Note = Annotated[str | None, typer.Option("--note", help="Why, kept with the decision.")]
NoRun = Annotated[bool, typer.Option("--no-run", help="Only write the decision down; the tables follow later.")]
From = Annotated[list[str] | None, typer.Option("--from", help="Only this source: mabang, tongtool, file. Repeatable.")]
Prefer = Annotated[
    list[str] | None, typer.Option("--prefer", help="Believe this source before the others. Repeatable.")
]


def _said(by: str | None, note: str | None = None) -> "Said":
    from linkstar_pipelines.operations.catalog import Said

    return Said(by or getpass.getuser(), note)


@catalog.command()
def show(name: Annotated[str, typer.Argument(help="SKU, or <platform>/<store>/<listing SKU>.")]) -> None:
    """Show everything known of a SKU or listing: fields, evidence, candidates, and every decision with its id."""
    from linkstar_pipelines.operations.catalog_show import show as run_show
    from linkstar_pipelines.settings import load_settings

    raise typer.Exit(run_show(console, load_settings(), name))


@catalog.command()
def search(text: Annotated[str, typer.Argument(help="Part of a code, a name, a title or a GTIN.")]) -> None:
    """Find SKUs and listings."""
    from linkstar_pipelines.operations.catalog_show import search as run_search
    from linkstar_pipelines.settings import load_settings

    raise typer.Exit(run_search(console, load_settings(), text))


@catalog.command("map")
def map_listing(  # noqa: PLR0917  # options, which Typer gives by name
    listing: Annotated[str, typer.Argument(help="<platform>/<store>/<listing SKU>.")],
    sku: Annotated[str, typer.Argument(help="Master SKU that it sells.")],
    multiplier: Annotated[int, typer.Option(min=1, help="Units of the SKU in one unit of the listing.")] = 1,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="From this UTC day on.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Until before this day.")] = None,
    by: By = None,
    note: Note = None,
    no_run: NoRun = False,
) -> None:
    """Say what a listing sells."""
    from linkstar_pipelines.operations import catalog_changes
    from linkstar_pipelines.settings import load_settings

    span = (_instant(first), _instant(last))
    said = _said(by, note)
    raise typer.Exit(
        catalog_changes.map_listing(console, load_settings(), listing, sku, multiplier, span, said, run=not no_run)
    )


@catalog.command()
def unmap(
    listing: Annotated[str, typer.Argument(help="<platform>/<store>/<listing SKU>.")],
    by: By = None,
    note: Note = None,
    no_run: NoRun = False,
) -> None:
    """Say that a listing sells nothing of ours."""
    from linkstar_pipelines.operations import catalog_changes
    from linkstar_pipelines.settings import load_settings

    said, span = _said(by, note), (None, None)
    raise typer.Exit(
        catalog_changes.map_listing(console, load_settings(), listing, None, 1, span, said, run=not no_run)
    )


@catalog.command()
def merge(
    sku: Annotated[str, typer.Argument(help="SKU that ends.")],
    into: Annotated[str, typer.Argument(help="SKU that it turned out to be.")],
    by: By = None,
    note: Note = None,
    no_run: NoRun = False,
) -> None:
    """Say that two SKUs are one product."""
    from linkstar_pipelines.operations import catalog_changes
    from linkstar_pipelines.settings import load_settings

    raise typer.Exit(catalog_changes.merge(console, load_settings(), sku, into, _said(by, note), run=not no_run))


@catalog.command("set")
def set_fields(
    sku: Annotated[str, typer.Argument(help="Master SKU; a new one is made if there is none of that name.")],
    fields: Annotated[list[str], typer.Argument(metavar="FIELD=VALUE...", help="An empty value clears the field.")],
    by: By = None,
    note: Note = None,
    no_run: NoRun = False,
) -> None:
    """Set fields of a master SKU, such as `weight_g=250 name_en="Travel kettle"`."""
    from linkstar_pipelines.operations import catalog_changes
    from linkstar_pipelines.settings import load_settings

    pairs = [field.partition("=") for field in fields]
    if wrong := [field for field, sign, _ in pairs if not sign]:
        raise typer.BadParameter(f"{wrong[0]}: write FIELD=VALUE")
    values = {field: value or None for field, _, value in pairs}
    raise typer.Exit(catalog_changes.set_fields(console, load_settings(), sku, values, _said(by, note), run=not no_run))


@catalog.command()
def undo(
    decision: Annotated[str, typer.Argument(help="Beginning of a decision's id, or batch:<name>.")],
    by: By = None,
    note: Note = None,
    no_run: NoRun = False,
) -> None:
    """Take a decision or a batch back; the tables are then as if it had never been said."""
    from linkstar_pipelines.operations.catalog import undo as run_undo
    from linkstar_pipelines.settings import load_settings

    raise typer.Exit(run_undo(console, load_settings(), decision, _said(by, note), run=not no_run))


@catalog.command()
def holds() -> None:
    """List the orders that are held because a listing in them is not mapped."""
    from linkstar_pipelines.operations.catalog_show import holds as run_holds
    from linkstar_pipelines.settings import load_settings

    raise typer.Exit(run_holds(console, load_settings()))


@catalog.command()
def proposals() -> None:
    """Show the beginning of the review list."""
    from linkstar_pipelines.operations.review import show as run_show
    from linkstar_pipelines.settings import load_settings

    raise typer.Exit(run_show(console, load_settings()))


@review.command("export")
def review_export(
    file: Annotated[Path, typer.Argument(help="Workbook to write.")] = Path("review.xlsx"),
) -> None:
    """Write the review list as a workbook to fill in."""
    from linkstar_pipelines.operations.review import export
    from linkstar_pipelines.settings import load_settings

    raise typer.Exit(export(console, load_settings(), file))


@review.command("import")
def review_import(
    file: Annotated[Path, typer.Argument(help="The workbook, filled in.")],
    by: By = None,
    note: Note = None,
    no_run: NoRun = False,
) -> None:
    """Take in a review list. Wrong cells are named and decide nothing; the same file twice changes nothing."""
    from linkstar_pipelines.operations.review import take_in
    from linkstar_pipelines.settings import load_settings

    raise typer.Exit(take_in(console, load_settings(), file, _said(by, note), run=not no_run))


@migrate.command("plan")
def migrate_plan(sources: From = None, prefer: Prefer = None) -> None:
    """Show what moving in would change, and write a report. Changes nothing."""
    from linkstar_pipelines.operations.migration import plan
    from linkstar_pipelines.settings import load_settings

    raise typer.Exit(plan(console, load_settings(), sources or [], prefer or []))


@migrate.command("apply")
def migrate_apply(
    sources: From = None, prefer: Prefer = None, by: By = None, note: Note = None, no_run: NoRun = False
) -> None:
    """Apply what the plan shows, all at once. Applying again adds nothing."""
    from linkstar_pipelines.operations.migration import apply
    from linkstar_pipelines.settings import load_settings

    raise typer.Exit(apply(console, load_settings(), sources or [], prefer or [], _said(by, note), run=not no_run))


@migrate.command("undo")
def migrate_undo(
    batch: Annotated[str, typer.Argument(help="Name of the migration, as `linkstar migrate list` shows it.")],
    by: By = None,
    note: Note = None,
    no_run: NoRun = False,
) -> None:
    """Take a migration back, all at once."""
    from linkstar_pipelines.operations.migration import undo as run_undo
    from linkstar_pipelines.settings import load_settings

    raise typer.Exit(run_undo(console, load_settings(), batch, _said(by, note), run=not no_run))


@migrate.command("list")
def migrate_list() -> None:
    """List the migrations that were applied, and which of them are in force."""
    from linkstar_pipelines.operations.migration import list_batches
    from linkstar_pipelines.settings import load_settings

    raise typer.Exit(list_batches(console, load_settings()))


def _instant(day: datetime | None) -> str | None:
    return day.replace(tzinfo=UTC).isoformat() if day is not None else None
