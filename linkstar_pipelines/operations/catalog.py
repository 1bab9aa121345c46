"""Changing the catalogue by hand: decisions written to the journal, and the tables made again from it.

Belongs here: opening the catalogue, journaling in one publication, remaking, naming what a person means.
Does not belong here: what decisions come to (`domain/products/`), the review list (`review.py`), moving in
(`migration.py`), or arguments (`cli_catalog.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import polars as pl
from rapidfuzz import fuzz, process
from rich.console import Console

from linkstar_pipelines.domain.products import catalogue
from linkstar_pipelines.domain.products.catalogue import Catalogue
from linkstar_pipelines.domain.products.decisions import BATCH, decision, effective, journal
from linkstar_pipelines.operations import runs
from linkstar_pipelines.operations.catalog_errors import CatalogError
from linkstar_pipelines.orchestration.held_orders import plan_remakes, release_tags
from linkstar_pipelines.orchestration.jobs import orders_released
from linkstar_pipelines.rules.loading import load_rules
from linkstar_pipelines.schemas.products import Listings, RawCatalogDecisions
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.lake import Lake, open_lake
from linkstar_pipelines.storage.publishing import Mode

TABLES: Final = ("core.skus", "core.kits", "core.suppliers", "core.match_proposals", "core.listing_map")
"""What decisions change."""
_CLOSE: Final = 5


@dataclass(frozen=True)
class Said:
    """Who changes the catalogue, and why."""

    by: str
    note: str | None = None


def open_catalogue(settings: Settings, *, matched: bool = True) -> Catalogue:
    """Make the catalogue as decisions and listings have it now, whether or not its tables were made since.

    Args:
        settings: The installation.
        matched: Whether listings of which nobody decided are matched; without, it is quick.
    """
    lake, rules = open_lake(settings), load_rules(settings)
    return catalogue.fold(
        lake.table(RawCatalogDecisions), lake.table(Listings), rules.matching if matched else None,
        from_codes=rules.sku_codes.make_skus,
    )  # fmt: skip


def batch_name(word: str, decisions: pl.DataFrame, content: Sequence[tuple[str, str, str]]) -> str:
    """Name a batch by what it says and by the journal that it is added to.

    The same said again after something else was decided, such as after its undoing, is another batch.

    Args:
        word: What kind of batch, such as `migration`.
        decisions: The journal.
        content: `kind`, `subject` and content of each decision.
    """
    digest = sha256("\n".join(sorted(decisions["decision_id"])).encode())
    digest.update(repr(sorted(content)).encode())
    return f"{word}:{datetime.now(UTC).date().isoformat()}:{digest.hexdigest()[:12]}"


def add(lake: Lake, rows: Sequence[dict[str, object]]) -> int:
    """Add decisions to the journal in one publication, which is one snapshot of the lake; returns how many were new."""
    return lake.publish(RawCatalogDecisions, journal(rows), mode=Mode.ADD_NEW).written


def decide(  # noqa: PLR0917  # what, and who
    console: Console,
    settings: Settings,
    present: Catalogue,
    kind: str,
    subject: str,
    content: Mapping[str, object],
    said: Said,
    *,
    run: bool,
) -> int:
    """Journal one decision, make the tables again, and tell how to undo it; returns the exit code.

    Raises:
        CatalogError: the decision cannot be followed; nothing was written.
    """
    word = "undo" if kind == "revoke" else "command"
    batch = batch_name(word, present.decisions, [(kind, subject, repr(sorted(content.items())))])
    row = decision(
        kind, subject, content, batch=batch, decided_at=datetime.now(UTC), decided_by=said.by, note=said.note
    )
    _check(settings, present, row)
    add(open_lake(settings), [row])
    console.print(f"Decided ({kind}): {subject}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"To take it back: linkstar catalog undo {row['decision_id']}", highlight=False, soft_wrap=True)
    return remade(console, settings, run=run)


def _check(settings: Settings, present: Catalogue, row: dict[str, object]) -> None:
    """Refuse a decision that would go to quarantine."""
    decisions = pl.concat([present.decisions, journal([row])])
    make_skus = load_rules(settings).sku_codes.make_skus
    after = catalogue.fold(decisions, present.listings, None, from_codes=make_skus)
    wrong = after.rejected.filter(pl.col("source_key") == f"decision/{row['decision_id']}")
    if not wrong.is_empty():
        raise CatalogError(f"Nothing was written: {wrong['reason'].item(0)}.")


def undo(console: Console, settings: Settings, subject: str, said: Said, *, run: bool) -> int:
    """Revoke a decision, by the beginning of its id, or a batch (`batch:<batch>`); returns the exit code.

    Raises:
        CatalogError: there is no such decision or batch, or nothing of it is in force.
    """
    present = open_catalogue(settings, matched=False)
    decisions = present.decisions
    named = _named(decisions, subject)
    in_force = pl.concat([effective(decisions), _standing_revokes(decisions)])
    if named.join(in_force, on="decision_id", how="semi").is_empty():
        raise CatalogError(f"{subject} is taken back already: nothing of it is in force.")
    whole = subject if subject.startswith(BATCH) else str(named["decision_id"].item())
    return decide(console, settings, present, "revoke", whole, {}, said, run=run)


def _named(decisions: pl.DataFrame, subject: str) -> pl.DataFrame:
    if subject.startswith(BATCH):
        found = decisions.filter(pl.col("batch") == subject.removeprefix(BATCH))
        if found.is_empty():
            batches = decisions["batch"].unique().sort().to_list()
            raise CatalogError(f"There is no batch {subject.removeprefix(BATCH)}.{closest(subject, batches)}")
        return found
    found = decisions.filter(pl.col("decision_id").str.starts_with(subject))
    if found.height != 1:
        many = "No decision's id begins" if found.is_empty() else f"The ids of {found.height} decisions begin"
        raise CatalogError(
            f"{many} with {subject}. `linkstar catalog show` lists decisions with their ids; a whole batch is "
            "batch:<its name>."
        )
    return found


def _standing_revokes(decisions: pl.DataFrame) -> pl.DataFrame:
    """Revokes that are not taken back themselves."""
    revokes = decisions.filter(pl.col("kind").cast(pl.String) == "revoke")
    by_id = revokes.join(revokes, left_on="decision_id", right_on="subject", how="anti")
    return by_id.filter(~pl.concat_str(pl.lit(BATCH), "batch").is_in(revokes["subject"].implode()))


def remake(console: Console, settings: Settings) -> int:
    """Make the catalogue's tables again from the journal, and the days whose order lines differ; returns the exit code.

    What the sensor `held_orders` would do within minutes, so that a person sees the effect at once.
    """
    opened = runs.instance(settings)
    made = runs.execute(opened, "loop", title="Making the catalogue again", tables=TABLES)
    if not _told(console, made):
        return 1
    plan = plan_remakes(open_lake(settings), {}, datetime.now(UTC))
    followed = True
    for release in plan.releases:
        first, last = release.days
        title = f"{release.lines:,} order lines follow, {first.isoformat()} to {last.isoformat()}"
        done = runs.execute(opened, orders_released.name, title=title, tags=release_tags(release))
        followed = _told(console, done) and followed
    return 0 if followed else 1


def _told(console: Console, outcome: runs.Outcome) -> bool:
    """Show what a run has to say; returns whether it succeeded."""
    for warning in outcome.warnings:
        console.print(f"  {warning}", style="yellow", highlight=False, markup=False)
    for problem in outcome.problems:
        console.print(problem, style="red", highlight=False, markup=False)
    return outcome.success


def remade(console: Console, settings: Settings, *, run: bool) -> int:
    """Make the tables again, or say that they follow; returns the exit code."""
    if run:
        return remake(console, settings)
    console.print("The tables follow with the next run: by themselves within minutes while `linkstar up` runs.")
    return 0


# --- what a person means -------------------------------------------------------------------------


def known_sku(present: Catalogue, name: str) -> str:
    """Return the master SKU of that name.

    Raises:
        CatalogError: there is none; the message names the closest ones.
    """
    if name in present.skus["sku"]:
        return name
    raise CatalogError(f"There is no SKU {name}.{closest(name, present.skus['sku'].to_list())}")


def known_listing(present: Catalogue, name: str) -> str:
    """Return the listing of that name, `<platform>/<store>/<listing SKU>`.

    Raises:
        CatalogError: there is none; the message names the closest ones.
    """
    names = listing_names(present.listings).unique().sort().to_list()
    if name in names:
        return name
    form = "" if name.count("/") > 1 else " A listing is named <platform>/<store>/<listing SKU>."
    raise CatalogError(f"There is no listing {name}.{form}{closest(name, names)}")


def listing_names(rows: pl.DataFrame) -> pl.Series:
    """Name the listings of rows that have `platform`, `store` and `listing_sku`."""
    return rows.select(pl.concat_str("platform", "store", "listing_sku", separator="/").alias("name")).to_series()


def closest(name: str, names: Sequence[str]) -> str:
    """Return a sentence with the names that look most like this one; empty where none does."""
    found = process.extract(name, names, scorer=fuzz.WRatio, limit=_CLOSE, score_cutoff=60)
    return f" The closest: {', '.join(match for match, _, _ in found)}." if found else ""
