"""Shopee's money (escrow, wallet): what is paid, kept and taken back, each amount once.

Belongs here: the reader into `core.payments`. Does not belong here: reconciling payouts with a bank.

Shopee shows the same money in several places. What counts here:

* of an order, its escrow detail at release: its parts add up to `escrow_amount`, by the formula of the reference. What
  the formula does not explain (cross-border affiliates, fields that came later) is a part of kind `unknown`.
* beside that, the wallet, but for what is the escrow again: `ESCROW_VERIFIED_*` and `FAST_ESCROW_*`. A completed
  withdrawal moves nothing that its creation did not move, and a failed movement is none.
* not the `order_adjustment`s of an escrow detail: the wallet has each of them as a movement of its own.

No finance payload names its currency: it is that of the shop's region.
"""

from typing import Final

import polars as pl

from linkstar_pipelines.connectors.shopee.operations import CURRENCIES
from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.schemas.columns import MONEY
from linkstar_pipelines.schemas.core import Payments

PLUS: Final = {
    "original_cost_of_goods_sold": "sale",
    "seller_return_refund": "refund",
    "shopee_discount": "discount",
    "buyer_paid_shipping_fee": "shipping",
    "shopee_shipping_rebate": "shipping",
    "shipping_fee_discount_from_3pl": "shipping",
    "rsf_seller_protection_fee_claim_amount": "adjustment",
    "buyer_paid_packaging_fee": "shipping",
}
"""Parts of an escrow that add to it, by field of `order_income`."""

MINUS: Final = {
    "original_shopee_discount": "discount",
    "voucher_from_seller": "discount",
    "seller_coin_cash_back": "discount",
    "trade_in_bonus_by_seller": "discount",
    "actual_shipping_fee": "fee",
    "reverse_shipping_fee": "fee",
    "final_return_to_seller_shipping_fee": "fee",
    "seller_transaction_fee": "fee",
    "service_fee": "fee",
    "commission_fee": "fee",
    "campaign_fee": "fee",
    "shipping_seller_protection_fee_amount": "fee",
    "delivery_seller_protection_fee_premium_amount": "fee",
    "order_ams_commission_fee": "fee",
    "reverse_shipping_fee_sst": "fee",
    "shipping_fee_sst": "fee",
    "overseas_return_service_fee": "fee",
    "seller_order_processing_fee": "fee",
    "fbs_fee": "fee",
    "ads_escrow_top_up_fee_or_technical_support_fee": "fee",
    "final_escrow_product_gst": "tax_withheld",
    "escrow_tax": "tax_withheld",
    "sales_tax_on_lvg": "tax_withheld",
    "withholding_tax": "tax_withheld",
    "vat_on_imported_goods": "tax_withheld",
    "withholding_vat_tax": "tax_withheld",
    "withholding_pit_tax": "tax_withheld",
    "withholding_cit_tax": "tax_withheld",
    "th_import_duty": "tax_withheld",
}
"""Parts that are taken from it."""

MOVEMENTS: Final = {
    "WITHDRAWAL_CREATED": "payout",
    "WITHDRAWAL_CANCELLED": "payout",
    "ADJUSTMENT_ADD": "adjustment",
    "ADJUSTMENT_MINUS": "adjustment",
    "FBS_ADJUSTMENT_ADD": "adjustment",
    "FBS_ADJUSTMENT_MINUS": "adjustment",
    "ADJUSTMENT_CENTER_ADD": "adjustment",
    "ADJUSTMENT_CENTER_DEDUCT": "adjustment",
    "FSF_COST_PASSING_DEDUCT": "fee",
    "PERCEPTION_VAT_TAX_DEDUCT": "tax_withheld",
    "PERCEPTION_TURNOVER_TAX_DEDUCT": "tax_withheld",
    "PAID_ADS_CHARGE": "fee",
    "PAID_ADS_REFUND": "fee",
    "AFFILIATE_ADS_SELLER_FEE": "fee",
    "AFFILIATE_ADS_SELLER_FEE_REFUND": "fee",
    "AFFILIATE_FEE_DEDUCT": "fee",
}
"""Kind by type of wallet movement. An adjustment that names a return (`refund_sn`) is a refund."""

COUNTED_ELSEWHERE: Final = (
    "ESCROW_VERIFIED_ADD", "ESCROW_VERIFIED_MINUS", "FAST_ESCROW_DISBURSE", "FAST_ESCROW_DEDUCT",
    "FAST_ESCROW_DISBURSE_REMAIN", "WITHDRAWAL_COMPLETED",
)  # fmt: skip
REMAINDER: Final = "escrow_amount - parts"
"""Label of what the formula leaves unexplained."""

_FIELDS: Final = (*PLUS, *MINUS, "escrow_amount")
_WALLET: Final = (
    "status", "transaction_type", "amount", "money_flow", "order_sn", "refund_sn", "reason", "withdrawal_id",
)  # fmt: skip
_RECORD: Final = pl.Struct({
    "region": pl.String,
    "detail": pl.Struct({
        "order_sn": pl.String,
        "order_income": pl.Struct(dict.fromkeys(_FIELDS, pl.String)),
    }),
    "wallet": pl.Struct(dict.fromkeys(_WALLET, pl.String)),
})  # fmt: skip
_KEY: Final = ["platform", "store", "transaction_id"]


def payments(raw_finances: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read every amount of escrows and wallet movements.

    Args:
        raw_finances: All versions seen; the one seen last counts.

    Returns:
        One row per amount that is not 0, and the records that cannot be read (`scope` = day of posting).
    """
    newest = raw_finances.sort(*_KEY, "observed_at", "payload_hash").unique(_KEY, keep="last", maintain_order=True)
    decoded = newest.with_columns(record=json_columns.decode(newest["payload"], _RECORD))
    region = pl.col("record").struct.field("region")
    rows = decoded.with_columns(currency=region.replace_strict(CURRENCIES, default=None, return_dtype=pl.String))
    amounts = pl.concat([_escrows(rows), _movements(rows)])
    read = amounts.with_columns(amount=json_columns.amount(pl.col("amount_text")) * pl.col("sign")).with_columns(
        problem=pl.when(pl.col("amount").is_null()).then(
            pl.format("{} `{}` is no amount", "source_label", pl.col("amount_text").fill_null(""))
        )
    )
    spoiled = read.filter(pl.col("problem").is_not_null())
    no_form = rows.filter(_formless())
    refused = pl.concat(
        [
            _refused(spoiled.unique([*_KEY], keep="first", maintain_order=True), pl.col("problem")),
            _refused(no_form, pl.lit("payload is neither an escrow nor a movement of the wallet")),
        ]
    )
    whole = read.join(spoiled, on=_KEY, how="anti", maintain_order="left").filter(pl.col("amount") != 0)
    table = pl.concat([whole.filter(~pl.col("is_total")), _remainders(whole)]).with_columns(
        amount=pl.col("amount").cast(MONEY),
        kind=pl.col("kind").cast(Payments.kind.dtype),
        state=pl.col("state").cast(Payments.state.dtype),
    )
    key = pl.concat_str(*_KEY, "part", separator="/")
    good, rejected = quarantine.split(
        table.select(Payments.column_names()), Payments, key, scope=pl.col("changed_on")
    )  # fmt: skip
    return good, quarantine.concat_rejects(refused, rejected)


def _formless() -> pl.Expr:
    record = pl.col("record").struct
    income = record.field("detail").struct.field("order_income")
    return pl.col("record").is_null() | (income.is_null() & record.field("wallet").is_null())


def _escrows(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per field of the income, the stated total among them."""
    detail = pl.col("record").struct.field("detail").struct
    income = detail.field("order_income")
    labels = pl.DataFrame(
        {
            "source_label": list(_FIELDS),
            "kind": [*PLUS.values(), *MINUS.values(), "unknown"],
            "sign": [*(1 for _ in PLUS), *(-1 for _ in MINUS), 1],
        }
    )
    wide = rows.filter(income.is_not_null()).with_columns(
        *(income.struct.field(field).fill_null("0").alias(field) for field in _FIELDS),
        order_id=detail.field("order_sn"), payout_id=pl.lit(None, pl.String), state=pl.lit("released"),
    )  # fmt: skip
    index = [*_KEY, "payload", "payload_hash", "posted_at", "changed_on", "currency", "order_id", "payout_id", "state"]
    long = wide.unpivot(on=list(_FIELDS), index=index, variable_name="source_label", value_name="amount_text")
    return _columns(
        long.join(labels, on="source_label", how="left", maintain_order="left").with_columns(
            part="source_label", is_total=pl.col("source_label") == "escrow_amount"
        )
    )


def _movements(rows: pl.DataFrame) -> pl.DataFrame:
    wallet = pl.col("record").struct.field("wallet").struct
    kind = wallet.field("transaction_type")
    flow, text = wallet.field("money_flow"), wallet.field("amount")
    refund = kind.str.starts_with("ADJUSTMENT") & (wallet.field("refund_sn").fill_null("") != "")
    counts = ~kind.is_in(COUNTED_ELSEWHERE) & wallet.field("status").ne_missing("FAILED")
    moved = rows.filter(pl.col("record").struct.field("wallet").is_not_null()).filter(counts)
    return _columns(
        moved.with_columns(
            source_label=kind,
            part=kind,
            kind=pl.when(refund)
            .then(pl.lit("refund"))
            .otherwise(kind.replace_strict(MOVEMENTS, default="unknown", return_dtype=pl.String)),
            # The direction is stated on its own; the amount may or may not carry it as a sign.
            amount_text=pl.when(flow.is_in(["MONEY_IN", "MONEY_OUT"])).then(text.str.strip_prefix("-")).otherwise(text),
            sign=pl.when(flow == "MONEY_OUT").then(-1).otherwise(1).cast(pl.Int64),
            state=wallet.field("status").replace_strict(
                {"COMPLETED": "released", "PENDING": "held", "INITIAL": "held"}, default="unknown",
                return_dtype=pl.String,
            ),
            order_id=_given(wallet.field("order_sn")),
            payout_id=_given(wallet.field("withdrawal_id")),
            is_total=pl.lit(value=False),
        )
    )  # fmt: skip


def _columns(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        *_KEY, "payload", "payload_hash", "posted_at", "changed_on", "currency", "order_id", "payout_id", "state",
        "source_label", "part", "kind", "is_total", "amount_text", pl.col("sign").cast(pl.Int64),
        line_id=pl.lit(None, pl.String),
    )  # fmt: skip


def _remainders(amounts: pl.DataFrame) -> pl.DataFrame:
    """Return what the stated total of an escrow holds beyond its parts, as a part of its own."""
    totals = pl.when("is_total").then("amount").otherwise(-pl.col("amount")).sum().over(_KEY)
    escrow = pl.col("is_total").any().over(_KEY) | pl.col("part").is_in(list(_FIELDS))
    rest = amounts.filter(escrow).with_columns(amount=totals).unique(_KEY, keep="first", maintain_order=True)
    return rest.filter(pl.col("amount") != 0).with_columns(
        source_label=pl.lit(REMAINDER), part=pl.lit(REMAINDER), kind=pl.lit("unknown")
    )


def _refused(rows: pl.DataFrame, reason: pl.Expr) -> pl.DataFrame:
    return rows.select(
        source_key=pl.concat_str(*_KEY, pl.col("payload_hash").str.head(12), separator="/"),
        reason=reason,
        payload="payload",
        scope=pl.col("changed_on").cast(pl.String),
    )


def _given(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)
