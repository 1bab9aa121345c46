"""Settlements: every money line counted once, tied to something, and added up to the payout.

Belongs here: reading settlement lines, their canonical category, what each one is tied to, and the report's sums.
Does not belong here: the labels' meaning (`rules/settlement_fees.yaml`), fetching reports, or how a report looks.
`docs/settlement.md` explains the tie-out for the people who use it.
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain import fx, localized, quarantine
from linkstar_pipelines.domain.products.mapped import mapped
from linkstar_pipelines.schemas import columns as c
from linkstar_pipelines.schemas.core import OrderLines, Orders
from linkstar_pipelines.schemas.finance import SettlementLines, SettlementReport
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.schemas.raw import RawAmazonSettlements, RawFxRates

HEADER_LINE: Final = 1

PARTS: Final[dict[str, tuple[str, ...]]] = {
    "sales": ("sales",),
    "refunds": ("refund", "refund_fee"),
    "shipping_and_promotion": ("shipping", "promotion"),
    "tax_net": ("tax", "tax_withheld"),
    "platform_fees": (
        "commission", "fulfillment_fee", "storage_fee", "subscription_fee", "advertising", "other_fee",
    ),
    "reimbursements": ("reimbursement",),
    "reserve": ("reserve",),
}  # fmt: skip
"""Which categories make up which column of the report; lines in suspense make up `suspense` whatever they are."""

_SETTLEMENT: Final = ["platform", "store", "settlement_id"]
_LABELS: Final = ["transaction_type", "amount_type", "amount_description"]
_SETTLEMENT_KEY: Final = pl.concat_str(*_SETTLEMENT, pl.lit(str(HEADER_LINE)), separator="/")
_SOURCE_KEY: Final = pl.concat_str("platform", "store", "settlement_id", "line_number", separator="/")


def settlement_lines(
    raw_settlements: dy.DataFrame[RawAmazonSettlements],
    *,
    fee_rules: pl.DataFrame,
    orders: dy.DataFrame[Orders],
    order_lines: dy.DataFrame[OrderLines],
    listing_map: dy.DataFrame[ListingMap],
    rates: dy.DataFrame[RawFxRates],
    base_currency: str,
) -> tuple[dy.DataFrame[SettlementLines], pl.DataFrame]:
    """Read, categorise and tie every detail line of the settlements.

    A line whose label no rule knows is in suspense as `unknown_label`. A line that names an order we hold is tied to
    it. Otherwise it is tied to the account, unless its rule says that such money always belongs to an order: then it
    is in suspense as `unknown_order`.

    Args:
        raw_settlements: All lines of the settlements, header lines included: these state the currency.
        fee_rules: `transaction_type`, `amount_type`, `amount_description` (regular expressions), `category`,
            `needs_order`; the first rule that fits a label counts.
        orders: Orders we hold.
        order_lines: Their lines, for the SKU of a line that names one of them.
        listing_map: What listings sell, for the SKU of other lines: as mapped when the order was placed, else when the
            line was posted.
        rates: Reference rates; the last one on or before the UTC day of posting is used.
        base_currency: ISO 4217 code of the installation's base currency.

    Returns:
        One row of `SettlementLines` per readable line, and the other lines with their reason.
    """
    details = _details(raw_settlements)
    readable = details.filter(pl.col("_problem").is_null())
    tied = _with_sku(_tied(_categorised(readable, fee_rules), orders), order_lines, listing_map)
    rows = fx.convert(
        tied.with_columns(_day=pl.col("posted_at").dt.date(), base_currency=pl.lit(base_currency)),
        amount="amount", currency="currency", day="_day", rates=rates, base=base_currency,
    )  # fmt: skip
    good, unfit = quarantine.split(
        SettlementLines.cast(rows).sort(*_SETTLEMENT, "line_number"), SettlementLines, _SOURCE_KEY
    )
    return good, quarantine.concat_rejects(_rejected(details), unfit)


def settlement_report(
    lines: dy.DataFrame[SettlementLines],
    raw_settlements: dy.DataFrame[RawAmazonSettlements],
    rates: dy.DataFrame[RawFxRates],
    base_currency: str,
) -> tuple[dy.DataFrame[SettlementReport], pl.DataFrame]:
    """Add up each settlement and hold it against the payout that its header states.

    A settlement ties out when the sum of its lines is exactly the payout and no line of the file is missing.

    Args:
        lines: The result of `settlement_lines` for the same raw lines.
        raw_settlements: All lines of the settlements, header and detail.
        rates: Reference rates for the payout, as of the deposit day (UTC).
        base_currency: ISO 4217 code of the installation's base currency.

    Returns:
        One row of `SettlementReport` per readable header, and the other headers with their reason.
    """
    headers = _headers(raw_settlements)
    readable = headers.filter(pl.col("_problem").is_null())
    file_lines = (
        raw_settlements.filter(pl.col("line_number") > HEADER_LINE)
        .group_by(_SETTLEMENT)
        .agg(_file_lines=pl.col("line_number").n_unique().cast(pl.Int64))
    )
    summed = (
        readable.join(_sums(lines), on=_SETTLEMENT, how="left")
        .join(file_lines, on=_SETTLEMENT, how="left")
        .with_columns(
            pl.col("lines", "suspense_lines", "_file_lines").fill_null(0),
            pl.col("lines_total", *PARTS, "suspense").fill_null(0).cast(c.MONEY),
            base_currency=pl.lit(base_currency),
            _day=pl.col("deposit_on").dt.date(),
        )
        .with_columns(difference=(pl.col("payout") - pl.col("lines_total")).cast(c.MONEY))
        .with_columns(tied_out=(pl.col("difference") == 0) & (pl.col("lines") == pl.col("_file_lines")))
    )
    rows = fx.convert(summed, amount="payout", currency="currency", day="_day", rates=rates, base=base_currency).rename(
        {"base_amount": "base_payout"}
    )
    good, unfit = quarantine.split(SettlementReport.cast(rows).sort(_SETTLEMENT), SettlementReport, _SETTLEMENT_KEY)
    return good, quarantine.concat_rejects(_rejected(headers), unfit)


def _read(raw: pl.DataFrame, wanted: pl.Expr) -> pl.DataFrame:
    """Type the texts of the wanted lines in their file's locale, keeping the line as written in `_payload`.

    A line that stands twice counts once.
    """
    once = raw.unique()
    signs = once.group_by(_SETTLEMENT).agg(localized.decimal_signs("amount", "total_amount"))
    return (
        once.filter(wanted)
        .join(signs, on=_SETTLEMENT)
        .with_columns(
            _payload=pl.struct(raw.columns).struct.json_encode(),
            _amount=localized.amounts(_given("amount"), pl.col("dot"), pl.col("comma")),
            _total=localized.amounts(_given("total_amount"), pl.col("dot"), pl.col("comma")),
            _posted=localized.instants(_given("posted_date_time")),
            _units=localized.whole_numbers(_given("quantity_purchased")),
            _currency=_given("currency").str.to_uppercase(),
        )
    )


def _headers(raw: pl.DataFrame) -> pl.DataFrame:
    typed = _read(raw, pl.col("line_number") == HEADER_LINE).with_columns(
        _start=localized.instants(_given("settlement_start_date")),
        _end=localized.instants(_given("settlement_end_date")),
        _deposit=localized.instants(_given("deposit_date")),
    )
    problem = _problems(
        _unreadable("total_amount", "_total"),
        _unreadable("settlement_start_date", "_start"),
        _unreadable("settlement_end_date", "_end"),
        _unreadable("deposit_date", "_deposit", optional=True),
        pl.when(pl.col("_currency").is_null()).then(pl.lit("currency is missing")),
    )
    return typed.select(
        *_SETTLEMENT, "line_number", "_payload", _problem=problem,
        payout="_total", period_start="_start", period_end="_end", deposit_on="_deposit", currency="_currency",
    )  # fmt: skip


def _details(raw: pl.DataFrame) -> pl.DataFrame:
    typed = _read(raw, pl.col("line_number") > HEADER_LINE)
    currencies = (
        raw.filter(pl.col("line_number") == HEADER_LINE)
        .select(*_SETTLEMENT, _file_currency=_given("currency").str.to_uppercase())
        .drop_nulls("_file_currency")
        .unique()
        .unique(_SETTLEMENT, keep="none")
    )
    problem = _problems(
        _unreadable("amount", "_amount"),
        _unreadable("posted_date_time", "_posted"),
        _unreadable("quantity_purchased", "_units", optional=True),
        pl.when(pl.col("_file_currency").is_null()).then(
            pl.lit("the settlement has no one header line that states the currency")
        ),
    )
    return (
        typed.join(currencies, on=_SETTLEMENT, how="left")
        .select(
            *_SETTLEMENT, "line_number", "_payload", *(_given(name).alias(name) for name in _LABELS),
            _given("order_id").alias("order_id"),
            _given("sku").alias("_listing_sku"),
            _given("order_item_code").alias("line_id"),
            _problem=problem, quantity="_units", posted_at="_posted", amount="_amount", currency="_file_currency",
        )
    )  # fmt: skip


def _categorised(lines: pl.DataFrame, fee_rules: pl.DataFrame) -> pl.DataFrame:
    """Give each line the category of the first rule that fits its label; `suspense` if none does."""
    labels = lines.select(pl.col(_LABELS).fill_null("")).unique()
    rules = fee_rules.select(
        *(pl.col(name).alias(f"_{name}") for name in _LABELS), "category", "needs_order"
    ).with_row_index("_rank")
    known = (
        labels.join(rules, how="cross")
        .filter(*(pl.col(name).str.contains(pl.col(f"_{name}")) for name in _LABELS))
        .sort("_rank")
        .unique(_LABELS, keep="first", maintain_order=True)
        .select(*(pl.col(name).alias(f"_{name}") for name in _LABELS), "category", "needs_order")
    )
    keyed = lines.with_columns(pl.col(name).fill_null("").alias(f"_{name}") for name in _LABELS)
    return keyed.join(known, on=[f"_{name}" for name in _LABELS], how="left").with_columns(
        pl.col("category").fill_null("suspense"), pl.col("needs_order").fill_null(value=False)
    )


def _tied(lines: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    held = orders.select("platform", "store", "order_id", _held=pl.lit(value=True), _ordered_at="ordered_at").unique(
        ["platform", "store", "order_id"], keep="first", maintain_order=True
    )
    reason = (
        pl.when(pl.col("category") == "suspense")
        .then(pl.lit("unknown_label"))
        .when(pl.col("_held").is_null() & pl.col("needs_order"))
        .then(pl.lit("unknown_order"))
    )
    return (
        lines.join(held, on=["platform", "store", "order_id"], how="left")
        .with_columns(suspense_reason=reason)
        .with_columns(
            tied_to=pl.when(pl.col("suspense_reason").is_not_null())
            .then(pl.lit("suspense"))
            .when(pl.col("_held"))
            .then(pl.lit("order"))
            .otherwise(pl.lit("account"))
        )
    )


def _with_sku(lines: pl.DataFrame, order_lines: pl.DataFrame, listing_map: pl.DataFrame) -> pl.DataFrame:
    """Add the SKU: of the order line that the line names, else of the seller SKU that it names.

    Amazon's files drop the spaces around seller SKUs: a code that listings of different
    SKUs share without them counts for none.
    """
    by_line = order_lines.select("platform", "store", "order_id", "line_id", _line_sku="sku").unique(
        ["platform", "store", "order_id", "line_id"]
    )
    listing = ["platform", "store", "listing_sku"]
    spans = pl.concat_str("valid_from", "valid_to", "sku", separator="/", ignore_nulls=True)
    as_typed = (
        listing_map.group_by(listing)
        .agg(_spans=spans.sort().str.join(" "))
        .group_by("platform", "store", _listing_sku=pl.col("listing_sku").str.strip_chars())
        .agg(pl.col("listing_sku").min(), _meanings=pl.col("_spans").n_unique())
        .filter(pl.col("_meanings") == 1)
    )
    typed = lines.join(as_typed, on=["platform", "store", "_listing_sku"], how="left", maintain_order="left")
    sold = mapped(typed.with_columns(_at=pl.coalesce("_ordered_at", "posted_at")), listing_map, at="_at")
    return sold.join(by_line, on=["platform", "store", "order_id", "line_id"], how="left").with_columns(
        sku=pl.coalesce("_line_sku", "sku")
    )


def _sums(lines: pl.DataFrame) -> pl.DataFrame:
    in_suspense = pl.col("tied_to").cast(pl.String) == "suspense"
    category = pl.col("category").cast(pl.String)
    parts = {
        part: pl.col("amount").filter(category.is_in(list(members)) & ~in_suspense).sum()
        for part, members in PARTS.items()
    }
    return lines.group_by(_SETTLEMENT).agg(
        **parts,
        suspense=pl.col("amount").filter(in_suspense).sum(),
        suspense_lines=in_suspense.sum().cast(pl.Int64),
        lines=pl.len().cast(pl.Int64),
        lines_total=pl.col("amount").sum(),
    )


def _rejected(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.filter(pl.col("_problem").is_not_null()).select(
        source_key=_SOURCE_KEY, reason="_problem", payload="_payload"
    )


def _given(name: str) -> pl.Expr:
    """Text of a column without its outer spaces; empty counts as absent."""
    text = pl.col(name).str.strip_chars()
    return pl.when(text.str.len_chars() > 0).then(text)


def _unreadable(source: str, typed: str, *, optional: bool = False) -> pl.Expr:
    """Word what is wrong with a field; null if nothing is."""
    absent = pl.lit(None, dtype=pl.String) if optional else pl.lit(f"{source} is missing")
    return (
        pl.when(_given(source).is_null())
        .then(absent)
        .when(pl.col(typed).is_null())
        .then(pl.format(f"{source} '{{}}' cannot be read", pl.col(source)))
    )


def _problems(*checks: pl.Expr) -> pl.Expr:
    """Join the problems of a line; null if it has none."""
    found = pl.concat_str(*checks, separator="; ", ignore_nulls=True)
    return pl.when(found.str.len_chars() > 0).then(found)
