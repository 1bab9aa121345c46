"""Walmart's listings, stock, returns and settlement rows in our words."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.walmart.forms import FORMS
from linkstar_pipelines.connectors.walmart.listings import listings, stock
from linkstar_pipelines.connectors.walmart.payments import payments
from linkstar_pipelines.connectors.walmart.returns import returns
from linkstar_pipelines.rules.sku_codes import load_sku_code_rules
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.support import utc
from tests.connectors.walmart.test_forms import RETURN


def rows(stream: Stream, *records: dict[str, Any]) -> pl.DataFrame:
    good, refused = raw_rows("walmart", "wm1", stream, FORMS[stream], records, utc(2026, 5, 20))
    assert refused.is_empty(), refused["reason"].to_list()
    return good


ITEM: dict[str, Any] = {
    "mart": "WALMART_US",
    "sku": "ls_kitch-0001 (FBA)",
    "gtin": "00036000291452",
    "productName": "Tea Strainer",
    "price": {"currency": "USD", "amount": Decimal("19.99")},
    "publishedStatus": "PUBLISHED",
    "lifecycleStatus": "ACTIVE",
    "shipNodeType": "WFSFulfilled",
}


def test_an_item_is_read_with_its_clean_code() -> None:
    good, refused = listings(rows(Stream.LISTINGS, ITEM), load_sku_code_rules())
    assert refused.is_empty()
    assert good.to_dicts() == [
        {
            "platform": "walmart",
            "store": "wm1",
            "marketplace_id": "WALMART_US",
            "listing_sku": "ls_kitch-0001 (FBA)",
            "code": "LS-KITCH-0001",
            "cleaning": "upper+separator+suffix",
            "code_problem": None,
            "title": "Tea Strainer",
            "gtin": "00036000291452",
            "asin": None,
            "image_url": None,
            "fulfilled_by": "platform",
            "listing_status": "PUBLISHED,ACTIVE",
            "price": Decimal("19.9900"),
            "currency": "USD",
        }
    ]


def test_an_item_whose_code_fits_no_rule_is_kept_with_the_problem() -> None:
    good, refused = listings(rows(Stream.LISTINGS, ITEM | {"sku": "AMZ.GR.X7-1"}), load_sku_code_rules())
    assert refused.is_empty()
    assert good["code"].to_list() == [None]
    assert "fits no code rule" in good["code_problem"].item()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": "free"}, "not in the form"),
        ({"price": {"currency": "USD", "amount": "1,99"}}, "price `1,99` is no amount"),
    ],
)
def test_an_item_that_cannot_be_read_says_why(changes: dict[str, Any], reason: str) -> None:
    good, refused = listings(rows(Stream.LISTINGS, ITEM | changes), load_sku_code_rules())
    assert good.is_empty()
    assert reason in refused["reason"][0]


def quantity(amount: Any) -> dict[str, Any]:
    return {"unit": "EACH", "amount": amount}


def test_stock_is_read_node_by_node() -> None:
    own = {
        "sku": "A",
        "nodes": [
            {"shipNode": "1", "inputQty": quantity(5), "availToSellQty": quantity(3), "reservedQty": quantity(2)},
            {"shipNode": "2", "availToSellQty": quantity(0), "reservedQty": quantity(0)},
        ],
    }
    warehoused = {"sku": "B", "shipNodes": [{"shipNodeType": "WFSFulfilled", "availToSellQty": 7, "onHandQty": 9}]}
    good, refused = stock(rows(Stream.INVENTORY, own, warehoused))
    assert refused.is_empty()
    figures = good.sort("listing_id", "node_id").select(
        "listing_id", "node_id", "fulfilled_by", "available", "reserved"
    )
    assert figures.rows() == [
        ("A", "1", "seller", 3, 2),
        ("A", "2", "seller", 0, 0),
        ("B", "WFSFulfilled", "platform", 7, None),
    ]


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        ({"shipNode": "1", "availToSellQty": quantity(1.5)}, "quantity `1.5` is no whole number"),
        ({"shipNode": "1", "availToSellQty": quantity(-1), "reservedQty": quantity(0)}, "available is too small"),
        ({"shipNode": "1", "availToSellQty": 5}, "no figures of node `1`"),
    ],
)
def test_a_stock_figure_that_cannot_be_read_says_why(node: dict[str, Any], reason: str) -> None:
    good, refused = stock(rows(Stream.INVENTORY, {"sku": "A", "nodes": [node]}))
    assert good.is_empty()
    assert reason in refused["reason"][0]


def a_return(status: str | None = "REFUND_COMPLETED", *tags: str, **changes: Any) -> dict[str, Any]:
    events = [{"eventTag": tag, "eventTime": f"2026-05-0{place}T00:00:00Z"} for place, tag in enumerate(tags, start=2)]
    line = {
        "returnOrderLineNumber": 1,
        "purchaseOrderId": "4790210558890",
        "purchaseOrderLineNumber": 2,
        "item": {"sku": "A"},
        "quantity": {"measurementValue": 3},
        "returnReason": "DEFECTIVE",
        "status": "COMPLETED",
        "currentRefundStatus": status,
        "returnTrackingDetail": events[::-1],
        **changes,
    }
    return {
        **RETURN,
        "totalRefundAmount": {"currencyAmount": 127.45, "currencyUnit": "USD"},
        "returnOrderLines": [line],
    }


def test_a_return_line_is_read_with_its_own_axes() -> None:
    (found,) = returns(rows(Stream.RETURNS, a_return("REFUND_INITIATED", "RETURN_INITIATED", "RETURN_IN_TRANSIT")))[
        0
    ].to_dicts()
    assert (found["return_line_id"], found["order_id"], found["line_id"]) == ("1", "4790210558890", "2")
    assert (found["listing_sku"], found["quantity"], found["reason"]) == ("A", 3, "DEFECTIVE")
    assert (found["custody"], found["refund"], found["source_state"]) == (
        "in_transit",
        "approved",
        "COMPLETED/REFUND_INITIATED",
    )
    assert (found["refund_amount"], found["currency"]) == (Decimal("127.45"), "USD")
    assert found["requested_at"] == datetime(2026, 5, 1, 1, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("record", "custody", "refund"),
    [
        (a_return(None, "RETURN_INITIATED"), "advised", "none"),
        (a_return("REFUND_COMPLETED", "RETURN_INITIATED", "REFUND_ISSUED"), "advised", "refunded"),
        (a_return("REFUND_COMPLETED", "RETURN_IN_TRANSIT", "DELIVERED_AFTER_INVOICE"), "received", "refunded"),
        (a_return("REFUND_COMPLETED", isKeepIt=True), "not_returned", "refunded"),
        (a_return("MAYBE", "MAYBE_EVENT"), "unknown", "unknown"),
        (a_return(None, "RETURN_INITIATED") | {"returnType": "REPLACEMENT"}, "advised", "replaced"),
    ],
)
def test_custody_and_refund_follow_events_and_states(record: dict[str, Any], custody: str, refund: str) -> None:
    (found,) = returns(rows(Stream.RETURNS, record))[0].to_dicts()
    assert (found["custody"], found["refund"]) == (custody, refund)


def test_the_newest_version_of_a_return_counts_and_a_refund_of_several_lines_is_on_none() -> None:
    old = a_return("REFUND_INITIATED", "RETURN_INITIATED")
    new = a_return("REFUND_COMPLETED", "RETURN_INITIATED", "DELIVERED_AFTER_INVOICE")
    second = {**new["returnOrderLines"][0], "returnOrderLineNumber": 2, "quantity": {"measurementValue": 1.0}}
    new["returnOrderLines"] = [*new["returnOrderLines"], second]
    good, refused = returns(rows(Stream.RETURNS, old, new))
    assert refused.is_empty()
    found = good.sort("return_line_id").select("return_line_id", "quantity", "refund", "refund_amount", "currency")
    assert found.rows() == [("1", 3, "refunded", None, None), ("2", 1, "refunded", None, None)]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (a_return(quantity={"measurementValue": 0.5}), "quantity `0.5` is no whole number"),
        (a_return() | {"totalRefundAmount": {"currencyAmount": "much"}}, "refund `much` is no amount"),
        (a_return() | {"returnOrderLines": ["x"]}, "not in the form"),
    ],
)
def test_a_return_that_cannot_be_read_says_why(record: dict[str, Any], reason: str) -> None:
    good, refused = returns(rows(Stream.RETURNS, record))
    assert good.is_empty()
    assert reason in refused["reason"][0]


def settlement_row(label: str, amount: str, kind: str = "Sale", **changes: str) -> dict[str, Any]:
    row = {
        "Period Start Date": '""',
        "Transaction Type": kind,
        "Transaction Posted Timestamp": "04/30/2026",
        "Amount Type": label,
        "Amount": amount,
        "Purchase Order #": "1803550130406",
        "Purchase Order line #": "1",
        **changes,
    }
    return {"reportDate": "05112026", "ordinal": 1, "row": row}


@pytest.mark.parametrize(
    ("label", "transaction", "kind"),
    [
        ("Product Price", "Sale", "sale"),
        ("Product Price", "Refund", "refund"),
        ("Product tax", "Sale", "tax"),
        ("Product tax withheld", "Sale", "tax_withheld"),
        ("Shipping Price", "Sale", "shipping"),
        ("Commission on Product", "Sale", "fee"),
        ("WFS Fulfillment fee", "Sale", "fee"),
        ("Item discount", "Sale", "discount"),
        ("Reserve withheld", "Adjustment", "reserve"),
        ("Lost inventory reimbursement", "Adjustment", "adjustment"),
        ("Programme Levy 26B", "Adjustment", "unknown"),
    ],
)
def test_every_amount_has_a_kind_and_an_unheard_of_one_stays_visible(label: str, transaction: str, kind: str) -> None:
    good, refused = payments(rows(Stream.FINANCES, settlement_row(label, "-1.50", transaction)))
    assert refused.is_empty()
    (found,) = good.to_dicts()
    assert (found["kind"], found["source_label"], found["part"]) == (kind, label, label)
    assert (found["amount"], found["currency"], found["state"]) == (Decimal("-1.50"), "USD", "paid_out")
    assert (found["order_id"], found["line_id"], found["payout_id"]) == ("1803550130406", "1", "05112026")
    assert found["posted_at"] == utc(2026, 4, 30)
    assert str(found["changed_on"]) == "2026-05-11"


def test_the_summary_is_the_payout_and_empty_cells_are_nothing() -> None:
    row = {
        "Transaction Type": "PaymentSummary",
        "Total Payable": "0.74",
        "Currency": "USD",
        "Purchase Order #": '""',
        "Amount": '""',
        "Transaction Posted Timestamp": "05/11/2026",
    }
    (found,) = payments(rows(Stream.FINANCES, {"reportDate": "05112026", "ordinal": 1, "row": row}))[0].to_dicts()
    assert (found["kind"], found["amount"], found["order_id"]) == ("payout", Decimal("0.74"), None)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (settlement_row("Product Price", '""'), "amount `` is no amount"),
        (settlement_row("Product Price", "1,00"), "amount `1,00` is no amount"),
        (settlement_row("Product Price", "1.00", **{"Transaction Posted Timestamp": "2026-04-30"}), "MM/DD/YYYY"),
    ],
)
def test_a_settlement_row_that_cannot_be_read_says_why(record: dict[str, Any], reason: str) -> None:
    good, refused = payments(rows(Stream.FINANCES, record))
    assert good.is_empty()
    assert reason in refused["reason"][0]


def test_equal_rows_of_a_report_are_each_counted() -> None:
    row = settlement_row("Product Price", "1.00")
    good, _ = payments(rows(Stream.FINANCES, row, row, row | {"ordinal": 2}))
    assert good["amount"].sum() == Decimal("2.00")
