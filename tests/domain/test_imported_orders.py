"""Imported lines as canonical SKUs, orders and order lines."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import dataframely as dy
import polars as pl

from linkstar_pipelines.connectors.files import file_sha256, read_rows
from linkstar_pipelines.domain.imported_orders import (
    import_counts,
    listings_from_import,
    order_lines_from_import,
    orders_from_import,
)
from linkstar_pipelines.domain.order_import import apply_mapping
from linkstar_pipelines.domain.quarantine import concat_rejects, no_rejects
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.rules.order_mapping import SHIPPED, load_mapping
from linkstar_pipelines.rules.sku_codes import load_sku_code_rules
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.schemas.raw import RawImportedOrders
from tests.domain.listing_maps import by_code
from tests.support import shared_path

RULES = SkuCodeRules(accept={"default": "^never$", "import": "^[A-Z0-9]+(-[A-Z0-9]+)*$"})
FILE, OTHER = "a" * 64, "b" * 64


def lines(*changes: dict[str, Any]) -> dy.DataFrame[RawImportedOrders]:
    standard = {
        "platform": "import",
        "store": "shop",
        "file_sha256": FILE,
        "line_kind": "sale",
        "order_id": "1001",
        "listing_sku": "mug-1",
        "title": "Mug",
        "quantity": 2,
        "unit_price": Decimal("9.90"),
        "currency": "EUR",
        "ordered_at": datetime(2026, 1, 15, 23, 30, tzinfo=UTC),
        "time_zone": "Europe/Berlin",
        "country": "France",
        "customer_id": None,
        "changed_on": date(2026, 5, 4),
    }
    rows = [standard | {"line_number": number} | change for number, change in enumerate(changes, start=1)]
    return RawImportedOrders.validate(pl.DataFrame(rows, schema=RawImportedOrders.create_empty().schema))


def test_lines_of_one_number_are_one_closed_order() -> None:
    later = datetime(2026, 1, 15, 23, 32, tzinfo=UTC)
    orders, rejected = orders_from_import(
        lines({}, {"quantity": 1, "ordered_at": later}, {"line_kind": "charge", "unit_price": Decimal("4.5")})
    )
    assert orders.row(0, named=True) == {
        "platform": "import",
        "store": "shop",
        "order_id": "1001",
        "marketplace_id": "-",
        "state": "closed",
        "source_state": "imported",
        "fulfilled_by": "seller",
        "ordered_at": datetime(2026, 1, 15, 23, 30, tzinfo=UTC),
        "updated_at": later,
        "business_day": date(2026, 1, 16),
        "currency": "EUR",
        "total_amount": Decimal("38.7000"),
        "ship_country": "France",
        "payload_hash": FILE,
        "changed_on": date(2026, 5, 4),
    }
    assert rejected.is_empty()


def test_a_cancel_is_no_order_and_no_order_line() -> None:
    frame = lines({}, {"line_kind": "cancel", "order_id": "C1", "quantity": -2})
    orders, _ = orders_from_import(frame)
    order_lines, _ = order_lines_from_import(frame, by_code(listings_from_import(frame, RULES)[0]))
    assert orders["order_id"].to_list() == ["1001"]
    assert order_lines["order_id"].to_list() == ["1001"]


def test_an_order_in_two_currencies_has_no_total() -> None:
    orders, rejected = orders_from_import(lines({}, {"currency": "USD"}))
    assert orders.select("currency", "total_amount").row(0) == (None, None)
    assert rejected.is_empty()


def test_a_line_carries_its_file_its_amount_and_the_stores_business_day() -> None:
    frame = lines({}, {"line_kind": "charge", "listing_sku": "POST", "quantity": 1})
    order_lines, rejected = order_lines_from_import(frame, by_code(listings_from_import(frame, RULES)[0]))
    columns = ["line_id", "line_kind", "sku", "quantity_ordered", "quantity_shipped", "item_amount", "business_day"]
    assert order_lines.select(columns).rows() == [
        ("aaaaaaaaaaaa-1", "sale", "MUG-1", 2, 2, Decimal("19.8000"), date(2026, 1, 16)),
        ("aaaaaaaaaaaa-2", "charge", None, 1, 1, Decimal("9.9000"), date(2026, 1, 16)),
    ]
    assert order_lines["quantity_cancelled"].to_list() == [0, 0]
    assert rejected.is_empty()


def test_a_line_that_breaks_a_rule_is_rejected_under_its_place_in_the_file() -> None:
    frame = lines({}, {"quantity": -3})
    order_lines, rejected = order_lines_from_import(frame, by_code(listings_from_import(frame, RULES)[0]))
    assert order_lines.height == 1
    assert rejected["source_key"].to_list() == ["import/shop/aaaaaaaaaaaa/2"]
    assert rejected["reason"].str.contains("quantity_ordered is too small").all()
    assert rejected["scope"].to_list() == ["2026-05-04"]


def test_codes_of_goods_are_cleaned_and_take_their_newest_title() -> None:
    listings, rejected = listings_from_import(
        lines(
            {"listing_sku": "mug-1"},
            {"listing_sku": "MUG-1 "},
            {"listing_sku": "mug-1", "title": "Mug, red", "ordered_at": datetime(2026, 2, 1, tzinfo=UTC)},
            {"listing_sku": "mug-1", "title": None, "ordered_at": datetime(2026, 3, 1, tzinfo=UTC)},
            {"line_kind": "charge", "listing_sku": "POST"},
        ),
        RULES,
    )
    assert listings.select("listing_sku", "code", "title").rows() == [
        ("MUG-1 ", "MUG-1", "Mug"),
        ("mug-1", "MUG-1", "Mug, red"),
    ]
    assert rejected.is_empty()


def test_a_code_that_fits_no_rule_is_a_listing_with_a_problem_and_its_sale_holds_the_order() -> None:
    frame = lines({"listing_sku": "?"}, {})
    listings, rejected = listings_from_import(frame, RULES)
    assert rejected.is_empty()
    assert listings.select("listing_sku", "code").rows() == [("?", None), ("mug-1", "MUG-1")]
    assert "fits no code rule" in listings["code_problem"][0]
    order_lines, _ = order_lines_from_import(frame, by_code(listings))
    assert order_lines.select("sku", "hold").rows() == [(None, "unmapped_listing"), ("MUG-1", "unmapped_listing")]


def test_a_sale_of_an_unmapped_code_is_kept_without_clean_sku() -> None:
    frame = lines({})
    order_lines, _ = order_lines_from_import(frame, ListingMap.create_empty())
    assert order_lines["sku"].to_list() == [None]


def test_order_lines_quarantine_and_cancels_account_for_each_file() -> None:
    frame = lines(
        {}, {"line_kind": "cancel", "quantity": -2}, {"quantity": -1}, {"file_sha256": OTHER, "line_number": 1}
    )
    order_lines, from_core = order_lines_from_import(frame, by_code(listings_from_import(frame, RULES)[0]))
    from_file = concat_rejects(
        pl.DataFrame({"source_key": ["import/shop/aaaaaaaaaaaa/4"], "reason": ["price 0"], "payload": ["{}"]})
    )
    rejected = pl.concat(
        [from_core, from_file, from_file.with_columns(source_key=pl.lit("amazon/na/1"))], how="diagonal"
    )
    assert import_counts(frame, order_lines, rejected).rows() == [
        ("aaaaaaaaaaaa", 4, 1, 2, 1, 0),
        ("bbbbbbbbbbbb", 1, 1, 0, 0, 0),
    ]


def test_a_lost_line_shows_as_a_difference() -> None:
    frame = lines({}, {}, {})
    order_lines, _ = order_lines_from_import(frame, by_code(listings_from_import(frame, RULES)[0]))
    counts = import_counts(frame, order_lines.filter(pl.col("line_id") != "aaaaaaaaaaaa-2"), no_rejects())
    assert counts["difference"].to_list() == [1]


def test_a_file_without_a_single_good_row_is_counted_too() -> None:
    rejected = pl.DataFrame(
        {
            "table_name": ["raw.imported_orders", "raw.imported_orders", "core.orders"],
            "source_key": ["import/a/cccccccccccc/1", "import/a/cccccccccccc/2", "import/a/cccccccccccc/3"],
        }
    )
    empty = lines()
    counts = import_counts(empty, order_lines_from_import(empty, ListingMap.create_empty())[0], rejected)
    assert counts.rows() == [("cccccccccccc", 2, 0, 2, 0, 0)]


def test_every_row_of_online_retail_is_a_line_in_quarantine_or_a_cancel() -> None:
    path = shared_path("data", "online_retail_ii", "order_lines.parquet")
    how = load_mapping(SHIPPED / "online_retail_ii.yaml")
    digest = file_sha256(path)
    imported = apply_mapping(read_rows(path), how, file_sha256=digest, imported_on=date(2026, 5, 4), store=how.store)
    listings, unreadable = listings_from_import(imported.lines, load_sku_code_rules())
    order_lines, from_core = order_lines_from_import(imported.lines, by_code(listings))
    counts = import_counts(imported.lines, order_lines, concat_rejects(imported.rejected, from_core))
    assert counts.rows() == [(digest[:12], 1_067_370, 1_019_652, 28_553, 19_165, 0)]
    assert unreadable.is_empty()
    assert order_lines.filter(pl.col("line_kind") == "sale")["sku"].null_count() == 0
