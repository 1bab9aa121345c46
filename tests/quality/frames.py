"""Frames that keep everything expected of a table, and values that break one expectation at a time."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import dataframely as dy
import duckdb
import polars as pl
from dataframely.random import Generator

from linkstar_pipelines.quality.expectations import Expectation
from linkstar_pipelines.schemas.catalog import Table, table_of
from linkstar_pipelines.schemas.erps import ERPS
from linkstar_pipelines.schemas.files import FILE_TABLES
from linkstar_pipelines.schemas.platforms import PLATFORMS, Stream

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
TODAY = NOON.date()
_HOUR = timedelta(hours=1)
_MONEY = Decimal("9.5000")


def _payload(key: str, column: str) -> pl.Expr:
    return pl.struct(pl.col(column).alias(key)).struct.json_encode()


_STREAM_VALID: dict[Stream, dict[str, Any]] = {
    Stream.ORDERS: {"payload": "{}", "created_at": NOON - _HOUR, "updated_at": NOON, "changed_on": TODAY},
    Stream.LISTINGS: {"payload": "{}"},
    Stream.INVENTORY: {"payload": "{}"},
    Stream.RETURNS: {"payload": "{}", "updated_at": NOON, "changed_on": TODAY},
    Stream.FINANCES: {"payload": "{}", "posted_at": NOON, "changed_on": TODAY},
}

_VALID: dict[str, dict[str, Any]] = {
    **{
        f"raw.{platform.name}_{stream.value}": _STREAM_VALID[stream]
        for platform in PLATFORMS.values()
        for stream in platform.streams
    },
    **{f"raw.{erp.name}_{stream.value}": {"payload": "{}"} for erp in ERPS.values() for stream in erp.streams},
    "raw.amazon_orders": {
        "payload": _payload("orderId", "order_id"), "created_at": NOON - _HOUR, "updated_at": NOON, "changed_on": TODAY,
    },
    "raw.amazon_listings": {"payload": _payload("sku", "seller_sku")},
    "raw.amazon_inventory": {"payload": _payload("sellerSku", "seller_sku")},
    "raw.amazon_finances": {
        "payload": _payload("transactionId", "transaction_id"), "posted_at": NOON, "changed_on": TODAY,
        "transaction_status": "RELEASED",
    },
    **{
        f"raw.file_{kind}": {"source": "file/shop", "source_key": pl.concat_str(pl.lit("file/shop/"), "row")}
        for kind in FILE_TABLES
    },
    "raw.amazon_settlements": {"amount": "9.50", "total_amount": None},
    "raw.imported_orders": {
        "line_kind": "sale", "unit_price": _MONEY, "quantity": 2, "ordered_at": NOON, "changed_on": TODAY,
    },
    "raw.fx_rates": {"units_per_eur": Decimal("1.10000000")},
    "core.listings": {"price": _MONEY, "currency": "USD"},
    "raw.catalog_decisions": {"content": "{}"},
    "core.skus": {"cost": _MONEY, "cost_currency": "CNY", "declared_value": _MONEY, "declared_currency": "USD"},
    "core.match_proposals": {"subject_kind": "listing", "verdict": "accepted"},
    "core.listing_map": {"valid_from": NOON - _HOUR, "valid_to": NOON},
    "core.kits": {},
    "core.suppliers": {"unit_cost": _MONEY, "currency": "CNY"},
    "core.orders": {
        "platform": "amazon", "state": "shipped", "ordered_at": NOON - _HOUR, "updated_at": NOON, "changed_on": TODAY,
        "total_amount": _MONEY, "currency": "USD",
    },
    "core.order_lines": {
        "line_kind": "sale", "state": "shipped", "sku": "LS-1", "multiplier": 1, "unit_price": _MONEY,
        "item_amount": _MONEY,
        "currency": "USD", "quantity_ordered": 3, "quantity_cancelled": 1, "quantity_shipped": 2, "changed_on": TODAY,
    },
    "core.listing_stock": {"available": 5},
    "core.returns": {"updated_at": NOON, "changed_on": TODAY, "custody": "received", "refund": "refunded",
                     "order_id": "1", "refund_amount": _MONEY, "currency": "USD"},
    "core.payments": {"posted_at": NOON, "changed_on": TODAY, "kind": "sale"},
    "stock.movements": {"quantity": -2, "changed_on": TODAY},
    "stock.positions": {"on_hand": 5, "available": 4, "unit_cost": _MONEY, "stock_value": _MONEY},
    "planning.daily_demand": {"units": 2, "orders": 1},
    "planning.forecasts": {
        "as_of": TODAY, "mean_units": 2.0, "p50": 2.0, "p80": 3.0, "p90": 4.0, "p95": 5.0, "p98": 6.0,
    },
    "planning.replenishment": {
        "as_of": TODAY, "advice": "order_now", "available": 1, "suggested_units": 12, "shortfall": 11,
        "minimum_order": 6, "order_multiple": 6, "expected_demand": 10.0, "lead_time_days": 30, "review_days": 7,
        "reason": "Order 12.",
    },
    "finance.settlement_lines": {
        "tied_to": "order", "suspense_reason": None, "fx_rate": Decimal("1.00000000"), "category": "sales",
    },
    "finance.settlement_report": {
        "period_start": NOON - _HOUR, "period_end": NOON, "lines": 100, "suspense_lines": 1, "tied_out": True,
        **dict.fromkeys(
            ("payout", "lines_total", "difference", "sales", "refunds", "shipping_and_promotion", "tax_net",
             "platform_fees", "reimbursements", "reserve", "suspense"), Decimal(0),
        ),
    },
    "quality.quarantine": {"reason": "wrong", "quarantined_at": NOON},
}  # fmt: skip

_BROKEN_RULES: dict[str, dict[str, Any]] = {
    "payload_names_its_key": {"payload": "no JSON"},
    "payload_is_json": {"payload": "no JSON"},
    "kinds_known": {"kind": "unknown"},
    "returns_name_their_order": {"order_id": None},
    "in_its_partition": {"changed_on": TODAY - timedelta(days=1)},
    "rows_named_by_their_file": {"source_key": "elsewhere"},
    "statuses_known": {"transaction_status": "LOST"},
    "lines_carry_money": {"amount": None},
    "totals_are_whole": {"total_amount": "9.50", "settlement_start_date": None},
    "quantities_believable": {"quantity": -200_000, "available": 200_000},
    "not_in_the_future": {"ordered_at": NOON + timedelta(days=9)},
    "rates_believable": {"units_per_eur": Decimal("9000000.00000000")},
    "prices_have_a_currency": {"currency": None},
    "content_is_json": {"content": "no JSON"},
    "amounts_have_currencies": {"cost_currency": None},
    "only_listings_accepted": {"subject_kind": "sku"},
    "nothing_of_ours_counts_once": {"sku": None, "multiplier": 2},
    "span_is_one": {"valid_to": NOON - _HOUR},
    "states_known": {"state": "unknown", "custody": "unknown"},
    "totals_believable": {"total_amount": Decimal("-1.0000")},
    "sku_has_multiplier": {"multiplier": None},
    "skus_mapped": {"sku": None, "multiplier": None},
    "amount_has_currency": {"currency": None},
    "shipped_and_cancelled_fit_ordered": {"quantity_shipped": 9},
    "shipments_leave": {"quantity": 1},
    "available_not_negative": {"available": -1},
    "available_within_stock": {"available": 9},
    "stock_has_a_value": {"stock_value": None},
    "unknown_stays_unknown": {"available": None},
    "units_believable": {"units": 200_000},
    "quantiles_rise": {"p50": 9.0},
    "one_day_for_all": {"as_of": TODAY - timedelta(days=1)},
    "spread_believable": {"p98": 900.0},
    "unknown_stock_gives_no_number": {"advice": "stock_unknown"},
    "suggestion_fits_supplier": {"suggested_units": 7},
    "within_two_years": {"suggested_units": 6000},
    "reasons_given": {"reason": ""},
    "rates_known": {"fx_rate": None},
    "little_in_suspense": {"tied_to": "suspense", "suspense_lines": 50},
    "suspense_has_a_reason": {"tied_to": "suspense"},
    "parts_sum_to_lines": {"sales": _MONEY},
    "ties_out": {"difference": _MONEY},
    "periods_in_order": {"period_end": NOON - timedelta(days=9)},
    "mended_within_30_days": {"quarantined_at": NOON - timedelta(days=31)},
}


def valid_frame(table: Table, rows: int) -> pl.DataFrame:
    """Rows that keep everything expected of the table; words are text, so that they can be made wrong."""
    fixed = _VALID[table.full_name]
    drawn_to_fit = {name: [value] * rows for name, value in fixed.items() if not isinstance(value, pl.Expr)}
    frame = table.schema.sample(rows, overrides=drawn_to_fit or None, generator=Generator(7))
    typed = {
        name: value if isinstance(value, pl.Expr) else pl.lit(value, _plain(table.schema.columns()[name].dtype))
        for name, value in fixed.items()
    }
    return frame.with_columns(pl.col(pl.Enum).cast(pl.String)).with_columns(**typed)


def broken_frame(table: Table, expectations: list[Expectation]) -> pl.DataFrame:
    """A frame whose row *n* breaks expectation *n*."""
    good = valid_frame(table, len(expectations) + 1)
    rows = good.to_dicts()
    for place, expectation in enumerate(expectations):
        rows[place] |= _breaking(table, expectation, rows[-1])
    return pl.DataFrame(rows, schema=good.schema)


def _plain(dtype: pl.DataType) -> pl.DataType:
    return pl.String() if isinstance(dtype, pl.Enum) else dtype


def _breaking(table: Table, expectation: Expectation, last: dict[str, Any]) -> dict[str, Any]:
    target = expectation.target[0]
    if target in _BROKEN_RULES or expectation.check in _BROKEN_RULES:
        values = _BROKEN_RULES.get(target) or _BROKEN_RULES[expectation.check]
        return {name: value for name, value in values.items() if name in table.schema.column_names()}
    if expectation.check in {"prices_believable", "dates_in_order"}:
        price = {name: Decimal("0.0010") for name in expectation.columns if name in {"unit_price", "price"}}
        placed = {name: NOON + _HOUR for name in expectation.columns if name in {"created_at", "ordered_at"}}
        return price | placed
    if expectation.check == "no_duplicates":
        return {name: last[name] for name in expectation.columns}
    if target.endswith("_within_bounds"):
        name = expectation.columns[0]
        return {name: float("nan") if isinstance(table.schema.columns()[name], dy.Float64) else Decimal(-1)}
    if expectation.type == "ExpectColumnValuesToBeBetween":
        return {target: expectation.kwargs["min_value"] - 1}
    return {target: _WRONG[expectation.type]}


_WRONG = {
    "ExpectColumnValuesToNotBeNull": None,
    "ExpectColumnValuesToMatchRegex": "?!",
    "ExpectColumnValuesToBeInSet": "nonsense",
    "ExpectColumnValueLengthsToBeBetween": "",
}


@dataclass
class MemoryLake:
    """A lake in memory: reads as the real one does, with SQL conditions."""

    frames: dict[str, pl.DataFrame] = field(default_factory=dict)

    def put(self, schema: type[dy.Schema], frame: pl.DataFrame) -> "MemoryLake":
        """Replace a table."""
        self.frames[table_of(schema).full_name] = frame
        return self

    def open(self) -> "MemoryLake":
        """Stand for the resource, too."""
        return self

    def read(
        self,
        schema: type[dy.Schema],
        *,
        columns: Collection[str] | None = None,
        days: Collection[date] | None = None,
        where: str | None = None,
    ) -> pl.DataFrame:
        """Read as `Lake.read` does."""
        frame = self.frames.get(table_of(schema).full_name, schema.create_empty())
        if days is not None:
            frame = frame.filter(pl.col("changed_on").is_in(list(days)))
        if where is not None:
            words = frame.with_columns(pl.col(pl.Enum).cast(pl.String)).to_arrow()
            connection, table = duckdb.connect().register("rows", words), table_of(schema)
            connection.execute(f"CREATE SCHEMA {table.layer}")
            connection.execute(f"CREATE VIEW {table.full_name} AS FROM rows")
            frame = connection.execute(f"SELECT * FROM rows WHERE {where}").pl()  # noqa: S608
        return frame.select(columns or schema.column_names())

    def count(self, schema: type[dy.Schema]) -> int:
        """Count as `Lake.count` does."""
        return self.read(schema).height

    def rows_by_day(self, schema: type[dy.Schema], days: Collection[date]) -> dict[date, int]:
        """Count as `Lake.rows_by_day` does."""
        return dict(self.read(schema, days=days).group_by("changed_on").len().iter_rows())
