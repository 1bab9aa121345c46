"""Order files: from the rows of a file and a mapping to typed lines, and the rows that do not fit.

Belongs here: typing, the mapping's conventions, and the count that proves that no row is lost.
Does not belong here: reading files (`connectors/files.py`), or the canonical orders (`imported_orders.py`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain.order_mapping import Duplicates, Formats, MappingError, OrderMapping
from linkstar_pipelines.schemas.columns import MONEY
from linkstar_pipelines.schemas.raw import RawImportedOrders

PLATFORM: Final = "import"
"""Platform of everything that came from a file."""

SURPLUS_COLUMN: Final = "fields_beyond_header"
"""Column in which a reader of text files keeps what a row has beyond the header's columns."""

_WHOLE: Final = r"^[+-]?(\d+|\d{1,3}(,\d{3})+)(\.0*)?$"
_AMOUNT: Final = r"^[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d{0,4}0*)?$"
_LARGEST_AMOUNT: Final = 10**14  # the column's precision; one larger value would fail the cast of all
_LARGEST_EXACT_FLOAT: Final = 10**11  # a float holds 15 decimal digits, four of them after the point
_LINE: Final = "__line"


@dataclass(frozen=True)
class ImportCounts:
    """Where the rows of a file went: the kinds and the rejected rows add up to the rows read."""

    input_rows: int
    sale: int
    charge: int
    cancel: int
    rejected: int

    @property
    def difference(self) -> int:
        """Rows read but found nowhere: 0 unless something is broken."""
        return self.input_rows - self.sale - self.charge - self.cancel - self.rejected


@dataclass(frozen=True)
class Imported:
    """An order file after its mapping.

    Attributes:
        lines: the rows that fit, typed: each a sale, a charge or a cancel.
        rejected: the other rows (source_key, reason, payload, scope), as `quarantine.py` has them. The payload
            is the row as the file has it: only the columns that the mapping uses, and without the customer.
        counts: how many rows went where.
    """

    lines: dy.DataFrame[RawImportedOrders]
    rejected: pl.DataFrame
    counts: ImportCounts


def source_key(store: pl.Expr, file_sha256: pl.Expr, line_number: pl.Expr) -> pl.Expr:
    """Return the quarantine key of a row of a file: `import/<store>/<12 digits of the file>/<line>`."""
    return pl.concat_str(pl.lit(PLATFORM), store, file_sha256.str.head(12), line_number.cast(pl.String), separator="/")


def apply_mapping(
    rows: pl.LazyFrame, mapping: OrderMapping, *, file_sha256: str, imported_on: date, store: str
) -> Imported:
    """Type the rows of a file and sort them into sales, charges, cancels and rejected rows.

    Each row ends in exactly one place. The first of these that holds decides: a value that cannot be typed,
    a declared duplicate, a cancel, a declared rejection, a charge; what is left is a sale.

    Args:
        rows: rows of the file in the file's order, text or typed.
        mapping: how to read them.
        file_sha256: digest of the file's bytes.
        imported_on: day the file was first imported: the partition of its lines.
        store: store the orders belong to.

    Raises:
        MappingError: the mapping names a column that the file does not have, times are text but no format is
            declared, or a condition cannot be evaluated on this file's types.
    """
    source = _source(rows, mapping)
    typed = _typed(source, mapping)
    judged = _judged(typed, mapping)
    good = judged.filter(pl.col("reason").is_null())
    lines = good.select(
        platform=pl.lit(PLATFORM),
        store=pl.lit(store),
        file_sha256=pl.lit(file_sha256),
        line_number=_LINE,
        time_zone=pl.lit(mapping.formats.time_zone),
        changed_on=pl.lit(imported_on),
        **{name: pl.col(name) for name in RawImportedOrders.column_names() if name in judged.columns},
    ).select(RawImportedOrders.column_names())
    bad = judged.filter(pl.col("reason").is_not_null())
    rejected = bad.select(
        source_key=source_key(pl.lit(store), pl.lit(file_sha256), pl.col(_LINE)),
        reason="reason",
        payload=_payloads(bad, source, mapping),
        scope=pl.lit(imported_on.isoformat()),
    )
    kinds = dict(lines["line_kind"].value_counts().iter_rows())
    counts = ImportCounts(
        input_rows=source.height,
        sale=kinds.get("sale", 0),
        charge=kinds.get("charge", 0),
        cancel=kinds.get("cancel", 0),
        rejected=rejected.height,
    )
    return Imported(RawImportedOrders.cast(lines), rejected, counts)


def _source(rows: pl.LazyFrame, mapping: OrderMapping) -> pl.DataFrame:
    available = rows.collect_schema().names()
    used = mapping.used([name for name in available if name != SURPLUS_COLUMN])
    return rows.select(*used, *(name for name in available if name == SURPLUS_COLUMN)).collect()


def _typed(source: pl.DataFrame, mapping: OrderMapping) -> pl.DataFrame:
    """Return the line number, our names typed, and the file's other columns that the conventions need."""
    mapped = mapping.columns.mapped()
    values = {ours: _value(ours, column, source.schema[column], mapping) for ours, column in mapped.items()}
    absent = {ours: pl.lit(None, pl.String) for ours in ("title", "country", "customer_id")}
    currency = {"currency": pl.lit(mapping.formats.currency)}
    return source.select(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(_LINE),
        *(name for name in source.columns if name not in mapped),
        **(absent | currency | values),
    )


def _value(ours: str, column: str, dtype: pl.DataType, mapping: OrderMapping) -> pl.Expr:
    if ours == "quantity":
        return _quantity(column, dtype, mapping.formats)
    if ours == "unit_price":
        return _amount(column, dtype, mapping.formats)
    if ours == "ordered_at":
        return _instant(column, dtype, mapping)
    text = _text(column, dtype)
    return text.str.strip_chars() if ours in {"order_id", "currency"} else text


def _text(column: str, dtype: pl.DataType) -> pl.Expr:
    """Text as written; blank is null. A whole number that a spreadsheet keeps as a float loses its `.0`."""
    if dtype.is_float():
        return pl.col(column).cast(pl.String).str.strip_suffix(".0")
    text = pl.col(column).cast(pl.String)
    return pl.when(text.str.strip_chars() != "").then(text)


def _quantity(column: str, dtype: pl.DataType, formats: Formats) -> pl.Expr:
    value = pl.col(column)
    if dtype.is_numeric():
        whole = value.cast(pl.Int64, strict=False)
        return pl.when(whole == value).then(whole)
    return _number(value, formats, _WHOLE).str.extract(r"^([+-]?\d+)").cast(pl.Int64, strict=False)


def _amount(column: str, dtype: pl.DataType, formats: Formats) -> pl.Expr:
    value = pl.col(column)
    if dtype.is_numeric():
        limit = _LARGEST_EXACT_FLOAT if dtype.is_float() else _LARGEST_AMOUNT
        amount = pl.when(value.abs() < limit).then(value).cast(MONEY, strict=False)
        # A float that four decimals give back exactly was written with at most four.
        return pl.when(amount.cast(dtype) == value).then(amount)
    return _number(value, formats, _AMOUNT).cast(MONEY, strict=False)


def _number(value: pl.Expr, formats: Formats, form: str) -> pl.Expr:
    """Return a number written in the declared form as plain text (point, no thousands marks), else null."""
    text = value.cast(pl.String).str.strip_chars()
    if formats.decimal_comma:
        text = text.str.replace_many([".", ","], [",", "."])
    return pl.when(text.str.contains(form)).then(text.str.replace_all(",", "", literal=True))


def _instant(column: str, dtype: pl.DataType, mapping: OrderMapping) -> pl.Expr:
    """Return UTC. A time that a clock change repeats is the first of the two; one that it skips is null."""
    moment = pl.col(column)
    if dtype == pl.String:
        if mapping.formats.ordered_at is None:
            raise MappingError(
                f"Mapping '{mapping.name}', formats.ordered_at: the file's column '{column}' is text, so the mapping "
                "has to say how its times are written, such as '%d.%m.%Y %H:%M'."
            )
        moment = moment.str.strip_chars().str.to_datetime(mapping.formats.ordered_at, time_unit="us", strict=False)
        if "%z" in mapping.formats.ordered_at:
            return moment
    elif isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return moment.dt.cast_time_unit("us").dt.convert_time_zone("UTC")
    elif not dtype.is_temporal():
        raise MappingError(
            f"Mapping '{mapping.name}', columns.ordered_at: the file's column '{column}' holds {dtype}, not times. "
            "Map a column of dates, times or text."
        )
    zone = mapping.formats.time_zone
    local = moment.cast(pl.Datetime("us"))
    return local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


def _problem(typed: pl.DataFrame) -> pl.Expr:
    """Return what could not be typed, comma-separated, or null."""
    problems = {
        "order_id is empty": pl.col("order_id").is_null(),
        "listing_sku is empty": pl.col("listing_sku").is_null(),
        "quantity is empty or no whole number": pl.col("quantity").is_null(),
        "unit_price is empty or no amount with at most 4 decimals": pl.col("unit_price").is_null(),
        "ordered_at is empty or not in the declared form": pl.col("ordered_at").is_null(),
        "currency is no ISO 4217 code": ~pl.col("currency").str.contains(r"^[A-Z]{3}$").fill_null(value=False),
    }
    if SURPLUS_COLUMN in typed.columns:
        problems["more fields than the header has"] = pl.col(SURPLUS_COLUMN).is_not_null()
    found = [pl.when(broken).then(pl.lit(words)) for words, broken in problems.items()]
    text = pl.concat_str(found, separator=", ", ignore_nulls=True)
    return pl.when(text != "").then(text)


def _reason(typed: pl.DataFrame, mapping: OrderMapping) -> pl.Expr:
    """Return why a row is rejected, or null."""
    conventions = mapping.conventions
    reasons = [_problem(typed)]
    for duplicates in conventions.duplicates:
        copy = pl.col(_LINE).is_in(_copies(typed, duplicates).implode())
        reasons.append(pl.when(copy).then(pl.lit(duplicates.reason)))
    not_cancelled = ~_holds(conventions.cancel)
    reasons.extend(
        pl.when(_holds(rejection.when) & not_cancelled).then(pl.lit(rejection.reason))
        for rejection in conventions.reject
    )
    return pl.coalesce(reasons)


def _line_kind(mapping: OrderMapping) -> pl.Expr:
    cancel, charge = _holds(mapping.conventions.cancel), _holds(mapping.conventions.charge)
    kind = pl.when(cancel).then(pl.lit("cancel")).when(charge).then(pl.lit("charge")).otherwise(pl.lit("sale"))
    return kind.cast(RawImportedOrders.line_kind.dtype)


def _copies(typed: pl.DataFrame, duplicates: Duplicates) -> pl.Series:
    """Return the lines that stand again among the rows to keep; a row to keep is never a copy."""
    columns = list(duplicates.by)
    of = _holds(duplicates.of)
    kept = typed.lazy().filter(of).select(columns)
    suspects = typed.lazy().filter(_holds(duplicates.when) & ~of).select(_LINE, *columns)
    # Most rows differ in the first column already: comparing it alone first makes the full comparison small.
    first = columns[0]
    suspects = suspects.join(kept.select(first).unique(), on=first, how="semi", nulls_equal=True)
    kept = kept.join(suspects.select(first).unique(), on=first, how="semi", nulls_equal=True)
    return suspects.join(kept, on=columns, how="semi", nulls_equal=True).collect()[_LINE]


def _holds(condition: str | None) -> pl.Expr:
    """Return where a condition of the mapping holds; unknown (null) counts as not."""
    return pl.lit(value=False) if condition is None else pl.sql_expr(condition).fill_null(value=False)


def _require_conditions(typed: pl.DataFrame, mapping: OrderMapping) -> None:
    """Raise the `MappingError` of the first condition that cannot be evaluated on these rows."""
    for place, condition in mapping.conventions.conditions().items():
        try:
            dtype = typed.select(pl.sql_expr(condition)).to_series().dtype
        except pl.exceptions.PolarsError as error:
            raise MappingError(
                f"Mapping '{mapping.name}', {place}: `{condition}` cannot be evaluated on this file: {error}. "
                "Compare like with like, or CAST the column."
            ) from None
        if dtype != pl.Boolean:
            raise MappingError(
                f"Mapping '{mapping.name}', {place}: `{condition}` gives {dtype}, not true or false. "
                "Write a comparison."
            )


def _judged(typed: pl.DataFrame, mapping: OrderMapping) -> pl.DataFrame:
    """Add the reason (null for a row that fits) and the kind of line to each row."""
    _require_conditions(typed.clear(), mapping)
    try:
        return typed.lazy().with_columns(reason=_reason(typed, mapping), line_kind=_line_kind(mapping)).collect()
    except pl.exceptions.PolarsError:
        _require_conditions(typed, mapping)
        raise


def _payloads(bad: pl.DataFrame, source: pl.DataFrame, mapping: OrderMapping) -> pl.Series:
    """Return the rows as the file has them, as JSON: only what the mapping uses, and without the customer."""
    shown = [name for name in source.columns if name != mapping.columns.customer_id]
    return source[bad[_LINE] - 1].select(pl.struct(shown).struct.json_encode()).to_series()
