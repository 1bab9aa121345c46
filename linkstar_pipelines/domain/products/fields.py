"""Fields that decisions give to a thing, such as a SKU: read, held to the table's rules, and the latest word of each.

Belongs here: turning the contents of decisions into typed columns, field by field.
Does not belong here: which things there are and what else happens to them (`skus.py`, `suppliers.py`).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

import dataframely as dy
import polars as pl
from pydantic import JsonValue, RootModel

from linkstar_pipelines.domain.products.decisions import contents, refused
from linkstar_pipelines.domain.quarantine import describe

_AMOUNT: Final = r"^-?\d{1,14}(\.\d{1,4}0*)?$"
_SAID: Final = pl.Schema({"decision_id": pl.String, "field": pl.String, "value": pl.String})


class _Content(RootModel[dict[str, JsonValue]]):
    """Any fields."""


def fold(
    said: pl.DataFrame, key: Sequence[str], columns: Mapping[str, dy.Column], currencies: Mapping[str, str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Let the latest decision win, field by field. A null clears a field; what is not named stays as it was.

    A decision that names an unknown field, or gives one a value that breaks the table's rules, is refused as a whole
    and changes nothing; so is one after which an amount would be without its currency.

    Args:
        said: Columns of `RawCatalogDecisions` and the key; the one that counts most last.
        key: Columns that name the thing.
        columns: The fields, with their rules.
        currencies: Fields that are amounts, with the fields of their currencies.

    Returns:
        One row per thing that a valid decision is about: the key and all fields (null where nothing is said); and the
        refused decisions.
    """
    words, unreadable = _words(said)
    problems = pl.concat([unreadable, *_problems(words, columns)])
    while True:
        good = said.with_row_index("place").join(problems, on="decision_id", how="anti")
        latest = _latest(good, words, key)
        rows = _typed(good.select(key).unique().sort(key), latest, key, columns)
        lacking = [_without_currency(rows, latest, key, *pair) for pair in currencies.items()]
        if all(found.is_empty() for found in lacking):
            break
        problems = pl.concat([problems, *lacking])
    why = problems.group_by("decision_id").agg(pl.col("reason").sort().str.join("; "))
    return rows, refused(said.join(why, on="decision_id", maintain_order="left"))


def _words(said: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What each decision says of each field, as text; and the decisions that cannot be read."""
    rows: list[tuple[str, str, str | None]] = []
    unreadable: list[tuple[str, str]] = []
    for row, content in contents(said, _Content):
        if isinstance(content, str):
            unreadable.append((row["decision_id"], content))
        else:
            rows += [(row["decision_id"], field, _text(value)) for field, value in content.root.items()]
    return pl.DataFrame(rows, schema=_SAID, orient="row"), _reasons(unreadable)


def _text(value: JsonValue) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
        case dict() | list():
            return json.dumps(value, sort_keys=True, ensure_ascii=False)
        case _:
            return str(value)


def _reasons(rows: Sequence[tuple[str, str]] = ()) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"decision_id": pl.String, "reason": pl.String}, orient="row")


def _problems(words: pl.DataFrame, columns: Mapping[str, dy.Column]) -> list[pl.DataFrame]:
    """Reasons to refuse decisions: fields that there are not, and values that break a rule of their column."""
    unknown = words.filter(~pl.col("field").is_in(list(columns))).select(
        "decision_id", reason=pl.concat_str(pl.lit("`"), "field", pl.lit("` is no field of it"))
    )
    found = [unknown]
    for name, column in columns.items():
        given = words.filter((pl.col("field") == name) & pl.col("value").is_not_null())
        typed = given.with_columns(_cast(column).alias(name))
        rules = {k: rule for k, rule in column.validation_rules(pl.col(name)).items() if k != "nullability"}
        broken = [
            *([(pl.col(name).is_null(), f"is no {_form(column)}")]),
            *((~rule, describe(f"{name}|{kind}").removeprefix(f"{name} ")) for kind, rule in rules.items()),
        ]
        for rule, words_of_it in broken:
            wrong = pl.concat_str(pl.lit(f"{name} `"), "value", pl.lit(f"` {words_of_it}"))
            found.append(typed.filter(rule.fill_null(value=False)).select("decision_id", reason=wrong))
    return found


def _cast(column: dy.Column) -> pl.Expr:
    value = pl.col("value")
    match column:
        case dy.Bool():
            return pl.when(value.is_in(["true", "false"])).then(value == "true")
        case dy.Decimal():
            return pl.when(value.str.contains(_AMOUNT)).then(value).cast(column.dtype, strict=False)
        case _:
            return value.cast(column.dtype, strict=False)


def _form(column: dy.Column) -> str:
    match column:
        case dy.Enum():
            return f"word of {', '.join(column.categories)}"
        case dy.Bool():
            return "`true` or `false`"
        case dy.Decimal():
            return "amount with at most four decimals"
        case _:
            return "whole number"


def _latest(good: pl.DataFrame, words: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Which decision has the last word on each field, and the word: the key, `field`, `value`, `decision_id`."""
    spoken = good.select(*key, "place", "decision_id").join(words, on="decision_id")
    return spoken.sort("place").unique([*key, "field"], keep="last").drop("place")


def _typed(
    things: pl.DataFrame, latest: pl.DataFrame, key: Sequence[str], columns: Mapping[str, dy.Column]
) -> pl.DataFrame:
    wide = latest.pivot(on="field", index=list(key), values="value") if latest.height else latest.select(key)
    absent = [pl.lit(None, pl.String).alias(name) for name in columns if name not in wide.columns]
    rows = things.join(wide.with_columns(absent), on=list(key), how="left", maintain_order="left")
    typed = [rows.select(value=name).select(_cast(column).alias(name)) for name, column in columns.items()]
    return pl.concat([rows.select(key), *typed], how="horizontal")


def _without_currency(
    rows: pl.DataFrame, latest: pl.DataFrame, key: Sequence[str], amount: str, currency: str
) -> pl.DataFrame:
    """The decisions to blame for amounts without currency: who cleared the currency, else who gave the amount."""
    bare = rows.filter(pl.col(amount).is_not_null() & pl.col(currency).is_null()).select(key)
    to_blame = latest.filter(pl.col("field").is_in([amount, currency])).join(bare, on=list(key), how="semi")
    cleared_first = to_blame.sort(pl.col("field") == amount).unique(list(key), keep="first", maintain_order=True)
    return cleared_first.select("decision_id", reason=pl.lit(f"{amount} would be without its {currency}"))
