"""The two reports of returns as Amazon writes them: to its own warehouses (FBA), and to the seller.

Here: their columns, and one row for each unit that an FBA warehouse took back, or for each request to return to the
seller. Traps that real files have: some units carry no licence plate, so that two rows can be equal; days are written
in the habit of the marketplace and are those of its own clock; German amounts have comma decimals; files of Germany
and Japan may be in their old charsets; buyers comment.
Not here: which returns there are (the world says), the making of a report (see `requested_reports`).
"""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Marketplace
from linkstar_pipelines.sandbox.world.instants import DAY
from linkstar_pipelines.sandbox.world.life import Return
from linkstar_pipelines.sandbox.world.order import Order
from linkstar_pipelines.sandbox.world.store import Store

FBA = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"
SELLER = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
FBA_COLUMNS = (
    "return-date", "order-id", "sku", "asin", "fnsku", "product-name", "quantity", "fulfillment-center-id",
    "detailed-disposition", "reason", "status", "license-plate-number", "customer-comments",
)  # fmt: skip
SELLER_COLUMNS = (
    "Order ID", "Order date", "Return request date", "Return request status", "Amazon RMA ID", "Merchant RMA ID",
    "Label type", "Label cost", "Currency code", "Return carrier", "Tracking ID", "Label to be paid by", "A-to-Z Claim",
    "Is prime", "ASIN", "Merchant SKU", "Item Name", "Return quantity", "Return Reason", "In policy", "Return type",
    "Resolution", "Invoice number", "Return delivery date", "Order Amount", "Order quantity", "SafeT Action reason",
    "SafeT claim id", "SafeT claim state", "SafeT claim creation time", "SafeT claim reimbursement amount",
    "Refunded Amount",
)  # fmt: skip
REASONS = ("UNWANTED_ITEM", "DEFECTIVE", "NOT_AS_DESCRIBED", "DAMAGED_BY_CARRIER", "ORDERED_WRONG_ITEM")
UNSELLABLE = ("CUSTOMER_DAMAGED", "DEFECTIVE", "CARRIER_DAMAGED")
UNDERWAY = 2 * DAY
"""From the buyer's request to the arrival at the seller and the refund."""
NO_PLATE_SHARE = 0.2
_PLATE = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_DAYS = {"US": "%d-%b-%Y", "DE": "%d.%m.%Y", "JP": "%Y/%m/%d"}
_ZONES = {"US": "America/Los_Angeles", "UK": "Europe/London", "DE": "Europe/Berlin", "JP": "Asia/Tokyo"}
_CHARSETS = {"DE": "cp1252", "JP": "Shift_JIS"}
_COMMENTS = {"DE": "Größe passt nicht, bitte Frau Müller anrufen", "JP": "サイズが合いませんでした"}
Row = dict[str, str]


def returns_file(
    store: Store, report_type: str, markets: Collection[str], span: tuple[int, int], now: int
) -> tuple[bytes, str]:
    """Write a report: a header line and a row for each return of the span; empty where there is none.

    It is in the old charset of the account's newest marketplace, or in UTF-8 where that lacks a sign of it.

    Args:
        store: The account's side of the world.
        report_type: `FBA` or `SELLER`.
        markets: Ids of marketplaces.
        span: Instants [first, end): of arrivals (FBA), or of requests.
        now: What has not happened by then is not told.

    Returns:
        The bytes, and their charset.
    """
    make, columns = (_fba, FBA_COLUMNS) if report_type == FBA else (_seller, SELLER_COLUMNS)
    rows = [
        row
        for order, back in sorted(store.returns, key=lambda item: (item[1].at, item[0].id, item[1].line))
        if order.market.id in markets
        for row in make(order, back, span, now)
    ]
    if not rows:
        return b"", "utf-8"
    lines = ["\t".join(columns), *("\t".join(row.get(column, "") for column in columns) for row in rows)]
    text, charset = "\n".join(lines) + "\n", _CHARSETS.get(store.account.marketplaces[-1].code, "utf-8")
    try:
        return text.encode(charset), charset
    except UnicodeEncodeError:
        return text.encode(), "utf-8"


def _fba(order: Order, back: Return, span: tuple[int, int], now: int) -> Iterator[Row]:
    """Rows of units in an FBA warehouse: each unit has its own."""
    if not order.fba or not span[0] <= back.at < min(span[1], now + 1):
        return
    line = order.lines[back.line]
    for unit in range(back.quantity):
        key = (order.id, back.shipment.id, back.line, unit)
        plated = chance.unit("plate", order.id, back.shipment.id, back.line) >= NO_PLATE_SHARE
        yield {
            "return-date": datetime.fromtimestamp(back.at, UTC).isoformat(),
            "order-id": order.id,
            "sku": line.listing.seller_sku,
            "asin": line.listing.product.asin,
            "fnsku": line.listing.fn_sku,
            "product-name": line.listing.product.title,
            "quantity": "1",
            "fulfillment-center-id": "ABE3",
            "detailed-disposition": "SELLABLE" if back.sellable else _pick(UNSELLABLE, "disposition", *key),
            "reason": _pick(REASONS, "reason", order.id, back.line),
            "status": "Unit returned to inventory",
            "license-plate-number": f"LPNRR{chance.code(9, _PLATE, 'plate', *key)}" if plated else "",
            "customer-comments": _COMMENTS.get(order.market.code, "Too small, call Ann Buyer"),
        }


def _seller(order: Order, back: Return, span: tuple[int, int], now: int) -> Iterator[Row]:
    """The row of a request to return to the seller, as it stands now."""
    requested = back.at - UNDERWAY
    if order.fba or not span[0] <= requested < min(span[1], now + 1):
        return
    line, market, done = order.lines[back.line], order.market, back.at <= now
    key = (order.id, back.shipment.id, back.line)
    refunded = market.text(line.price.paid * back.quantity)
    yield {
        "Order ID": order.id,
        "Order date": _day(market, order.created),
        "Return request date": _day(market, requested),
        "Return request status": "Completed" if done else "Approved",
        "Amazon RMA ID": f"D{chance.code(8, _PLATE, 'rma', *key)}RRMA",
        "Label type": "AmazonPrePaidLabel",
        "Currency code": market.currency,
        "Return carrier": "USPS",
        "Tracking ID": f"92{chance.number('return parcel', *key) % 10**18:018d}",
        "Label to be paid by": "Customer",
        "A-to-Z Claim": "N",
        "Is prime": "N",
        "ASIN": line.listing.product.asin,
        "Merchant SKU": line.listing.seller_sku,
        "Item Name": line.listing.product.title,
        "Return quantity": str(back.quantity),
        "Return Reason": f"AMZ-PG-{_pick(REASONS, 'reason', order.id, back.line).replace('_', '-')}",
        "In policy": "Y",
        "Return type": "C-Returns",
        "Resolution": "StandardRefund",
        "Return delivery date": _day(market, back.at) if done else "",
        "Refunded Amount": (refunded.replace(".", ",") if market.comma_decimals else refunded) if done else "",
    }


def _pick(words: tuple[str, ...], *parts: str | int) -> str:
    return words[chance.number(*parts) % len(words)]


def _day(market: Marketplace, instant: int) -> str:
    day = datetime.fromtimestamp(instant, ZoneInfo(_ZONES[market.code]))
    return day.strftime(_DAYS.get(market.code, "%Y-%m-%d"))
