"""What eBay's payloads mean: forms, masking, orders, listings, returns, money."""

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from linkstar_pipelines.connectors.ebay.forms import STREAMS, mask_order
from linkstar_pipelines.connectors.ebay.listings import listings, stock
from linkstar_pipelines.connectors.ebay.orders import FORM
from linkstar_pipelines.connectors.ebay.payments import payments
from linkstar_pipelines.connectors.ebay.returns import returns
from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.domain.orders import order_lines, orders
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.schemas.products import ListingMap
from tests.connectors.ebay.payloads import (
    SEEN_AT,
    ZONES,
    amount,
    listing,
    order,
    raw,
    return_of,
    text_of,
    transaction,
)

RULES = SkuCodeRules(separators=("_",), suffixes=(), accept={"default": r"^LS-[A-Z]{5}-\d{4}$"})


def head(payload: Any) -> dict[str, Any]:
    good, _ = orders(raw(Stream.ORDERS, payload), FORM, ZONES)
    return good.row(0, named=True)


def line(payload: Any) -> dict[str, Any]:
    good, rejected = order_lines(raw(Stream.ORDERS, payload), FORM, ListingMap.create_empty(), ZONES)
    assert rejected.is_empty(), rejected["reason"].to_list()
    return good.row(0, named=True)


def reasons(payload: Any) -> str:
    _, rejected = order_lines(raw(Stream.ORDERS, payload), FORM, ListingMap.create_empty(), ZONES)
    return ", ".join(rejected["reason"])


def test_persons_are_masked_everywhere_and_masking_twice_changes_nothing() -> None:
    text = text_of(raw(Stream.ORDERS, order()))
    for personal in ("somebody", "X1", "ring twice", "Erika", "Secret Lane", "e@example.com", "for you"):
        assert personal not in text
    for kept in ("Wien", "1010", "AT", "IM2760000742", "DHL"):
        assert kept in text
    assert mask_order(mask_order(order())) == mask_order(order())
    assert "somebody" not in text_of(raw(Stream.FINANCES, transaction()))
    assert "call me" not in text_of(raw(Stream.RETURNS, return_of("RETURN_STARTED")))


@pytest.mark.parametrize("broken", [{"lineItems": "x"}, {"fulfillmentStartInstructions": [3]}, {"lineItems": [None]}])
def test_masking_bears_malformed_orders(broken: dict[str, Any]) -> None:
    assert mask_order(order(**broken))


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (order(orderId=None), "order_id is missing"),
        (order(lineItems=None), "lineItems is missing"),
        (order(lineItems=[]), "lineItems is missing, empty"),
        (order(lastModifiedDate="soon"), "updated_at is missing or unreadable"),
    ],
)
def test_an_order_that_cannot_be_placed_is_rejected_with_the_reason(payload: dict[str, Any], words: str) -> None:
    rows, rejected = raw_rows("ebay", "us", Stream.ORDERS, STREAMS[Stream.ORDERS], [payload], SEEN_AT)
    assert rows.is_empty()
    assert words in rejected["reason"][0]


@pytest.mark.parametrize(
    ("fulfillment", "payment", "cancel", "state", "source"),
    [
        ("NOT_STARTED", "PENDING", "NONE_REQUESTED", "awaiting_payment", "NOT_STARTED/PENDING"),
        ("NOT_STARTED", "FAILED", "NONE_REQUESTED", "awaiting_payment", "NOT_STARTED/FAILED"),
        ("NOT_STARTED", "PAID", "NONE_REQUESTED", "to_ship", "NOT_STARTED/PAID"),
        ("NOT_STARTED", "PAID", "IN_PROGRESS", "to_ship", "NOT_STARTED/PAID/IN_PROGRESS"),
        ("IN_PROGRESS", "PAID", "NONE_REQUESTED", "part_shipped", "IN_PROGRESS/PAID"),
        ("FULFILLED", "PARTIALLY_REFUNDED", "NONE_REQUESTED", "shipped", "FULFILLED/PARTIALLY_REFUNDED"),
        ("FULFILLED", "FULLY_REFUNDED", "NONE_REQUESTED", "shipped", "FULFILLED/FULLY_REFUNDED"),
        ("NOT_STARTED", "FULLY_REFUNDED", "NONE_REQUESTED", "cancelled", "NOT_STARTED/FULLY_REFUNDED"),
        ("NOT_STARTED", "PAID", "CANCELED", "cancelled", "NOT_STARTED/PAID/CANCELED"),
        ("TELEPORTED", "PAID", "NONE_REQUESTED", "unknown", "TELEPORTED/PAID"),
        ("NOT_STARTED", "BARTERED", "NONE_REQUESTED", "unknown", "NOT_STARTED/BARTERED"),
    ],
)
def test_states(fulfillment: str, payment: str, cancel: str, state: str, source: str) -> None:
    read = head(
        order(orderFulfillmentStatus=fulfillment, orderPaymentStatus=payment, cancelStatus={"cancelState": cancel})
    )
    assert (read["state"], read["source_state"]) == (state, source)


def test_facts_of_an_order() -> None:
    read = head(order())
    assert read["marketplace_id"] == "EBAY_DE"
    assert (read["total_amount"], read["currency"], read["ship_country"]) == (Decimal("25.73"), "EUR", "AT")
    assert read["fulfilled_by"] == "seller"
    assert head(order(program={"fulfillmentProgram": {"fulfilledBy": "EBAY"}}))["fulfilled_by"] == "platform"
    assert head(order(orderFulfillmentStatus=None, orderPaymentStatus=None, cancelStatus=None))["state"] == "unknown"


def test_facts_of_a_line() -> None:
    read = line(order())
    assert read["ioss_number"] == "IM2760000742"
    amounts = ("unit_price", "item_amount", "tax_amount", "shipping_amount", "discount_amount")
    assert [str(read[name]) for name in amounts] == ["10.0000", "20.0000", "4.2300", "4.5000", "3.0000"]
    assert (read["listing_sku"], read["title"], read["currency"]) == ("LS-KITCH-0001", "Spatula", "EUR")
    assert (read["quantity_ordered"], read["quantity_shipped"], read["quantity_cancelled"]) == (2, 0, 0)


def test_what_ebay_does_not_tell_stays_unknown() -> None:
    bare: dict[str, Any] = {
        "discountedLineItemCost": None,
        "taxes": [],
        "ebayCollectAndRemitTaxes": None,
        "deliveryCost": None,
    }
    read = line(order(line={**bare, "sku": None, "quantity": 3}))
    for name in ("tax_amount", "discount_amount", "shipping_amount", "ioss_number", "unit_price"):
        assert read[name] is None, name
    assert read["listing_sku"] == "110"


@pytest.mark.parametrize(
    ("status", "shipped", "state"),
    [("NOT_STARTED", 0, "to_ship"), ("IN_PROGRESS", 0, "part_shipped"), ("FULFILLED", 2, "shipped")],
)
def test_a_line_is_shipped_when_ebay_says_it_is_whole(status: str, shipped: int, state: str) -> None:
    read = line(order(line={"lineItemFulfillmentStatus": status}, orderFulfillmentStatus="IN_PROGRESS"))
    assert (read["quantity_shipped"], read["state"]) == (shipped, state)


def test_a_cancelled_orders_units_are_cancelled() -> None:
    read = line(order(cancelStatus={"cancelState": "CANCELED"}))
    assert (read["state"], read["quantity_cancelled"]) == ("cancelled", 2)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (order(line={"lineItemCost": amount("n/a")}), "item_amount `n/a` is no amount"),
        (order(line={"discountedLineItemCost": amount("x")}), "discountedLineItemCost `x` is no amount"),
        (order(line={"quantity": 1.5}), "quantity_ordered `1.5` is no whole number"),
        (order(pricingSummary=[1]), "not in the form"),
    ],
)
def test_an_unreadable_order_is_put_aside_with_the_reason(payload: dict[str, Any], words: str) -> None:
    assert words in reasons(payload)


def test_one_listing_is_a_row_per_offer_with_its_own_price_and_quantity() -> None:
    rows = raw(Stream.LISTINGS, listing())
    assert set(rows.select("listing_id", "marketplace_id").iter_rows()) == {("11", "EBAY_DE"), ("12", "EBAY_GB")}
    good, rejected = listings(rows, RULES)
    assert rejected.is_empty()
    columns = ("marketplace_id", "code", "cleaning", "title", "listing_status", "price", "currency")
    assert good.sort("marketplace_id").select(columns).rows() == [
        ("EBAY_DE", "LS-KITCH-0001", "upper+trim+separator", "Spatula", "PUBLISHED,ACTIVE", Decimal("9.99"), "EUR"),
        ("EBAY_GB", "LS-KITCH-0001", "upper+trim+separator", "Spatula", "PUBLISHED,ACTIVE", Decimal("8.99"), "GBP"),
    ]
    shown, unread = stock(raw(Stream.INVENTORY, listing()))
    assert unread.is_empty()
    assert dict(shown.select("listing_id", "available").iter_rows()) == {"11": 4, "12": 6}


def test_the_number_and_picture_of_an_item_are_those_of_its_product() -> None:
    record = listing()
    record["inventoryItem"]["product"] |= {"upc": ["036000291452"], "imageUrls": ["https://i.ebayimg.com/1.jpg", "2"]}
    good, _ = listings(raw(Stream.LISTINGS, record), RULES)
    assert set(good.select("gtin", "image_url").iter_rows()) == {("00036000291452", "https://i.ebayimg.com/1.jpg")}


def test_unfit_codes_are_kept_and_unreadable_prices_and_quantities_are_put_aside() -> None:
    good, rejected = listings(raw(Stream.LISTINGS, listing("AMZ.GR.X")), RULES)
    assert rejected.is_empty()
    assert all("fits no code rule" in problem for problem in good["code_problem"])
    _, rejected = listings(raw(Stream.LISTINGS, listing(pricingSummary={"price": amount("free")})), RULES)
    assert rejected["reason"].to_list() == ["price `free` is no amount"]
    _, rejected = stock(raw(Stream.INVENTORY, listing(availableQuantity="many")))
    assert rejected["reason"].to_list() == ["quantity `many` is no whole number"]


def test_an_item_without_offers_is_no_listing_and_another_form_is_rejected() -> None:
    form = STREAMS[Stream.LISTINGS]
    rows, rejected = raw_rows("ebay", "us", Stream.LISTINGS, form, [{"inventoryItem": {}, "offers": []}, {}], SEEN_AT)
    assert rows.is_empty()
    assert rejected["reason"].to_list() == ["payload is no inventory item with its offers"]


SHIPPED = ("2026-05-06T00:00:00.000Z", "ITEM_SHIPPED")
DELIVERED = ("2026-05-08T00:00:00.000Z", "ITEM_DELIVERED")
CLOSED = ("2026-05-09T00:00:00.000Z", "CLOSED")
REFUND = {"sellerTotalRefund": {"actualRefundAmount": {"value": 12.5, "currency": "EUR"}}}


@pytest.mark.parametrize(
    ("payload", "custody", "refund"),
    [
        (return_of("RETURN_STARTED"), "advised", "pending"),
        (return_of("ITEM_SHIPPED", SHIPPED), "in_transit", "pending"),
        (return_of("ITEM_DELIVERED", SHIPPED, DELIVERED), "received", "pending"),
        (return_of("CLOSED", SHIPPED, DELIVERED, CLOSED, **REFUND), "received", "refunded"),
        (return_of("CLOSED", CLOSED), "not_returned", "none"),
        (return_of("CLOSED", DELIVERED, CLOSED, currentType="REPLACEMENT"), "received", "replaced"),
        (return_of("TELEPORTED"), "unknown", "pending"),
    ],
)
def test_goods_and_money_of_a_return(payload: dict[str, Any], custody: str, refund: str) -> None:
    good, rejected = returns(raw(Stream.RETURNS, payload))
    assert rejected.is_empty()
    read = good.row(0, named=True)
    assert (read["custody"], read["refund"]) == (custody, refund)
    assert (read["return_line_id"], read["line_id"], read["quantity"]) == ("7", "7", 1)
    assert (read["listing_sku"], read["tracking_number"]) == ("LS-KITCH-0001", "RET1")


def test_of_a_return_the_version_that_changed_last_counts_whatever_was_seen_first() -> None:
    older, newer = return_of("ITEM_SHIPPED", SHIPPED), return_of("CLOSED", SHIPPED, DELIVERED, CLOSED, **REFUND)
    for versions in ((older, newer), (newer, older)):
        good, _ = returns(raw(Stream.RETURNS, *versions))
        assert good["refund_amount"].to_list() == [Decimal("12.5")]
        assert good["updated_at"].dt.to_string("%F").to_list() == ["2026-05-09"]


def test_an_unreadable_return_is_put_aside() -> None:
    payload = return_of("CLOSED", CLOSED, sellerTotalRefund={"actualRefundAmount": {"value": "n/a"}})
    good, rejected = returns(raw(Stream.RETURNS, payload))
    assert good.is_empty()
    assert rejected["reason"].to_list() == ["refund_amount `n/a` is no amount"]


def parts(*payloads: Any) -> dict[str, tuple[str, Decimal]]:
    good, rejected = payments(raw(Stream.FINANCES, *payloads))
    assert rejected.is_empty(), rejected["reason"].to_list()
    return {part: (kind, value) for part, kind, value in good.select("part", "kind", "amount").iter_rows()}


def test_a_sale_is_gross_less_fees_and_its_refund_gives_both_back() -> None:
    sale = {
        "gross": ("sale", Decimal("100.00")),
        "7/FINAL_VALUE_FEE/0": ("fee", Decimal("-10.00")),
        "7/FINAL_VALUE_FEE_FIXED_PER_ORDER/0": ("fee", Decimal("-2.00")),
    }
    assert parts(transaction()) == sale
    refund = {part: ("refund" if kind == "sale" else kind, -value) for part, (kind, value) in sale.items()}
    assert parts(transaction(transactionType="REFUND", bookingEntry="DEBIT")) == refund


def test_fees_that_no_line_names_and_charges_without_an_order() -> None:
    assert parts(transaction(orderLineItems=None)) == {
        "gross": ("sale", Decimal("100.00")), "fees": ("fee", Decimal("-12.00")),
    }  # fmt: skip
    charge = transaction(
        transactionType="NON_SALE_CHARGE", feeType="AD_FEE", bookingEntry="DEBIT", orderId=None, orderLineItems=None,
        totalFeeAmount=None,
    )  # fmt: skip
    assert parts(charge) == {"gross": ("fee", Decimal("-88.00"))}
    assert parts(transaction(transactionType="BARTER", orderLineItems=None, totalFeeAmount=None)) == {
        "gross": ("unknown", Decimal("88.00"))
    }


def test_two_types_of_one_id_are_two_transactions_and_the_version_seen_last_counts() -> None:
    refund = transaction(transactionType="REFUND", bookingEntry="DEBIT")
    paid = transaction(transactionStatus="PAYOUT", payoutId="55")
    good, _ = payments(raw(Stream.FINANCES, transaction(), refund, paid))
    gross = good.filter(pl.col("part") == "gross").sort("transaction_id")
    columns = ("transaction_id", "state", "payout_id")
    assert gross.select(columns).rows() == [("900/REFUND", "held", None), ("900/SALE", "paid_out", "55")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bookingEntry": "SIDEWAYS"}, "neither CREDIT nor DEBIT"),
        ({"amount": None}, "amount is missing"),
        ({"totalFeeAmount": amount("x")}, "totalFeeAmount `x` is no amount"),
        ({"orderLineItems": [{"lineItemId": "7", "marketplaceFees": [{"feeType": "F", "amount": amount("y")}]}]},
         "fee `y` is no amount"),
        ({"orderLineItems": 3}, "not in the form"),
    ],
)  # fmt: skip
def test_a_transaction_with_one_unreadable_amount_is_put_aside_whole(changes: dict[str, Any], words: str) -> None:
    good, rejected = payments(raw(Stream.FINANCES, transaction(**changes)))
    assert good.is_empty()
    assert words in rejected["reason"][0]
