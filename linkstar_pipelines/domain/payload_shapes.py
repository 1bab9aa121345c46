"""Shapes of payloads: which fields there are, of which JSON type, and the words of those that hold few.

Belongs here: reading the shape of many payloads at once.
Does not belong here: comparing a shape with what is known (`schema_drift.py`), keeping it
(`storage/payload_shapes.py`), or what a field means (`connectors/`).

A shape is a frame of facts, one row each. A path names its place: `orderItems[].product.price` is the field `price` in
the object `product` of every element of `orderItems`; the payload itself is the empty path. JSON's null is taken for an
absent value. What a shape shows of values is safe to keep and to show: words of a few fields that hold nothing else
(`SHIPPED`), and otherwise the form of a value alone (`AA-999`).
"""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any, Final

import duckdb
import polars as pl

SHAPE: Final = pl.Schema(
    {"path": pl.String, "type": pl.String, "word": pl.String, "seen": pl.Int64, "parents": pl.Int64,
     "record_id": pl.String, "sample": pl.String}
)  # fmt: skip
"""Columns of a shape.

`type` is object, array, text, number or boolean. `word` is empty in the row that tells of the type itself; the words of
a text have a row each. `seen` counts values, `parents` the places where one could have been (objects, elements, texts).
`record_id` is the first record that holds it, `sample` how such a value looks, masked.
"""

KEY: Final = ["path", "type", "word"]

_FIELD: Final = re.compile(r"[A-Za-z_](?!.*\d{4})[\w-]{0,59}")  # other names are data: ids, mail addresses
_WORD: Final = r"^[A-Za-z](?:[A-Za-z]|[_-]?[0-9]{1,2}(?:[_-]|$)|[_-]){0,39}$"
_MOST_WORDS: Final = 30
_TEXTS_PER_WORD: Final = 10
_FEWEST_TEXTS: Final = 50
JUDGED: Final = _MOST_WORDS * _TEXTS_PER_WORD
"""After so many texts without words, a path holds none: a later landing of few different texts shows nothing."""
_LONGEST_SAMPLE: Final = 40

_PERSONS: Final = frozenset({
    "address", "attention", "buyer", "city", "contact", "consignee", "customer", "email", "fax", "first",
    "last", "mail", "message", "mobile", "name", "note", "person", "phone", "receiver", "recipient", "remark",
    "sender", "street", "town", "user",
})  # fmt: skip
_DATA: Final = frozenset({
    "amount", "asin", "barcode", "brand", "carrier", "color", "comment", "country", "currency", "date",
    "description", "ean", "gtin", "id", "ids", "image", "key", "language", "link", "locale", "location",
    "model", "number", "postal", "postcode", "province", "region", "secret", "signature", "size", "sku",
    "tag", "tags", "text", "time", "title", "token", "tracking", "upc", "url", "value", "vendor", "version",
    "zip",
})  # fmt: skip
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_KINDS: Final = {"BOOLEAN": "boolean", "VARCHAR": "text"}
_LEADS: Final = {"{": "object", "[": "array", '"': "text", "t": "boolean", "f": "boolean"}


def shape(payloads: pl.DataFrame, worded: Collection[str] = frozenset()) -> pl.DataFrame:
    """Read the shape of payloads. It does not depend on their order.

    Args:
        payloads: Columns `record_id` and `payload` (JSON text); what is no JSON is left out.
        worded: Paths known to hold words: theirs are told however few there are. Elsewhere a text counts as words
            where many values show few different ones, each short and of letters, and the name of the field promises
            no person, code or number.

    Returns:
        A frame as `SHAPE`, sorted.
    """
    rows = payloads.sort("record_id", "payload").select("record_id", value="payload")
    facts = pl.DataFrame(list(_of_texts(rows, "", rows.height, worded)), schema=SHAPE, orient="row")
    return (
        facts.group_by(KEY)
        .agg(pl.col("seen", "parents").sum(), pl.col("record_id", "sample").sort_by("record_id", "sample").first())
        .sort(KEY)
    )


def words_at(payloads: pl.DataFrame, paths: Collection[str]) -> pl.DataFrame:
    """Read the words at some paths only, as rows of a shape: much cheaper than the whole shape.

    Args:
        payloads: As for `shape`.
        paths: Paths known to hold words.
    """
    rows = payloads.sort("record_id", "payload").select("record_id", value="payload")
    structure = _structure_of(paths)
    with _memory().cursor() as connection:
        connection.register("rows", rows.to_arrow())
        transformed = "SELECT record_id, json_transform(TRY_CAST(value AS JSON), ?) AS value FROM rows"
        read = connection.execute(transformed, [json.dumps(structure)]).pl() if structure else rows.clear()
    facts = [fact for fact in _of_values(read, structure, "", read.height, paths) if fact[2]]
    return pl.DataFrame(facts, schema=SHAPE, orient="row").sort(KEY)


def parent_of(path: pl.Expr) -> pl.Expr:
    """The path of the object or array in which a path's values stand."""
    return path.str.replace(r"(?:\[\]|\.?[^.\[\]]+)$", "")


def holds_states(path: pl.Expr) -> pl.Expr:
    """Whether a path may tell a state: what becomes of an order must be seen in every payload, not in a sample."""
    return path.str.to_lowercase().str.contains(r"(?:status|state|financial|fulfil+ment)[^.]*$")


_Fact = tuple[str, str, str, int, int, str, str]


def _of_texts(rows: pl.DataFrame, path: str, parents: int, worded: Collection[str]) -> Iterator[_Fact]:
    """Facts of JSON texts at a path: one pass finds the structure that fits them all, one reads them with it."""
    with _memory().cursor() as connection:
        connection.register("rows", rows.to_arrow())
        connection.execute("CREATE TEMP TABLE texts AS SELECT record_id, TRY_CAST(value AS JSON) AS value FROM rows")
        (found,) = connection.execute("SELECT json_group_structure(value)::VARCHAR FROM texts").fetchall()[0]
        structure = _one_case(json.loads(found)) if found is not None else "NULL"
        transformed = "SELECT record_id, json_transform(value, ?) AS value FROM texts"
        read = connection.execute(transformed, [json.dumps(structure)]).pl()
    yield from _of_values(read, structure, path, parents, worded)


def _of_values(rows: pl.DataFrame, structure: Any, path: str, parents: int, worded: Collection[str]) -> Iterator[_Fact]:
    """Facts of values at a path and of all that they hold; walks the structure, never the rows."""
    if rows["value"].null_count():  # filtering copies all that is nested
        rows = rows.drop_nulls("value")
    if rows.is_empty():
        return
    first, value = rows["record_id"][0], rows["value"]
    if isinstance(structure, dict):
        yield path, "object", "", rows.height, parents, first, "object"
        for name, inner in structure.items():
            held = rows.select("record_id", value=pl.col("value").struct.field(name))
            yield from _of_values(held, inner, _below(path, name), rows.height, worded)
    elif isinstance(structure, list):
        yield path, "array", "", rows.height, parents, first, "array"
        elements = rows.explode("value", empty_as_null=False)
        yield from _of_values(elements, structure[0], f"{path}[]", elements.height, worded)
    elif structure == "JSON":
        yield from _of_mixed(rows, path, parents, worded)
    else:
        kind = _KINDS.get(structure, "number")
        yield path, kind, "", rows.height, parents, first, masked(value[0])
        if kind == "text":
            yield from _words(rows, path, known=path in worded)


def _of_mixed(rows: pl.DataFrame, path: str, parents: int, worded: Collection[str]) -> Iterator[_Fact]:
    """Facts of a path where values have several types (or objects are empty): each type by itself."""
    kinds = rows.with_columns(kind=pl.col("value").str.head(1).replace_strict(_LEADS, default="number"))
    for (kind,), part in kinds.sort("kind").group_by("kind", maintain_order=True):
        same = part.drop("kind")
        filled = same.filter(pl.col("value") != "{}")
        if kind == "object" and filled.height < same.height:
            yield path, "object", "", same.height - filled.height, parents, same["record_id"][0], "object"
        if filled.height:
            yield from _of_texts(filled, path, parents, worded)


def _one_case(structure: Any) -> Any:
    """The structure without fields whose names differ from another's in case alone: DuckDB cannot hold both."""
    if isinstance(structure, list):
        return [_one_case(inner) for inner in structure]
    if not isinstance(structure, dict):
        return structure
    names = {name.lower(): name for name in sorted(structure, reverse=True)}
    return {name: _one_case(inner) for name, inner in structure.items() if names[name.lower()] == name}


def _structure_of(paths: Collection[str]) -> dict[str, Any]:
    """The structure that reads the texts at these paths and nothing else; `paths` begin with a field."""
    fields: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        name = re.split(r"[.\[]", path, maxsplit=1)[0]
        fields[name].append(path.removeprefix(name))
    return {name: _inner_structure(rests) for name, rests in fields.items()}


def _inner_structure(rests: Collection[str]) -> Any:
    in_elements = [rest.removeprefix("[]") for rest in rests if rest.startswith("[]")]
    if in_elements:
        return [_inner_structure(in_elements)]
    in_fields = [rest.removeprefix(".") for rest in rests if rest]
    return _structure_of(in_fields) if in_fields else "VARCHAR"


def _words(rows: pl.DataFrame, path: str, *, known: bool) -> Iterator[_Fact]:
    """The words of a text, where it holds words."""
    if not known and (rows.height < _FEWEST_TEXTS or not _may_hold_words(path)):
        return
    values = rows.group_by("value").agg(pl.len(), pl.col("record_id").first())
    if known:
        forms = values.with_columns(
            value=pl.when(pl.col("value").str.contains(_WORD)).then("value").otherwise(pl.lit("*"))
        )
        values = forms.group_by("value").agg(pl.col("len").sum(), pl.col("record_id").min())
    elif not _are_words(values["value"], rows.height):
        return
    for word, seen, record in values.sort("len", "value", descending=[True, False]).head(_MOST_WORDS * 2).iter_rows():
        yield path, "text", word, seen, rows.height, record, word


def _are_words(values: pl.Series, texts: int) -> bool:
    few = values.len() <= _MOST_WORDS and values.len() * _TEXTS_PER_WORD <= texts
    return few and values.str.contains(_WORD).all()


def _may_hold_words(path: str) -> bool:
    """Whether the names along a path promise no person, and its last one no code, number or free text."""
    *outer, last = [{part.lower() for part in _PARTS.findall(name)} for name in path.replace("[]", "").split(".")]
    return not (last & (_PERSONS | _DATA)) and not any(names & _PERSONS for names in outer)


def masked(value: object) -> str:
    """The form of a value: letters become `a` or `A`, digits `9`; true and false stay."""
    if isinstance(value, bool):
        return str(value).lower()
    form = re.sub(r"\d", "9", str(value)[:_LONGEST_SAMPLE])
    return re.sub(r"[^\W\d_]", lambda letter: "A" if letter.group().isupper() else "a", form)


def _below(path: str, name: str) -> str:
    field = name if _FIELD.fullmatch(name) else "*"
    return f"{path}.{field}" if path else field


@cache
def _memory() -> duckdb.DuckDBPyConnection:
    """A database in memory that holds nothing; to open one takes longer than to read a page of payloads."""
    return duckdb.connect()
