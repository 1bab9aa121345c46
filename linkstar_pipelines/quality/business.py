"""What the business expects of each table, beyond its schema.

Belongs here: expectations as plain data, table by table, each under a name that an analyst understands.
Does not belong here: what the schema already says (`expectations.structural`).

A warning shows and lets the run go on; a critical expectation stops what comes after it.
"""

from decimal import Decimal
from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.quality import catalogue, reconciliation
from linkstar_pipelines.quality.expectations import (
    NO_DUPLICATES,
    Expectation,
    Reconciliation,
    Severity,
    keeps,
    structural,
)
from linkstar_pipelines.schemas import core, products, stock
from linkstar_pipelines.schemas.catalog import Table, table_of
from linkstar_pipelines.schemas.columns import MONEY
from linkstar_pipelines.schemas.erps import ERPS
from linkstar_pipelines.schemas.files import FILE_TABLES
from linkstar_pipelines.schemas.platforms import PLATFORMS, Stream

_LOWEST_PRICE: Final = pl.lit(Decimal("0.01"), MONEY)
_HIGHEST_PRICE: Final = pl.lit(Decimal(100_000), MONEY)
_HIGHEST_TOTAL: Final = pl.lit(Decimal(1_000_000), MONEY)
_MOST_UNITS: Final = 100_000
_DAYS_TO_MEND: Final = 30

_KNOWN: Final = pl.col("state").cast(pl.String) != "unknown"


def _believable_price(column: str) -> pl.Expr:
    return pl.col(column).is_between(_LOWEST_PRICE, _HIGHEST_PRICE)


def _payload_names(path: str, column: str) -> Expectation:
    return keeps(
        "payload_names_its_key",
        (pl.col("payload").str.json_path_match(path) == pl.col(column)).fill_null(value=False),
        f"The payload is JSON and its {path} is the row's {column}.",
        severity="critical",
        sampled=True,
    )


def _in_partition_of(column: str, *, when: pl.Expr | None = None) -> Expectation:
    rule = pl.col("changed_on") == pl.col(column).dt.date()
    return keeps(
        "in_its_partition",
        rule if when is None else pl.when(when).then(rule),
        f"The partition is the UTC day of {column}" + ("." if when is None else ", except for files."),
        severity="critical",
    )


def _no_version_twice(identity: str) -> Expectation:
    return keeps(
        NO_DUPLICATES,
        ~pl.struct("platform", "store", identity, "payload").is_duplicated(),
        "No record has the same payload twice.",
        name="no_version_twice",
        severity="critical",
    )


def _once_over_all_days(schema: type[dy.Schema]) -> Expectation:
    description = f"No {', '.join(schema.primary_key())} is there twice, on whatever days."
    kwargs = {"column": "copies", "value_set": [1]}
    kind, source = "ExpectColumnValuesToBeInSet", reconciliation.copies_of(schema)
    return Expectation(NO_DUPLICATES, kind, kwargs, "critical", description, source=source, by_day=True)


def _adds_up(check: str, source: Reconciliation, description: str, severity: Severity) -> Expectation:
    kwargs = {"column": "difference", "value_set": [0]}
    return Expectation(check, "ExpectColumnValuesToBeInSet", kwargs, severity, description, source=source)


def _given(check: str, column: str, mostly: float, description: str) -> Expectation:
    kwargs = {"column": column, "mostly": mostly}
    return Expectation(check, "ExpectColumnValuesToNotBeNull", kwargs, "warning", description)


_DATES_IN_ORDER: Final = keeps(
    "dates_in_order", pl.col("created_at") <= pl.col("updated_at"), "No order changed before it was placed."
)
_PAYLOAD_IS_JSON: Final = keeps(
    "payload_is_json", pl.col("payload").str.starts_with("{"), "The payload is a JSON object.",
    severity="critical", sampled=True,
)  # fmt: skip
_STREAM: Final[dict[Stream, list[Expectation]]] = {
    Stream.ORDERS: [
        _PAYLOAD_IS_JSON,
        _in_partition_of("updated_at"),
        _DATES_IN_ORDER,
        _no_version_twice("order_id"),
    ],
    Stream.LISTINGS: [_PAYLOAD_IS_JSON],
    Stream.INVENTORY: [_PAYLOAD_IS_JSON],
    Stream.RETURNS: [_PAYLOAD_IS_JSON, _in_partition_of("updated_at"), _no_version_twice("return_id")],
    Stream.FINANCES: [_PAYLOAD_IS_JSON, _in_partition_of("posted_at"), _no_version_twice("transaction_id")],
}
_STREAMS: Final = {
    f"raw.{platform.name}_{stream.value}": _STREAM[stream]
    for platform in PLATFORMS.values()
    for stream in platform.streams
}

_ERPS: Final = {f"raw.{erp.name}_{stream.value}": [_PAYLOAD_IS_JSON] for erp in ERPS.values() for stream in erp.streams}

_FILES: Final = {
    table_of(schema).full_name: [
        keeps(
            "rows_named_by_their_file",
            pl.col("source_key").str.starts_with(pl.concat_str("source", pl.lit("/"))),
            "The source key of a row begins with the mapping that it was read by.",
            severity="critical",
        )
    ]
    for schema in FILE_TABLES.values()
}

_RAW: Final[dict[str, list[Expectation]]] = {
    "raw.amazon_orders": [
        _payload_names("$.orderId", "order_id"),
        _in_partition_of("updated_at"),
        _DATES_IN_ORDER,
        _no_version_twice("order_id"),
    ],
    "raw.amazon_listings": [_payload_names("$.sku", "seller_sku")],
    "raw.amazon_inventory": [_payload_names("$.sellerSku", "seller_sku")],
    "raw.amazon_finances": [
        _payload_names("$.transactionId", "transaction_id"),
        _in_partition_of("posted_at"),
        _no_version_twice("transaction_id"),
        keeps(
            "statuses_known",
            pl.col("transaction_status").is_in(["DEFERRED", "RELEASED", "DEFERRED_RELEASED"]),
            "The transaction's status is one that Amazon documents.",
        ),
    ],
    "raw.amazon_settlements": [
        keeps(
            "lines_carry_money",
            pl.col("amount").is_not_null() | pl.col("total_amount").is_not_null(),
            "Each line states an amount, or the total of its settlement.",
        ),
        keeps(
            "totals_are_whole",
            pl.when(pl.col("total_amount").is_not_null()).then(
                pl.col("settlement_start_date").is_not_null()
                & pl.col("settlement_end_date").is_not_null()
                & pl.col("currency").is_not_null()
            ),
            "The line with the total states the settlement's period and currency.",
        ),
    ],
    "raw.imported_orders": [
        keeps(
            "prices_believable",
            pl.when(pl.col("line_kind").cast(pl.String) == "sale").then(_believable_price("unit_price")),
            "Goods cost from 0.01 to 100,000.",
            mostly=0.999,
        ),
        keeps("quantities_believable", pl.col("quantity").abs() <= _MOST_UNITS, "No line has over 100,000 units."),
        keeps(
            "not_in_the_future",
            pl.col("ordered_at").dt.date() <= pl.col("changed_on").dt.offset_by("1d"),
            "No order was placed after its file was imported.",
        ),
    ],
    "raw.fx_rates": [
        keeps(
            "rates_believable",
            pl.col("units_per_eur").is_between(Decimal("0.0001"), Decimal(1_000_000)),
            "One euro buys from 0.0001 to 1,000,000 units of a currency.",
        )
    ],
}

_CORE: Final[dict[str, list[Expectation]]] = {
    "core.listings": [
        keeps("prices_believable", _believable_price("price"), "A listed price is from 0.01 to 100,000."),
        keeps(
            "prices_have_a_currency",
            pl.when(pl.col("price").is_not_null()).then(pl.col("currency").is_not_null()),
            "A price states its currency.",
        ),
    ],
    "core.orders": [
        _once_over_all_days(core.Orders),
        keeps("states_known", _KNOWN, "No order is in a state that we have never heard of."),
        keeps("dates_in_order", pl.col("ordered_at") <= pl.col("updated_at"), "No order changed before it was placed."),
        keeps(
            "totals_believable",
            pl.col("total_amount").is_between(pl.lit(Decimal(0), MONEY), _HIGHEST_TOTAL),
            "An order's total is from 0 to 1,000,000.",
            mostly=0.999,
        ),
        _in_partition_of("updated_at", when=pl.col("platform") != "import"),
    ],
    "core.order_lines": [
        _once_over_all_days(core.OrderLines),
        keeps("states_known", _KNOWN, "No line is in a state that we have never heard of."),
        keeps(
            "skus_mapped",
            pl.when(pl.col("line_kind").cast(pl.String) == "sale").then(
                pl.col("sku").is_not_null() | pl.col("multiplier").is_not_null()
            ),
            "Lines of goods are of mapped listings.",
            mostly=0.95,
        ),
        keeps(
            "prices_believable",
            pl.when(pl.col("line_kind").cast(pl.String) == "sale").then(_believable_price("unit_price")),
            "Goods cost from 0.01 to 100,000.",
            mostly=0.999,
        ),
        _adds_up(
            "imported_files_add_up",
            reconciliation.imported_files,
            "Every row of an imported file is an order line, in quarantine, or a cancel.",
            "critical",
        ),
    ],
    "core.listing_stock": [
        keeps(
            "quantities_believable",
            pl.col("available").is_null() | (pl.col("available") <= _MOST_UNITS),
            "No listing shows over 100,000 units.",
        ),
    ],
    "core.returns": [
        _once_over_all_days(core.Returns),
        keeps(
            "states_known",
            (pl.col("custody").cast(pl.String) != "unknown") & (pl.col("refund").cast(pl.String) != "unknown"),
            "No return is in a state that we have never heard of.",
        ),
        keeps("returns_name_their_order", pl.col("order_id").is_not_null(), "A return names its order.", mostly=0.99),
        _in_partition_of("updated_at"),
    ],
    "core.payments": [
        _once_over_all_days(core.Payments),
        keeps(
            "kinds_known",
            pl.col("kind").cast(pl.String) != "unknown",
            "No amount has a label that we have never heard of.",
            mostly=0.99,
        ),
    ],
}

_CATALOGUE: Final[dict[str, list[Expectation]]] = {
    "raw.catalog_decisions": [
        keeps(
            "content_is_json", pl.col("content").str.starts_with("{"), "What was decided is a JSON object.",
            severity="critical", sampled=True,
        ),
    ],
    "core.skus": [
        _adds_up("gtins_once", catalogue.repeated_gtins, "No two standing SKUs have the same GTIN.", "warning"),
        _adds_up(
            "merges_end",
            catalogue.not_standing(products.Skus, "merged_into"),
            "A merged SKU names one that stands.",
            "critical",
        ),
    ],
    "core.match_proposals": [
        keeps(
            "only_listings_accepted",
            pl.when(pl.col("verdict").cast(pl.String) == "accepted").then(
                pl.col("subject_kind").cast(pl.String) == "listing"
            ),
            "Without a person only listings are matched, SKUs never merged.",
            severity="critical",
        ),
    ],
    "core.listing_map": [
        _adds_up("spans_never_overlap", catalogue.overlapping_spans, "A listing sells one SKU at a time.", "critical"),
        _adds_up(
            "mapped_skus_stand",
            catalogue.not_standing(products.ListingMap, "sku"),
            "Listings are mapped to SKUs that stand.",
            "critical",
        ),
        _adds_up("live_listings_mapped", catalogue.live_listings, "Listings that sell are mapped.", "warning"),
    ],
    "core.kits": [
        _adds_up(
            "components_stand",
            catalogue.not_standing(products.Kits, "component_sku"),
            "Kits are made of SKUs that stand.",
            "critical",
        ),
        _adds_up(
            "kits_have_components",
            catalogue.kits_and_components,
            "A kit has components, and what has components is a kit.",
            "warning",
        ),
    ],
    "core.suppliers": [
        _adds_up(
            "supplied_skus_stand",
            catalogue.not_standing(products.Suppliers, "sku"),
            "Suppliers deliver SKUs that stand.",
            "critical",
        ),
    ],
}  # fmt: skip

_STOCK_AND_PLANNING: Final[dict[str, list[Expectation]]] = {
    "stock.movements": [
        keeps("quantities_believable", pl.col("quantity").abs() <= _MOST_UNITS, "No movement is over 100,000 units."),
        _adds_up(
            "movements_match_lines",
            reconciliation.shipped_units,
            "Units that left stock are the units that order lines shipped.",
            "warning",
        ),
        _adds_up(
            "mapped_listings_move_stock",
            catalogue.unmapped_in_stock(stock.Movements),
            "What leaves stock is a SKU that a listing is mapped to.",
            "critical",
        ),
    ],
    "stock.positions": [
        Expectation(
            "available_not_negative",
            "ExpectColumnValuesToBeBetween",
            {"column": "available", "min_value": 0},
            "critical",
            "Nothing that is not there is for sale.",
        ),
        keeps(
            "available_within_stock",
            pl.col("available") <= pl.col("on_hand"),
            "No more is available than was counted.",
            severity="critical",
        ),
        keeps(
            "stock_has_a_value",
            pl.when(pl.col("on_hand") > 0).then(pl.col("stock_value").is_not_null()),
            "Stock on hand has a cost.",
            mostly=0.9,
        ),
        _adds_up(
            "mapped_listings_hold_stock",
            catalogue.unmapped_in_stock(stock.Positions),
            "What is in stock is a SKU that a listing is mapped to.",
            "warning",
        ),
    ],
    "planning.daily_demand": [
        keeps("units_believable", pl.col("units") <= _MOST_UNITS, "No SKU sells over 100,000 units in a day."),
        _adds_up(
            "demand_matches_lines",
            reconciliation.wanted_units,
            "The units of demand are the units ordered and not cancelled.",
            "warning",
        ),
    ],
    "planning.forecasts": [
        keeps(
            "one_day_for_all",
            pl.col("as_of") == pl.col("as_of").max(),
            "All forecasts use history up to the same day.",
            severity="critical",
        ),
        keeps(
            "spread_believable",
            pl.col("p98") <= 50 * pl.max_horizontal(pl.col("mean_units"), pl.lit(1.0)),
            "The 98 % quantile is at most 50 times the expected demand.",
        ),
    ],
    "planning.replenishment": [
        keeps(
            "one_day_for_all",
            pl.col("as_of") == pl.col("as_of").max(),
            "All advice is for the same day.",
            severity="critical",
        ),
        keeps(
            "within_two_years",
            pl.col("suggested_units")
            <= pl.col("expected_demand") * 730 / (pl.col("lead_time_days") + pl.col("review_days"))
            + pl.col("minimum_order")
            + pl.col("order_multiple"),
            "No more is suggested than sells in two years, a minimum order and a carton apart.",
        ),
        keeps("reasons_given", pl.col("reason").str.len_chars() > 0, "Advice states its reason."),
    ],
}

_FINANCE_AND_QUALITY: Final[dict[str, list[Expectation]]] = {
    "finance.settlement_lines": [
        _given("rates_known", "fx_rate", 0.99, "There is an exchange rate for the day a line was posted."),
        keeps(
            "little_in_suspense",
            pl.col("tied_to").cast(pl.String) != "suspense",
            "Lines are tied to an order or to the account.",
            mostly=0.95,
        ),
        _adds_up(
            "every_line_counted_once",
            reconciliation.settled_lines,
            "Every money line of a settlement report is a settlement line or in quarantine, once.",
            "critical",
        ),
    ],
    "finance.settlement_report": [
        keeps(
            "ties_out",
            (pl.col("difference") == 0) & pl.col("tied_out"),
            "The lines of a settlement sum to its payout, to the cent.",
            severity="critical",
        ),
        keeps("periods_in_order", pl.col("period_start") < pl.col("period_end"), "A period ends after it starts."),
        keeps(
            "little_in_suspense",
            pl.col("suspense_lines") <= 0.05 * pl.col("lines"),
            "At most 5 % of a settlement's lines are in suspense.",
        ),
    ],
    "quality.quarantine": [
        keeps("reasons_given", pl.col("reason").str.len_chars() > 0, "A rejected row states its reason."),
        keeps(
            "mended_within_30_days",
            pl.col("quarantined_at") > pl.col("quarantined_at").max() - pl.duration(days=_DAYS_TO_MEND),
            "No row has waited over 30 days, counted back from the newest.",
        ),
    ],
}

_BUSINESS: Final = _STREAMS | _ERPS | _FILES | _RAW | _CORE | _CATALOGUE | _STOCK_AND_PLANNING | _FINANCE_AND_QUALITY


def business(table: Table) -> list[Expectation]:
    """Return what the business expects of a table."""
    return _BUSINESS[table.full_name]


def expectations_of(table: Table) -> list[Expectation]:
    """Return everything expected of a table: by its schema, and by the business, which may look at keys more widely."""
    own = business(table)
    widened = {e.check for e in own if e.check == NO_DUPLICATES and e.source is not None}
    return [*(e for e in structural(table) if e.check not in widened), *own]
