"""Columns of catalogue records: which reader reads each of them, and what the rows made of them look like.

Belongs here: one function per kind of record, and the columns of its rows.
Does not belong here: how a value is read, or what rejects a row (`cleaning.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl

from linkstar_pipelines.domain.products import countries, gtins, hs_codes, units
from linkstar_pipelines.domain.products.cleaning_rules import CleaningRules
from linkstar_pipelines.domain.products.numbers import EXACT, DecimalSigns, numbers
from linkstar_pipelines.domain.products.readings import each_once, ends_trimmed, first_problem, plain, reading, steps
from linkstar_pipelines.domain.products.records import KINDS
from linkstar_pipelines.domain.sku_codes import clean_codes
from linkstar_pipelines.schemas import columns as c
from linkstar_pipelines.schemas.platforms import PLATFORMS

Readings = dict[str, pl.DataFrame]
"""Readings (`readings.py`) of all columns of a kind of record, by column."""

AMOUNTS: Final[Mapping[str, tuple[str, ...]]] = {
    "products": ("length", "width", "height", "weight", "declared_value", "cost"),
    "kits": (),
    "pairings": (),
    "suppliers": ("unit_cost",),
}
"""Columns whose numbers may have decimals: they tell the decimal sign of a source."""

_CODES: Final = ("sku", "kit_sku", "component_sku")
_WORDS: Final = {"battery": "kind of battery", "liquid": "kind of liquid", "lifecycle": "stage of life"}
_NAMES: Final = ("name_en", "name_zh", "category", "declared_name_en", "declared_name_zh", "supplier", "name", "store")
_PRODUCT_NAMES: Final = ("name_en", "name_zh")
_ADDRESSES: Final = ("image_url", "purchase_url")
_LARGEST_COUNT: Final = 10**9


@dataclass(frozen=True)
class Origin:
    """What holds for all records of one source.

    Attributes:
        name: First part of the source, such as `mabang`; names the code rule of its SKUs, as a platform does.
        signs: Its decimal signs.
        rules: The rules of cleaning.
    """

    name: str
    signs: DecimalSigns
    rules: CleaningRules


def read(kind: str, piece: pl.DataFrame, origin: Origin) -> Readings:
    """Read all columns of records.

    Args:
        kind: A key of `records.KINDS`.
        piece: Records of one source.
        origin: What holds for it.
    """
    forms = [name for name in KINDS[kind] if name not in {"source", "source_key"}]
    found = {name: _first_form(name, piece[name], origin) for name in forms}
    texts = {name: form["value"] for name, form in found.items()}
    read_further = _FURTHER[kind](texts, origin)
    return {name: _after(found[name], read_further[name]) if name in read_further else found[name] for name in forms}


def rows_of(kind: str, readings: Readings, rules: CleaningRules) -> pl.DataFrame:
    """Return rows of the columns of the target table that the kind of record tells."""
    values = pl.DataFrame({name: reading["value"] for name, reading in readings.items()})
    return values.select(_ROWS[kind](rules))


def _first_form(name: str, text: pl.Series, origin: Origin) -> pl.DataFrame:
    """Read codes and platform codes whole; take from all other text what only looks."""
    if name in _CODES:
        return _codes(text, origin)
    if name == "listing_sku":
        return ends_trimmed(text)
    terms = origin.rules.terms
    if name in _WORDS:
        spoken = {word for listed in getattr(terms, name).values() for word in listed} | set(getattr(terms, name))
        return each_once(partial(plain, empty=set(terms.empty) - spoken), text)
    return each_once(partial(plain, empty=terms.empty, names=name in _NAMES), text)


def _after(first: pl.DataFrame, then: pl.DataFrame) -> pl.DataFrame:
    both = pl.concat_str("first", "step", separator="+", ignore_nulls=True).replace("", None)
    return (
        then.with_columns(first=first["step"])
        .with_columns(step=pl.when(pl.col("problem").is_null()).then(both))
        .drop("first")
    )


def _products(texts: Mapping[str, pl.Series], origin: Origin) -> Readings:
    terms = origin.rules.terms
    readers: dict[str, Callable[..., pl.DataFrame]] = {
        "gtin": gtins.gtins,
        "hs_code": partial(hs_codes.hs_codes, subheadings=origin.rules.subheadings),
        "origin_country": partial(countries.countries, aliases=terms.countries),
        "image_url": _addresses,
        "length_unit": partial(units.words, meanings=terms.length_units, what="unit of length"),
        "weight_unit": partial(units.words, meanings=terms.weight_units, what="unit of weight"),
        **{name: partial(_names, notes=terms.notes) for name in _PRODUCT_NAMES},
        **{name: partial(units.words, meanings=getattr(terms, name), what=what) for name, what in _WORDS.items()},
    }
    further = {name: each_once(reader, texts[name]) for name, reader in readers.items()}
    further |= _sides(texts, further["length_unit"]["value"], origin)
    weights = partial(units.measures, signs=origin.signs, factors=units.WEIGHTS, names=terms.weight_units)
    further["weight"] = each_once(weights, texts["weight"], further["weight_unit"]["value"])
    declared = _money(texts, "declared_value", "declared_currency", origin)
    return further | declared | _money(texts, "cost", "cost_currency", origin)


def _kits(texts: Mapping[str, pl.Series], origin: Origin) -> Readings:
    return {"quantity": each_once(partial(_counts, origin=origin, least=1), texts["quantity"])}


def _pairings(texts: Mapping[str, pl.Series], origin: Origin) -> Readings:
    names = {platform.title.lower(): name for name, platform in PLATFORMS.items()}
    aliases = names | origin.rules.terms.platforms
    lists = {name: [alias for alias, meant in aliases.items() if meant == name] for name in PLATFORMS}
    return {
        "platform": each_once(
            partial(units.words, meanings=lists | {"import": []}, what="platform"), texts["platform"]
        ),
        "multiplier": each_once(partial(_counts, origin=origin, least=1), texts["multiplier"]),
    }


def _suppliers(texts: Mapping[str, pl.Series], origin: Origin) -> Readings:
    return {
        "lead_time_days": each_once(partial(_counts, origin=origin, least=0), texts["lead_time_days"]),
        "minimum_order": each_once(partial(_counts, origin=origin, least=1), texts["minimum_order"]),
        "carton_units": each_once(partial(_counts, origin=origin, least=1), texts["carton_units"]),
        "purchase_url": _addresses(texts["purchase_url"]),
    } | _money(texts, "unit_cost", "currency", origin)


_FURTHER: Final[Mapping[str, Callable[[Mapping[str, pl.Series], Origin], Readings]]] = {
    "products": _products, "kits": _kits, "pairings": _pairings, "suppliers": _suppliers,
}  # fmt: skip


def _codes(text: pl.Series, origin: Origin) -> pl.DataFrame:
    """Read SKUs by the code rule of the origin; a blank one is none."""
    cleaned = pl.col("cleaned").struct
    frame = text.to_frame("text").with_columns(cleaned=clean_codes(pl.col("text"), origin.rules.codes, origin.name))
    # The column and the code stand before the problem anyway.
    reason = cleaned.field("reason").str.strip_prefix(pl.concat_str(pl.lit("code `"), "text", pl.lit("` ")))
    blank = pl.col("text").fill_null("").str.strip_chars() == ""
    step = pl.when(cleaned.field("cleaning") != "none").then(cleaned.field("cleaning"))
    return reading(frame, cleaned.field("sku"), step=step, problem=pl.when(~blank).then(reason))


def _names(text: pl.Series, notes: tuple[str, ...]) -> pl.DataFrame:
    typed = pl.col("text")
    problem = first_problem(
        ("is a note of the warehouse, no name", typed.str.to_lowercase().is_in(list(notes))),
        ("has no letter", ~typed.str.contains(r"\p{L}")),
    )
    return reading(text.to_frame("text"), typed, problem=problem)


def _addresses(text: pl.Series) -> pl.DataFrame:
    wrong = (
        "is no address of the web; it begins with https://",
        ~pl.col("text").str.contains(r"(?i)^https?://[^\s/]+\S*$"),
    )
    return reading(text.to_frame("text"), pl.col("text"), problem=first_problem(wrong))


def _counts(text: pl.Series, origin: Origin, *, least: int) -> pl.DataFrame:
    """Read whole numbers of at least `least`; a word of counting behind them changes nothing."""
    behind = (
        pl.col("text")
        .str.extract(r"^[^\pL]*?\d\s*(\pL+)$")
        .str.to_lowercase()
        .is_in(list(origin.rules.terms.count_words))
    )
    number = pl.when(behind).then(pl.col("text").str.replace(r"\s*\pL+$", "")).otherwise("text")
    frame = text.to_frame("text").with_columns(number=number)
    known = numbers(frame["number"], DecimalSigns(dot=True, comma=False))
    frame = frame.with_columns(known["value"], unreadable=known["problem"])
    whole = pl.col("value").cast(pl.Int64, strict=False)
    problem = first_problem(
        (pl.col("unreadable"), pl.col("unreadable").is_not_null()),
        ("is no whole number", whole.cast(EXACT) != pl.col("value")),
        (f"is less than {least}", whole < least),
        ("is too large to be true", whole > _LARGEST_COUNT),
    )
    done = steps(
        ("word", pl.col("number") != pl.col("text")),
        ("digits", (pl.col("number") == pl.col("text")) & (whole.cast(pl.String) != pl.col("text"))),
    )
    return reading(frame, whole, step=done, problem=problem)


def _money(texts: Mapping[str, pl.Series], amount: str, currency: str, origin: Origin) -> Readings:
    """Read an amount and its currency, which may stand in the cell of the amount."""
    aliases = origin.rules.terms.currencies
    column = each_once(partial(countries.currencies, aliases=aliases), texts[currency])
    amounts = partial(countries.amounts, signs=origin.signs, aliases=aliases)
    read_amount = each_once(amounts, texts[amount], column["value"])
    moved = read_amount["value"].is_not_null() & column["value"].is_null()
    taken = column.with_columns(
        value=pl.when(moved).then(read_amount["currency"]).otherwise("value"),
        step=pl.when(moved & pl.col("problem").is_null()).then(pl.lit("split")).otherwise("step"),
    )
    return {amount: read_amount.drop("currency"), currency: taken}


def _sides(texts: Mapping[str, pl.Series], unit: pl.Series, origin: Origin) -> Readings:
    """Read the three sides, the longest first."""
    cells = units.sides(texts["length"], texts["width"], texts["height"])
    names = ("length", "width", "height")
    terms = origin.rules.terms
    lengths = partial(units.measures, signs=origin.signs, factors=units.LENGTHS, names=terms.length_units)
    read_sides = {name: each_once(lengths, cells[name], unit) for name in names}
    values = pl.DataFrame({name: side["value"] for name, side in read_sides.items()})
    longest, shortest = pl.max_horizontal(names), pl.min_horizontal(names)
    ordered = values.with_columns(complete=~pl.any_horizontal(pl.col(names).is_null())).select(
        length=pl.when("complete").then(longest).otherwise("length"),
        width=pl.when("complete").then(pl.sum_horizontal(names) - longest - shortest).otherwise("width"),
        height=pl.when("complete").then(shortest).otherwise("height"),
    )
    return {
        name: side.with_columns(ordered=ordered[name], split=cells["split"]).select(
            value=pl.col("ordered"),
            step=pl.concat_str(
                pl.when(pl.col("split") & pl.col("problem").is_null()).then(pl.lit("split")),
                "step",
                pl.when(pl.col("ordered") != pl.col("value")).then(pl.lit("order")),
                separator="+", ignore_nulls=True,
            ).replace("", None),
            problem="problem",
        )
        for name, side in read_sides.items()
    }  # fmt: skip


def _product_row(rules: CleaningRules) -> list[pl.Expr]:
    national = pl.col("hs_code").str.len_bytes() > 6
    return [
        pl.col("sku", "name_en", "name_zh", "gtin", "category"),
        *(pl.col(name).cast(pl.Int64).alias(f"{name}_mm") for name in ("length", "width", "height")),
        pl.col("weight").cast(pl.Int64).alias("weight_g"),
        pl.col("hs_code").str.slice(0, 6).alias("hs6"),
        pl.when(national)
        .then(pl.format(f'{{{{"{rules.terms.hs_country}":"{{}}"}}}}', "hs_code"))
        .alias("hs_extensions"),
        pl.col("origin_country", "declared_name_en", "declared_name_zh"),
        pl.col("declared_value").cast(c.MONEY),
        pl.col("declared_currency", "battery", "liquid"),
        pl.col("cost").cast(c.MONEY),
        pl.col("cost_currency", "image_url", "lifecycle"),
    ]


def _same_row(_: CleaningRules) -> list[pl.Expr]:
    return [pl.all()]


_ROWS: Final[Mapping[str, Callable[[CleaningRules], list[pl.Expr]]]] = {
    "products": _product_row,
    "kits": _same_row,
    "pairings": _same_row,
    "suppliers": _same_row,
}
