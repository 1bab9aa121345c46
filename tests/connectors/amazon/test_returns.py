"""Returns of Amazon in our words: custody, refund, disposition, units; what is not known stays visible."""

import json
from typing import Any

import polars as pl
import pytest

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon.forms import FORMS
from linkstar_pipelines.connectors.amazon.returns import returns
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.support import utc

UNIT = {
    "return-date": "2026-05-10T08:00:00+00:00", "order-id": "111-1", "sku": "SKU 1", "quantity": "1",
    "detailed-disposition": "CUSTOMER_DAMAGED", "reason": "DEFECTIVE", "status": "Unit returned to inventory",
    "license-plate-number": "LPN1", "customer-comments": "",
}  # fmt: skip
REQUEST = {
    "order-id": "111-2", "return-request-date": "10-May-2026", "return-request-status": "Approved",
    "amazon-rma-id": "RMA1", "currency-code": "USD", "tracking-id": "92001", "merchant-sku": "SKU 2",
    "return-quantity": "2", "return-reason": "AMZ-PG-BAD", "resolution": "StandardRefund", "return-delivery-date": "",
    "refunded-amount": "", "safet-claim-id": "",
}  # fmt: skip


def raw(*rows: dict[str, str], hour: int = 12) -> pl.DataFrame:
    records = [
        {"reportType": op.FBA_RETURNS_REPORT if "return-date" in row else op.SELLER_RETURNS_REPORT, "row": row}
        for row in rows
    ]
    form = FORMS[Stream.RETURNS]
    good, refused = raw_rows("amazon", "na", Stream.RETURNS, form, records, utc(2026, 5, 20, hour))
    assert refused.is_empty()
    return good


def read(*rows: dict[str, str]) -> dict[str, Any]:
    good, refused = returns(raw(*rows))
    assert refused.is_empty(), refused["reason"].to_list()
    return good.row(0, named=True)


def test_a_unit_in_an_amazon_warehouse_has_arrived_and_says_nothing_of_money() -> None:
    row = read(UNIT)
    assert row["return_id"] == "111-1/SKU 1/LPN1/2026-05-10T08:00:00+00:00"
    assert (row["order_id"], row["return_line_id"], row["line_id"], row["listing_sku"], row["quantity"]) == (
        "111-1", "LPN1", None, "SKU 1", 1,
    )  # fmt: skip
    assert (row["custody"], row["refund"], row["disposition"]) == ("received", None, "damaged")
    assert (row["reason"], row["source_state"]) == ("DEFECTIVE", "Unit returned to inventory/CUSTOMER_DAMAGED")
    assert row["updated_at"] == utc(2026, 5, 10, 8)


def test_a_return_to_the_seller_is_announced_then_arrives_and_is_refunded() -> None:
    asked = read(REQUEST)
    assert (asked["custody"], asked["refund"], asked["refund_amount"]) == ("advised", "approved", None)
    assert (asked["quantity"], asked["tracking_number"], asked["requested_at"]) == (2, "92001", utc(2026, 5, 10))
    arrived = {"return-request-status": "Completed", "return-delivery-date": "14-May-2026", "refunded-amount": "21.38"}
    done = read(REQUEST | arrived)
    assert (done["custody"], done["refund"], str(done["refund_amount"])) == ("received", "refunded", "21.3800")
    assert done["changed_on"].isoformat() == "2026-05-14"


@pytest.mark.parametrize(
    ("changes", "custody", "refund"),
    [
        ({"return-request-status": "Denied"}, "not_returned", "denied"),
        ({"return-request-status": "Pending"}, "advised", "pending"),
        ({"resolution": "ReplacementItem"}, "advised", "replaced"),
        ({"return-request-status": "Teleported"}, "unknown", "unknown"),
        ({"return-request-status": ""}, "unknown", "unknown"),
        ({"return-request-status": "Completed", "refunded-amount": "5"}, "unknown", "refunded"),
    ],
)
def test_custody_and_refund_follow_the_words_of_the_sellers_report(
    changes: dict[str, str], custody: str, refund: str
) -> None:
    row = read(REQUEST | changes)
    assert (row["custody"], row["refund"]) == (custody, refund)
    assert row["source_state"] == (changes.get("return-request-status", "Approved") or "NOT_STATED")


@pytest.mark.parametrize(
    ("said", "canonical"),
    [("SELLABLE", "sellable"), ("Defective", "defective"), ("EXPIRED", "expired"), ("HAUNTED", "unknown"), ("", None)],
)
def test_dispositions_are_canonical_and_one_that_nobody_knows_stays_visible(said: str, canonical: str | None) -> None:
    row = read(UNIT | {"detailed-disposition": said})
    assert row["disposition"] == canonical
    assert row["source_state"].endswith(said.upper() or "inventory")


@pytest.mark.parametrize(("said", "amount"), [("1.234,50", "1234.5000"), ("21,38", "21.3800"), ("5", "5.0000")])
def test_refunds_are_read_in_the_locale_of_the_file(said: str, amount: str) -> None:
    assert str(read(REQUEST | {"refunded-amount": said})["refund_amount"]) == amount


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"return-quantity": "two"}, "quantity `two` is no whole number"),
        ({"refunded-amount": "1.234"}, "refund `1.234` is no amount"),
        ({"refunded-amount": "5.00", "currency-code": ""}, "amount has currency"),
    ],
)
def test_what_cannot_be_read_is_put_aside_with_the_reason_and_its_day(changes: dict[str, str], reason: str) -> None:
    good, refused = returns(raw(UNIT, REQUEST | changes))
    assert good.height == 1
    assert reason in refused["reason"].item()
    assert refused["source_key"].item().startswith("amazon/na/111-2/SKU 2/RMA1/10-May-2026/")
    assert refused["scope"].item() == "2026-05-10"


def test_of_two_versions_of_one_day_the_one_seen_last_counts() -> None:
    first, then = raw(REQUEST, hour=1), raw(REQUEST | {"refunded-amount": "9.00"}, hour=2)
    for order in ([first, then], [then, first]):
        good, _ = returns(pl.concat(order))
        assert good["refund"].to_list() == ["refunded"]


def test_the_raw_table_keeps_the_line_as_it_was_but_for_the_buyers_words() -> None:
    (payload,) = raw(UNIT | {"customer-comments": "call Ann"})["payload"]
    assert json.loads(payload)["row"] == {name: text for name, text in UNIT.items() if name != "customer-comments"}
