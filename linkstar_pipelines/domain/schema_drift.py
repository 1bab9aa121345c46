"""Schema drift: how the payloads of a stream differ from the shape that is known of them.

Belongs here: learning a shape from landing to landing, what counts as a difference, and accepting it.
Does not belong here: reading shapes (`payload_shapes.py`), or keeping them (`storage/payload_shapes.py`).

The first landing is the baseline. After it, a fact is a difference only where it means something: a new field where its
object has been seen often without it, a vanished one where its object comes often and had always held it. What is not a
difference is learned silently. A difference stays until a person accepts it, or until it is gone: the field is back, or
as many payloads have come without the new fact as would have shown it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from itertools import product
from typing import Any, Final

import polars as pl

from linkstar_pipelines.domain.payload_shapes import JUDGED, KEY, SHAPE, parent_of
from linkstar_pipelines.schemas.columns import INSTANT

FACTS: Final = pl.Schema(
    [
        *SHAPE.items(),
        ("missed", pl.Int64()),
        ("accepted", pl.Boolean()),
        ("first_seen", INSTANT),
        ("last_seen", INSTANT),
    ]
)
"""What is known of a stream: its shape with counts over all landings, how many chances to be there each fact has missed
since it was last seen (not among its `parents`), and whether it is accepted."""

OFTEN: Final = 30
"""So many chances, or so many expected sightings, before an absence means something."""
SAID_OFTEN: Final = 100
"""So many texts without a word before the word is new: one that every thirtieth text says would have shown by
then (rule of three, at 95 %)."""
_ALIKE: Final = 0.6
_MISSING: Final = pl.col("missed") * pl.col("seen") / pl.col("parents") >= OFTEN


@dataclass(frozen=True)
class Difference:
    """One difference between the payloads of a stream and the shape that is known of them.

    Attributes:
        kind: `new`, `vanished`, `renamed`, `type_changed` or `new_value`.
        path: Where.
        known: What was known, in words; empty for a new field.
        found: What is there now, masked; empty for a vanished field.
        record_id: First record that shows it; of a vanished field, the first that showed the field.
        since: When it was first seen; of a vanished field, when it was last seen.
    """

    kind: str
    path: str
    known: str
    found: str
    record_id: str
    since: datetime


def learn(facts: pl.DataFrame, shape: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Add the shape of one landing to what is known.

    Args:
        facts: What is known (`FACTS`); empty makes the landing the baseline.
        shape: Shape of the landed payloads.
        at: When they landed.
    """
    if shape.is_empty():
        return facts
    free = facts.filter(pl.col("type") == "text", pl.col("word") == "", pl.col("seen") >= JUDGED)["path"]
    free_texts = pl.col("path").is_in(list(set(free) - worded(facts))) & (pl.col("word") != "")
    fresh = shape.filter(~free_texts).join(facts, on=KEY, how="anti")
    accepted = pl.lit(value=True) if facts.is_empty() else ~_is_difference(facts)
    now = pl.lit(at).cast(INSTANT)
    added = fresh.with_columns(missed=pl.lit(0, pl.Int64), accepted=accepted, first_seen=now, last_seen=now)
    return pl.concat([_seen_again(facts, shape, now), added.select(FACTS.names())]).sort(KEY)


def accept(facts: pl.DataFrame) -> pl.DataFrame:
    """Take all differences for the way things are now: new facts become known, vanished ones are forgotten."""
    gone = {d.path for d in differences(facts) if d.kind == "vanished"}
    gone |= {d.known for d in differences(facts) if d.kind == "renamed"}
    return facts.filter(~_within(gone)).with_columns(accepted=pl.lit(value=True))


def differences(facts: pl.DataFrame) -> list[Difference]:
    """The differences that are open, by path. Of a new or vanished object only the object itself is told."""
    types, words = facts.filter(pl.col("word") == ""), facts.filter(pl.col("word") != "")
    known = types.filter("accepted")
    strange = types.filter(~pl.col("accepted"))
    holders = known.filter(pl.col("type").is_in(["object", "array"]))["path"].implode()
    new = strange.join(known, on="path", how="anti").filter(parent_of(pl.col("path")).is_in(holders))
    changed = strange.join(known, on="path", how="semi")
    missing = _missing_paths(known).join(strange, on="path", how="anti")  # a path of another type is there
    renamed = list(_renamed(missing.to_dicts(), new.to_dicts(), words))
    old_names, new_names = {difference.known for difference in renamed}, {difference.path for difference in renamed}
    vanished = missing.filter("always", ~pl.col("path").is_in(list(old_names)))
    found = [
        *renamed,
        *(_difference("new", row) for row in _by_path(new) if row["path"] not in new_names),
        *(_vanished(row) for row in vanished.to_dicts()),
        *(_difference("type_changed", row, _types(known, row["path"])) for row in changed.to_dicts()),
        *(_difference("new_value", row, _words(words, row["path"])) for row in _new_words(words).to_dicts()),
    ]
    return sorted(found, key=lambda difference: (difference.path, difference.kind, difference.found))


def worded(facts: pl.DataFrame) -> set[str]:
    """Paths known to hold words."""
    return set(facts.filter(pl.col("word") != "")["path"])


def _is_difference(facts: pl.DataFrame) -> pl.Expr:
    """Whether a fact that is not among those known means something, by how often it had the chance to be."""
    chances = _chances(facts.filter("accepted"))
    said = facts.filter("accepted", pl.col("word") != "").group_by("path").agg(pl.col("seen").sum())
    texts = dict(said.iter_rows())
    type_chances = pl.col("path").map_elements(lambda path: _nearest(path, chances), pl.Int64)
    word_chances = pl.col("path").replace_strict(texts, default=0, return_dtype=pl.Int64)
    return pl.when(pl.col("word") == "").then(type_chances >= OFTEN).otherwise(word_chances >= SAID_OFTEN)


def _chances(known: pl.DataFrame) -> dict[str, int]:
    seen = known.filter(pl.col("word") == "").group_by("path").agg(pl.col("seen").sum())
    return dict(seen.iter_rows())


def _nearest(path: str, seen: dict[str, int]) -> int:
    """How often the path itself, or the nearest object around it that is known, has been seen."""
    while path not in seen and path:
        path = path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]
    return seen.get(path, 0)


def _seen_again(facts: pl.DataFrame, shape: pl.DataFrame, now: pl.Expr) -> pl.DataFrame:
    """What was known, counted on, and without the differences that are gone."""
    again = shape.select(*KEY, seen_now="seen", parents_now="parents")
    types = shape.filter(pl.col("word") == "")
    objects = types.filter(pl.col("type") == "object").select(owner="path", objects="seen")
    texts = types.filter(pl.col("type") == "text").select("path", texts="seen")
    joined = (
        facts.with_columns(owner=parent_of(pl.col("path")))
        .join(again, on=KEY, how="left")
        .join(objects, on="owner", how="left")
        .join(texts, on="path", how="left")
        .with_columns(chances=pl.when(pl.col("word") == "").then("objects").otherwise("texts").fill_null(0))
    )
    there = pl.col("seen_now").is_not_null()
    counted = joined.with_columns(
        seen=pl.col("seen") + pl.col("seen_now").fill_null(0),
        parents=pl.when(there).then(pl.col("parents") + pl.col("missed") + pl.col("parents_now")).otherwise("parents"),
        missed=pl.when(there).then(0).otherwise(pl.col("missed") + pl.col("chances")),
        last_seen=pl.when(there).then(now).otherwise("last_seen"),
    ).select(FACTS.names())
    left = counted.filter(~_MISSING, ~pl.col("accepted"))
    gone = counted.filter(_MISSING, ~pl.col("accepted"))
    stay = {*counted.filter("accepted", pl.col("word") == "")["path"], *left["path"]}
    return counted.join(gone, on=KEY, how="anti").filter(~_within(set(gone["path"]) - stay))


def _missing_paths(known: pl.DataFrame) -> pl.DataFrame:
    """Known paths of which no type has been seen though one was to be expected; `always`: in no object it lacked."""
    return (
        known.sort("first_seen", "type")
        .group_by("path", maintain_order=True)
        .agg(
            pl.col("type", "word", "sample", "record_id").first(),
            since=pl.col("last_seen").max(),
            missing=_MISSING.all(),
            always=pl.col("seen").sum() >= pl.col("parents").max(),
        )
        .filter("missing", pl.col("path") != "")
        .sort("path")
    )


def _renamed(
    missing: Iterable[dict[str, Any]], new: Iterable[dict[str, Any]], words: pl.DataFrame
) -> Iterable[Difference]:
    """Pair what vanished with what is new beside it, of the same type and alike: each once, the most alike first."""
    pairs = [
        (_likeness(old, young, words), old, young)
        for old, young in product(list(missing), list(new))
        if old["type"] == young["type"] and _owner(old["path"]) == _owner(young["path"])
    ]
    taken: set[str] = set()
    for likeness, old, young in sorted(pairs, key=lambda pair: (-pair[0], pair[1]["path"], pair[2]["path"])):
        if likeness >= _ALIKE and not {old["path"], young["path"]} & taken:
            taken |= {old["path"], young["path"]}
            yield _difference("renamed", young, old["path"])


def _likeness(old: dict[str, Any], young: dict[str, Any], words: pl.DataFrame) -> float:
    """How alike two fields are, from 0 to 1: by their words, else by the form of a value, else by their names."""
    mine, theirs = (set(words.filter(pl.col("path") == field["path"])["word"]) for field in (old, young))
    by_words = len(mine & theirs) / len(mine | theirs) if mine and theirs else 0.0
    telling = old["type"] in {"text", "number"} and len(old["sample"]) > 2
    by_form = float(telling and old["sample"] == young["sample"])
    names = (field["path"].replace("[]", "").rpartition(".")[2].lower() for field in (old, young))
    return max(by_words, by_form, SequenceMatcher(None, *names).ratio())


def _owner(path: str) -> str:
    return path.rpartition(".")[0]


def _new_words(words: pl.DataFrame) -> pl.DataFrame:
    return words.filter(~pl.col("accepted")).join(words.filter("accepted"), on="path", how="semi")


def _by_path(rows: pl.DataFrame) -> list[dict[str, Any]]:
    return rows.sort("path", "type").unique("path", keep="first", maintain_order=True).to_dicts()


def _types(known: pl.DataFrame, path: str) -> str:
    return ", ".join(known.filter(pl.col("path") == path)["type"].sort())


def _words(words: pl.DataFrame, path: str) -> str:
    return ", ".join(words.filter("accepted", pl.col("path") == path)["word"].sort())


def _difference(kind: str, row: dict[str, Any], known: str = "") -> Difference:
    plain = row["word"] or row["sample"] in {"object", "array"}
    found = row["sample"] if plain else f"{row['type']}, such as {row['sample']}"
    return Difference(kind, row["path"], known, found, row["record_id"], row["first_seen"])


def _vanished(row: dict[str, Any]) -> Difference:
    return Difference("vanished", row["path"], row["type"], "", row["record_id"], row["since"])


def _within(paths: Iterable[str]) -> pl.Expr:
    """Whether a fact's path is one of these, or below one."""
    path = pl.col("path")
    inside = [(path == top) | path.str.starts_with(f"{top}.") | path.str.starts_with(f"{top}[") for top in paths]
    return pl.any_horizontal(pl.lit(value=False), *inside)
