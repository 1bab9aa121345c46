"""The decisions that a command makes: mapping a listing, merging SKUs, setting fields.

Belongs here: what a person named, and the content of the decision. Does not belong here: journaling (`catalog.py`), or
what decisions come to (`domain/products/`).
"""

from collections.abc import Mapping

from rich.console import Console

from linkstar_pipelines.operations.catalog import Said, decide, known_listing, known_sku, open_catalogue
from linkstar_pipelines.settings import Settings


def map_listing(  # noqa: PLR0917  # what, and who
    console: Console,
    settings: Settings,
    listing: str,
    sku: str | None,
    multiplier: int,
    span: tuple[str | None, str | None],
    said: Said,
    *,
    run: bool,
) -> int:
    """Say what a listing sells, from and to instants (ISO; None is since ever, until further notice).

    Args:
        console: Where the person reads.
        settings: The installation.
        listing: `<platform>/<store>/<listing SKU>`.
        sku: Master SKU; None where it sells nothing of ours.
        multiplier: Units of the SKU in one unit of the listing.
        span: First instant, and first instant after it.
        said: Who, and why.
        run: Whether the tables are made at once.

    Returns:
        The exit code.

    Raises:
        CatalogError: there is no such listing or SKU, or the span ends before it begins.
    """
    present = open_catalogue(settings, matched=False)
    content = {
        "sku": None if sku is None else known_sku(present, sku),
        "multiplier": multiplier,
        "valid_from": span[0],
        "valid_to": span[1],
        "evidence": "person",
        "confidence": 1.0,
        "reasons": said.note or f"said so by {said.by}",
    }
    return decide(console, settings, present, "map", known_listing(present, listing), content, said, run=run)


def merge(console: Console, settings: Settings, sku: str, into: str, said: Said, *, run: bool) -> int:
    """Say that a SKU turned out to be another; returns the exit code.

    Raises:
        CatalogError: one of them does not exist, or they are one already.
    """
    present = open_catalogue(settings, matched=False)
    content = {"into": known_sku(present, into)}
    return decide(console, settings, present, "merge", known_sku(present, sku), content, said, run=run)


def set_fields(
    console: Console, settings: Settings, sku: str, fields: Mapping[str, str | None], said: Said, *, run: bool
) -> int:
    """Set fields of a master SKU, or make one; None clears a field. Returns the exit code.

    Raises:
        CatalogError: a field is unknown, or its value breaks the table's rules.
    """
    present = open_catalogue(settings, matched=False)
    if sku not in present.skus["sku"]:
        console.print(f"{sku} is a new SKU.", highlight=False, markup=False)
    return decide(console, settings, present, "sku", sku, fields, said, run=run)
