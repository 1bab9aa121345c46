"""Looking things up in the catalogue: all that is known of a SKU or listing, search, held orders.

Belongs here: queries over the catalogue's tables and how they are shown. Does not belong here: changing anything.
"""

from typing import Final

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from linkstar_pipelines.domain.products.decisions import effective
from linkstar_pipelines.operations.catalog import closest
from linkstar_pipelines.operations.catalog_errors import CatalogError
from linkstar_pipelines.operations.holds import held_orders
from linkstar_pipelines.schemas.products import RawCatalogDecisions
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.lake import Lake, open_lake

_SHOWN: Final = 50


def show(console: Console, settings: Settings, name: str) -> int:
    """Show what the tables say of a SKU or listing, and every decision about it; returns the exit code.

    Raises:
        CatalogError: there is neither a SKU nor a listing of that name.
    """
    lake = open_lake(settings)
    sku = lake.query("SELECT * FROM core.skus WHERE sku = ?", name)
    listing = lake.query(
        "SELECT * FROM core.listings WHERE concat_ws('/', platform, store, listing_sku) = ? ORDER BY marketplace_id",
        name,
    )
    decisions = _decisions(lake, name)
    if sku.is_empty() and listing.is_empty() and decisions.is_empty():
        raise CatalogError(f"There is neither a SKU nor a listing {name}.{closest(name, _names(lake))}")
    for row in (*sku.to_dicts(), *listing.to_dicts()):
        for field, value in row.items():
            if value is not None:
                console.print(f"{field:20} {value}", highlight=False, markup=False)
    _table(console, "sells", lake.query(
        "SELECT sku, multiplier, valid_from, valid_to, evidence, confidence, reasons, approved_by "
        "FROM core.listing_map WHERE concat_ws('/', platform, store, listing_sku) = ? ORDER BY valid_from", name,
    ))  # fmt: skip
    _table(console, "sold by", lake.query(
        "SELECT concat_ws('/', platform, store, listing_sku) AS listing, multiplier, valid_from, valid_to, "
        "evidence, approved_by "
        "FROM core.listing_map WHERE sku = ? ORDER BY ALL", name,
    ))  # fmt: skip
    _table(console, "made of", lake.query(
        "SELECT component_sku, quantity, valid_from, valid_to FROM core.kits WHERE kit_sku = ? ORDER BY ALL", name
    ))  # fmt: skip
    _table(
        console,
        "delivered by",
        lake.query("SELECT * EXCLUDE (sku) FROM core.suppliers WHERE sku = ? ORDER BY ALL", name),
    )
    _table(console, "candidates", lake.query(
        "SELECT candidate_sku, score, verdict, evidence, reasons FROM core.match_proposals WHERE subject = ? "
        "ORDER BY rank", name,
    ))  # fmt: skip
    _history(console, decisions)
    return 0


def _history(console: Console, decisions: pl.DataFrame) -> None:
    """Print decisions, the earliest first, each with what it takes to undo it."""
    for row in decisions.iter_rows(named=True):
        words = (
            f"{row['decided_at']:%Y-%m-%d %H:%M} {row['decided_by']}: {row['kind']}, {row['state']} ({row['batch']})"
        )
        because = f"  because: {row['note']}" if row["note"] else ""
        for line in (words, f"  {row['content']}{because}", f"  linkstar catalog undo {row['id']}"):
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _decisions(lake: Lake, name: str) -> pl.DataFrame:
    """Decisions about a thing, or that name it, with their ids and whether they are in force."""
    decisions = lake.table(RawCatalogDecisions)
    in_force = effective(decisions)["decision_id"]
    about = (pl.col("subject") == name) | pl.col("content").str.contains(f'"{name}"', literal=True)
    of_supplier = (pl.col("kind").cast(pl.String) == "supplier") & pl.col("subject").str.ends_with(f"/{name}")
    return decisions.filter(about | of_supplier).sort("decided_at", "decision_id").select(
        pl.col("decision_id").str.slice(0, 12).alias("id"),
        "kind",
        "content",
        "decided_at",
        "decided_by",
        "note",
        "batch",
        state=pl.when(pl.col("decision_id").is_in(in_force.implode())).then(pl.lit("in force")).otherwise(
            pl.lit("taken back")
        ),
    )  # fmt: skip


def _names(lake: Lake) -> list[str]:
    names = lake.query(
        "SELECT sku AS name FROM core.skus UNION "
        "SELECT concat_ws('/', platform, store, listing_sku) FROM core.listings ORDER BY name"
    )
    return names["name"].to_list()


def search(console: Console, settings: Settings, text: str) -> int:
    """Find SKUs and listings by a part of any of their names; returns the exit code, 1 if there are none."""
    found = open_lake(settings).query(
        "SELECT sku AS name, 'SKU' AS what, coalesce(name_en, name_zh) AS title, merged_into AS sku FROM core.skus "
        "WHERE contains(lower(concat_ws(' ', sku, name_en, name_zh, gtin)), lower(?)) UNION ALL "
        "SELECT DISTINCT concat_ws('/', platform, store, listing_sku), 'listing', title, m.sku FROM core.listings l "
        "LEFT JOIN core.listing_map m USING (platform, store, listing_sku) "
        "WHERE m.valid_to IS NULL "
        "AND contains(lower(concat_ws(' ', listing_sku, code, title, gtin, asin)), lower(?)) "
        "ORDER BY 2 DESC, 1 LIMIT ?",
        text, text, _SHOWN,
    )  # fmt: skip
    if found.is_empty():
        console.print(f"Nothing holds {text}.", highlight=False, markup=False)
        return 1
    _table(console, "found", found)
    return 0


def holds(console: Console, settings: Settings) -> int:
    """Show the orders that wait for a listing to be mapped; returns the exit code."""
    rows = held_orders(open_lake(settings))
    if rows.is_empty():
        console.print("No order is held.")
        return 0
    _table(console, "held orders", rows.head(_SHOWN))
    console.print(f"{rows.height:,} orders are held. `linkstar catalog map` a listing: its orders go on by themselves.")
    return 0


def _table(console: Console, title: str, rows: pl.DataFrame) -> None:
    if rows.is_empty():
        return
    table = Table(*rows.columns, title=title, title_justify="left")
    for row in rows.iter_rows():
        # What platforms and files say is text, never the markup of this terminal.
        table.add_row(*("" if value is None else escape(str(value)) for value in row))
    console.print(table)
