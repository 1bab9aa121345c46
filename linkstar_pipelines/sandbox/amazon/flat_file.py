"""The settlement report as Amazon writes it: flat file V2, tab-separated.

Here: the columns, the header row that carries the total, one row per posting, and the locale of the account (German
files have comma decimals and `dd.mm.yyyy`; all others point decimals and ISO dates).
Traps that real files have: rows without an order leave marketplace and sku empty, `quantity-purchased` stands on
principal rows alone, reserves are rows of their own. Not here: which settlements exist (see `world.settlements`).
"""

from datetime import UTC, datetime

from linkstar_pipelines.sandbox.world.accounts import Marketplace
from linkstar_pipelines.sandbox.world.money import Entry, Posting, Transaction
from linkstar_pipelines.sandbox.world.settlements import Settlement

COLUMNS = (
    "settlement-id",
    "settlement-start-date",
    "settlement-end-date",
    "deposit-date",
    "total-amount",
    "currency",
    "transaction-type",
    "order-id",
    "merchant-order-id",
    "adjustment-id",
    "shipment-id",
    "marketplace-name",
    "amount-type",
    "amount-description",
    "amount",
    "fulfillment-id",
    "posted-date",
    "posted-date-time",
    "order-item-code",
    "merchant-order-item-id",
    "merchant-adjustment-item-id",
    "sku",
    "quantity-purchased",
    "promotion-id",
)
TRANSACTION_TYPES = {"Shipment": "Order", "Refund": "Refund", "ProductAdsPayment": "ServiceFee"}
OTHER = "other-transaction"
RESERVES = ("Previous Reserve Amount Balance", "Current Reserve Amount")
Row = dict[str, str]


def settlement_file(settlement: Settlement) -> str:
    """Write one settlement as text: a header line, then the rows, in the columns of `COLUMNS`."""
    rows = [_totals(settlement)]
    for amount, label, at in (
        (settlement.previous_reserve, RESERVES[0], settlement.start),
        (-settlement.reserve, RESERVES[1], settlement.end - 1),
    ):
        if amount:
            rows.append(_row(settlement, OTHER, (OTHER, label, amount), at))
    for transaction in settlement.transactions:
        for entry in transaction.entries:
            rows.extend(_postings(settlement, transaction, entry))
    lines = ["\t".join(COLUMNS), *("\t".join(row.get(column, "") for column in COLUMNS) for row in rows)]
    return "\n".join(lines) + "\n"


def _totals(settlement: Settlement) -> Row:
    market = settlement.market
    return {
        "settlement-id": settlement.id,
        "settlement-start-date": _moment(market, settlement.start),
        "settlement-end-date": _moment(market, settlement.end),
        "deposit-date": _moment(market, settlement.deposited),
        "total-amount": _number(market, settlement.total),
        "currency": market.currency,
    }


def _postings(settlement: Settlement, transaction: Transaction, entry: Entry) -> list[Row]:
    kind = TRANSACTION_TYPES.get(transaction.kind, OTHER)
    order, line, rows = transaction.order, entry.line, []
    for posting in entry.postings:
        group, label, _ = posting
        row = _row(settlement, kind, posting, transaction.settled)
        if entry.listing:
            row["sku"] = entry.listing.seller_sku
        if order and line:
            row["order-id"] = order.id
            row["adjustment-id"] = transaction.refund_id
            row["shipment-id"] = transaction.shipment_id
            row["marketplace-name"] = order.market.name
            row["fulfillment-id"] = "AFN" if order.fba else "MFN"
            row["order-item-code"] = line.item_id
        if label in {"Principal", "WAREHOUSE_LOST"} and group != "Promotion":
            row["quantity-purchased"] = str(entry.quantity)
        if group == "Promotion" and line and line.price.promotion:
            row["promotion-id"] = line.price.promotion
        rows.append(row)
    return rows


def _row(settlement: Settlement, kind: str, posting: Posting, at: int) -> Row:
    group, label, amount = posting
    market = settlement.market
    return {
        "settlement-id": settlement.id,
        "transaction-type": kind,
        "amount-type": group,
        "amount-description": label,
        "amount": _number(market, amount),
        "posted-date": _moment(market, at).split(" ", 1)[0],
        "posted-date-time": _moment(market, at),
    }


def _number(market: Marketplace, minor: int) -> str:
    text = market.text(minor)
    return text.replace(".", ",") if market.comma_decimals else text


def _moment(market: Marketplace, instant: int) -> str:
    form = "%d.%m.%Y %H:%M:%S UTC" if market.comma_decimals else "%Y-%m-%d %H:%M:%S UTC"
    return datetime.fromtimestamp(instant, UTC).strftime(form)
