"""Moving in: what records of other systems would change in the catalogue, as decisions, before anything is changed.

Belongs here: comparing cleaned records with what is decided already, which source is believed, what nobody knows.
Does not belong here: cleaning (`cleaning.py`), what decisions come to (`catalogue.py`), or files and the lake
(`operations/migration.py`).

Everything is brought to one form, a *statement*: kind, subject, field, value (JSON text of the columns that only mean
something together, such as an amount and its currency). A statement that the catalogue does not make yet is a
change. What a person decided is never changed: it is reported as kept.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from linkstar_pipelines.domain.products.catalogue import Catalogue
from linkstar_pipelines.domain.products.decisions import effective
from linkstar_pipelines.domain.products.merges import winners
from linkstar_pipelines.domain.products.spans import SINCE_EVER

BATCH: Final = "migration:"
"""How the batch of every migration begins."""

SKU_FIELDS: Final = {
    "sku": ("sku",),
    **{name: (name,) for name in ("name_en", "name_zh", "gtin", "category", "weight_g", "origin_country")},
    "size": ("length_mm", "width_mm", "height_mm"),
    "hs_code": ("hs6", "hs_extensions"),
    **{name: (name,) for name in ("declared_name_en", "declared_name_zh")},
    "declared_value": ("declared_value", "declared_currency"),
    "cost": ("cost", "cost_currency"),
    **{name: (name,) for name in ("battery", "liquid", "image_url", "lifecycle")},
}
"""Fields of a SKU, each with the columns that are taken from one source together."""
SUPPLIER_FIELDS: Final = {
    "supplier": ("supplier", "sku"),
    **{name: (name,) for name in ("name", "lead_time_days", "minimum_order", "carton_units")},
    "unit_cost": ("unit_cost", "currency"),
    "purchase_url": ("purchase_url",),
}
_KEYS: Final = {"sku": ("sku", "sku"), "supplier": ("supplier", "supplier")}
"""By kind, the field that says that the subject exists; it is no part of the decision's content."""
_FIELDS: Final = {"sku": SKU_FIELDS, "supplier": SUPPLIER_FIELDS}

ONE_UNIT: Final = "units not stated: taken as 1"
"""Note of a pairing of which nobody states how many units one listing takes."""
_STATEMENT: Final = ["kind", "subject", "field"]
_LISTING: Final = ["platform", "store", "listing_sku"]
STATEMENTS: Final = pl.Schema(dict.fromkeys([*_STATEMENT, "value", "source", "source_key", "note"], pl.String))
CHANGES: Final = pl.Schema(
    dict.fromkeys([*_STATEMENT, "what", "before", "after", "source", "source_key", "note"], pl.String)
)
"""`what` is `new`, `changed`, `kept` (a person decided otherwise) or `conflict` (sources differ); `source` is the one
that is believed, of a conflict the one that is not; `note` is what was assumed, if anything was."""
PROBLEMS: Final = pl.Schema(dict.fromkeys(["source", "source_key", "kind", "column", "value", "reason"], pl.String))


@dataclass(frozen=True)
class Plan:
    """What a migration would do.

    Attributes:
        decisions: `kind`, `subject`, `content` (JSON) of each decision, sorted.
        changes: What they change, and what is not changed because somebody says otherwise (`CHANGES`).
        problems: Records that cannot be followed, with the reason (`PROBLEMS`).
    """

    decisions: pl.DataFrame
    changes: pl.DataFrame
    problems: pl.DataFrame


def plan(
    records: Mapping[str, pl.DataFrame],
    present: Catalogue,
    *,
    order: Sequence[str],
    stores: Mapping[str, str],
    at: datetime,
) -> Plan:
    """Compare cleaned records with the catalogue.

    Args:
        records: By kind of `records.KINDS`, cleaned rows: columns of the table that they belong in, `source`,
            `source_key`.
        present: The catalogue as it is, and its journal.
        order: Sources, the most believed first: whole names (`mabang/main`) or their first parts (`file`). Those that
            are not named come last. Where sources of equal rank differ, nobody is believed.
        stores: Our name of a store by the name that a source has for it.
        at: Since when a kit is made otherwise that was known before; a new one is made so since ever.

    Returns:
        The plan; empty where the catalogue says all of it already.
    """
    winner = winners(present.skus)
    skus = _sku_statements(records["products"], records["kits"], winner)
    known = pl.concat([winner, _own(skus["subject"])]).unique("sku", keep="first")
    kits, lost_kits = _kit_statements(records["kits"], known)
    maps, lost_maps = _map_statements(records["pairings"], known, present, stores)
    suppliers, lost_suppliers = _supplier_statements(records["suppliers"], known)
    said = pl.concat([skus, kits, maps, suppliers])
    chosen, conflicts = _believed(said, order)
    changed, kept = _differing(chosen, _present_statements(present), _protected(present.decisions))
    return Plan(
        _decisions(changed, at),
        pl.concat([changed, kept, conflicts]).sort(*_STATEMENT, "what", "source"),
        pl.concat([lost_kits, lost_maps, lost_suppliers]).sort("source", "source_key", "kind"),
    )


def _own(skus: pl.Series) -> pl.DataFrame:
    return skus.unique().sort().rename("sku").to_frame().with_columns(winner="sku")


# --- what records say ----------------------------------------------------------------------------


def _sku_statements(products: pl.DataFrame, kits: pl.DataFrame, winner: pl.DataFrame) -> pl.DataFrame:
    """Fields of products. A kit is a SKU, named among the products or not; one merged into another says nothing."""
    named = kits.select("source", "source_key", sku="kit_sku").unique("sku", keep="first", maintain_order=True)
    merged = winner.filter(pl.col("sku") != pl.col("winner"))
    said = pl.concat([
        _statements("sku", products, pl.col("sku"), SKU_FIELDS),
        _statements("sku", named.join(products, on="sku", how="anti"), pl.col("sku"), {"sku": ("sku",)}),
    ])  # fmt: skip
    return said.join(merged, left_on="subject", right_on="sku", how="anti")


def _supplier_statements(suppliers: pl.DataFrame, known: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    resolved, lost = _resolved(suppliers, "sku", known, "suppliers")
    subject = pl.concat_str("supplier", "sku", separator="/")
    return _statements("supplier", resolved, subject, SUPPLIER_FIELDS), lost


def _kit_statements(kits: pl.DataFrame, known: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Compositions, whole: a kit of which a component is unknown says nothing."""
    resolved, lost = _resolved(kits, "component_sku", known, "kits")
    partial = kits.join(lost, on=["source", "source_key"]).select("source", "kit_sku").unique()
    whole = resolved.join(partial, on=["source", "kit_sku"], how="anti")
    with_winner = whole.join(known, left_on="kit_sku", right_on="sku").with_columns(kit_sku="winner")
    return _compositions(with_winner), lost


def _compositions(components: pl.DataFrame) -> pl.DataFrame:
    """One statement per source and kit: its components as a JSON object, in the order of their SKUs."""
    summed = components.group_by("source", "kit_sku", "component_sku").agg(
        pl.col("quantity").sum(), pl.col("source_key").min()
    )
    # A SKU holds no character that JSON would escape.
    entry = pl.concat_str(pl.lit('"'), "component_sku", pl.lit('": '), "quantity")
    return (
        summed.sort("source", "kit_sku", "component_sku")
        .group_by("source", "kit_sku", maintain_order=True)
        .agg(
            value=pl.concat_str(pl.lit("{"), entry.str.join(", "), pl.lit("}")),
            source_key=pl.col("source_key").first(),
        )
        .select(
            kind=pl.lit("kit"), subject="kit_sku", field=pl.lit("components"), value="value", source="source",
            source_key="source_key", note=pl.lit(None, pl.String),
        )
        .cast(STATEMENTS)
    )  # fmt: skip


def _map_statements(
    pairings: pl.DataFrame, known: pl.DataFrame, present: Catalogue, stores: Mapping[str, str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What listings sell. A pairing that names no store counts for every listing of that code.

    Sources write codes with or without the spaces around them that a platform keeps: a listing is found either way.
    """
    resolved, lost = _resolved(pairings, "sku", known, "pairings")
    wanted = resolved.with_columns(
        pl.col("platform").str.to_lowercase().alias("said_platform"),
        pl.col("store").replace(dict(stores)).alias("said_store"),
        bare=pl.col("listing_sku").str.strip_chars(),
    ).drop("platform", "store", "listing_sku")
    listings = present.listings.select(_LISTING).unique().with_columns(bare=pl.col("listing_sku").str.strip_chars())
    fits = _unsaid_or("said_platform", "platform") & _unsaid_or("said_store", "store")
    shown = wanted.join(listings, on="bare").filter(fits)
    accounts = listings.select("platform", "store", said_platform="platform", said_store="store").unique()
    # A listing that was ended is shown no more, but its orders are still there: its store alone has to be known.
    record = ["source", "source_key", "bare"]
    ended = wanted.join(shown, on=record, how="anti").join(accounts, on=["said_platform", "said_store"])
    found = pl.concat([shown, ended.with_columns(listing_sku="bare")], how="diagonal")
    unmatched = wanted.join(found, on=record, how="anti").with_columns(listing_sku="bare")
    nowhere = _problems(
        unmatched, "pairings", "listing_sku",
        pl.concat_str(
            pl.lit("no listing of this code is in your stores"),
            pl.when(pl.col("said_store").is_not_null()).then(
                pl.concat_str(pl.lit(" (the source says store `"), "said_store", pl.lit("`)"))
            ).otherwise(pl.lit("")),
        ),
    )  # fmt: skip
    statements = _units(found, present).select(
        kind=pl.lit("map"),
        subject=pl.concat_str(_LISTING, separator="/"),
        field=pl.lit("sells"),
        value=_sells(),
        source="source",
        source_key="source_key",
        note="note",
    )
    return statements.cast(STATEMENTS).sort(pl.all()), pl.concat([lost, nowhere])


def _units(found: pl.DataFrame, present: Catalogue) -> pl.DataFrame:
    """Fill in the units of pairings that do not state them.

    They are those that the other sources state of the same listing and SKU, where these agree; else those that an
    earlier migration found; else one, and the note says so. Pairings whose units were stated and cannot be read, or
    could not be told from what was sold, are no part of this: they were refused before.
    """
    sells = [*_LISTING, "sku"]
    least, most = pl.col("multiplier").min().over(sells), pl.col("multiplier").max().over(sells)
    earlier = _paired(present).select(*sells, earlier="multiplier")
    told = pl.coalesce("multiplier", pl.when(least == most).then(least), "earlier")
    return found.join(earlier, on=sells, how="left").with_columns(
        multiplier=told.fill_null(1), note=pl.when(told.is_null()).then(pl.lit(ONE_UNIT))
    )


def _unsaid_or(said: str, column: str) -> pl.Expr:
    return pl.col(said).is_null() | (pl.col(said) == pl.col(column))


def _sells() -> pl.Expr:
    return pl.concat_str(pl.lit('{"sku": "'), "sku", pl.lit('", "multiplier": '), "multiplier", pl.lit("}"))


def _resolved(rows: pl.DataFrame, column: str, known: pl.DataFrame, kind: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Put in each SKU's place the one that stands for it; rows of unknown SKUs are problems."""
    found = rows.join(known, left_on=column, right_on="sku", how="left", maintain_order="left")
    unknown = found.filter(pl.col("winner").is_null())
    reason = pl.lit("this SKU is neither in the catalogue nor among the products that come with it")
    return (
        found.filter(pl.col("winner").is_not_null()).with_columns(pl.col("winner").alias(column)).drop("winner"),
        _problems(unknown, kind, column, reason),
    )


def _problems(rows: pl.DataFrame, kind: str, column: str, reason: pl.Expr) -> pl.DataFrame:
    return rows.select(
        source="source", source_key="source_key", kind=pl.lit(kind), column=pl.lit(column), value=column, reason=reason
    ).cast(PROBLEMS)


def _statements(kind: str, rows: pl.DataFrame, subject: pl.Expr, fields: Mapping[str, tuple[str, ...]]) -> pl.DataFrame:
    """One statement per row and field that is not empty."""
    parts = [
        rows.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in columns)).select(
            kind=pl.lit(kind), subject=subject, field=pl.lit(field), value=_as_json(columns),
            source="source", source_key="source_key", note=pl.lit(None, pl.String),
        )
        for field, columns in fields.items()
        if set(columns) <= set(rows.columns)
    ]  # fmt: skip
    return pl.concat([STATEMENTS.to_frame(), *(part.cast(STATEMENTS) for part in parts)])


def _as_json(columns: Sequence[str]) -> pl.Expr:
    return pl.struct(pl.col(name).cast(pl.String) for name in columns).struct.json_encode()


# --- what is said already ------------------------------------------------------------------------


def _present_statements(present: Catalogue) -> pl.DataFrame:
    here = {"source": pl.lit("-"), "source_key": pl.lit("-")}
    decided = present.skus.filter(pl.col("source") == "decision").with_columns(**here)
    coded = present.skus.filter(pl.col("source") != "decision").with_columns(**here)
    kits = present.kits.filter(pl.col("valid_to").is_null())
    said = [
        _statements("sku", decided, pl.col("sku"), SKU_FIELDS),
        # A SKU that only follows from the code of a listing is not decided yet.
        _statements("sku", coded, pl.col("sku"), {n: c for n, c in SKU_FIELDS.items() if n != "sku"}),
        _compositions(kits.with_columns(**here)),
        _statements(
            "supplier", present.suppliers.with_columns(**here), pl.concat_str("supplier", "sku", separator="/"),
            SUPPLIER_FIELDS,
        ),
        _paired(present).select(
            kind=pl.lit("map"), subject=pl.concat_str(_LISTING, separator="/"), field=pl.lit("sells"), value=_sells(),
            **here, note=pl.lit(None, pl.String),
        ).cast(STATEMENTS),
    ]  # fmt: skip
    return pl.concat(said).select(*_STATEMENT, before="value")


def _paired(present: Catalogue) -> pl.DataFrame:
    """Rows of the listing map that a migration made."""
    always = (pl.col("valid_from") == SINCE_EVER) & pl.col("valid_to").is_null()
    return present.listing_map.filter(always & (pl.col("evidence") == "erp"))


def _protected(decisions: pl.DataFrame) -> pl.DataFrame:
    """Statements that somebody decided outside migrations: kind, subject, field."""
    theirs = effective(decisions).filter(
        ~pl.col("batch").str.starts_with(BATCH)
        & pl.col("kind").cast(pl.String).is_in(["sku", "kit", "supplier", "map"])
    )
    field_of = {kind: {c: f for f, columns in fields.items() for c in columns} for kind, fields in _FIELDS.items()}
    whole = {"kit": "components", "map": "sells"}
    rows: list[tuple[str, str, str]] = []
    # One after the other: each content is an object with keys of its own.
    for kind, subject, content in theirs.select(pl.col("kind").cast(pl.String), "subject", "content").iter_rows():
        if kind in whole:
            rows.append((kind, subject, whole[kind]))
        else:
            rows += [(kind, subject, field_of[kind][name]) for name in json.loads(content) if name in field_of[kind]]
    return pl.DataFrame(rows, schema=dict.fromkeys(_STATEMENT, pl.String), orient="row").unique()


# --- the difference ------------------------------------------------------------------------------


def _believed(said: pl.DataFrame, order: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of each subject and field, the statement of the most believed source; and the others that differ from it."""
    place = {name: number for number, name in enumerate(order)}
    rank = pl.coalesce(
        pl.col("source").replace_strict(place, default=None, return_dtype=pl.Int64),
        pl.col("source").str.split("/").list.first().replace_strict(place, default=None, return_dtype=pl.Int64),
        pl.lit(len(place)),
    )
    ranked = said.with_columns(rank=rank).sort(*_STATEMENT, "rank", "source", "source_key")
    best = ranked.filter(pl.col("rank") == pl.col("rank").min().over(_STATEMENT))
    undecided = best.filter(pl.col("value").n_unique().over(_STATEMENT) > 1)
    chosen = best.unique(_STATEMENT, keep="first", maintain_order=True).join(undecided, on=_STATEMENT, how="anti")
    against = ranked.join(chosen.select(*_STATEMENT, after="value"), on=_STATEMENT, how="left")
    conflicts = against.filter(pl.col("after").is_null() | (pl.col("after") != pl.col("value")))
    return chosen, conflicts.select(
        *_STATEMENT, what=pl.lit("conflict"), before="value", after="after", source="source", source_key="source_key",
        note="note",
    ).cast(CHANGES)  # fmt: skip


def _differing(
    chosen: pl.DataFrame, present: pl.DataFrame, protected: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Statements that would change something, and those that a person's word stands against."""
    compared = chosen.join(present, on=_STATEMENT, how="left").filter(pl.col("before").ne_missing(pl.col("value")))
    is_new = pl.col("before").is_null().all().over("kind", "subject")
    rows = compared.select(
        *_STATEMENT,
        what=pl.when(is_new).then(pl.lit("new")).otherwise(pl.lit("changed")),
        before="before",
        after="value",
        source="source",
        source_key="source_key",
        note="note",
    ).cast(CHANGES)
    kept = rows.join(protected, on=_STATEMENT, how="semi").with_columns(what=pl.lit("kept"))
    return rows.join(protected, on=_STATEMENT, how="anti"), kept


def _decisions(changed: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """One decision per subject that says all that changes of it."""
    subjects = changed.group_by("kind", "subject").agg(
        fields=pl.struct("field", "after"),
        source=pl.col("source").unique().sort().str.join(", "),
        note=pl.col("note").first(),
        since=pl.when((pl.col("what") == "changed").any()).then(pl.lit(at.isoformat())),
    )
    # One after the other: each content is an object with keys of its own.
    rows = [
        (kind, subject, json.dumps(_content(kind, fields, source, note, since), sort_keys=True, ensure_ascii=False))
        for kind, subject, fields, source, note, since in subjects.iter_rows()
    ]
    return pl.DataFrame(rows, schema=["kind", "subject", "content"], orient="row", schema_overrides={
        "kind": pl.String, "subject": pl.String, "content": pl.String,
    }).sort(pl.all())  # fmt: skip


def _content(
    kind: str, fields: Sequence[Mapping[str, str]], source: str, note: str | None, since: str | None
) -> dict[str, object]:
    values = {entry["field"]: json.loads(entry["after"]) for entry in fields}
    if kind == "kit":
        return {"components": values["components"], "valid_from": since}
    if kind == "map":
        reasons = "; ".join(filter(None, (f"paired in {source}", note)))
        evidence = {"evidence": "erp", "confidence": 1.0, "reasons": reasons}
        return {**values["sells"], "valid_from": None, "valid_to": None, **evidence}
    exists = _KEYS[kind][0]
    return {name: value for field, said in values.items() if field != exists for name, value in said.items()}
