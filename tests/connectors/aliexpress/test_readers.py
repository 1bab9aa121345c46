"""What products, issues and releases of money mean."""

import json
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from linkstar_pipelines.connectors.aliexpress.listings import listings, stock
from linkstar_pipelines.connectors.aliexpress.payments import payments
from linkstar_pipelines.connectors.aliexpress.returns import returns
from linkstar_pipelines.domain.sku_codes import SkuCodeRules
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.aliexpress.payloads import issue, loan, product, raw, solution, usd
from tests.connectors.support import utc

RULES = SkuCodeRules(suffixes=(), accept={"default": "^LS-[A-Z]{2,8}-[0-9]{4}$"})
GOODS, MONEY = "return_and_refund", "refund"


def sku(identity: str, code: str | None, **changes: Any) -> dict[str, Any]:
    return {"id": identity, "sku_code": code, "ipm_sku_stock": 5, "sku_price": "9.99", **changes}


def test_every_variant_is_a_listing_with_its_own_code_and_price() -> None:
    rows, _ = raw(Stream.LISTINGS, product(sku("14:1", " ls_kitch_0001 "), sku("14:2", "LS-KITCH-0002", sku_price="8")))
    read, rejected = listings(rows, RULES)
    assert rejected.is_empty()
    assert read.select("listing_sku", "code", "price", "currency", "listing_status", "fulfilled_by").rows() == [
        (" ls_kitch_0001 ", "LS-KITCH-0001", Decimal("9.99"), "USD", "onSelling", "seller"),
        ("LS-KITCH-0002", "LS-KITCH-0002", Decimal(8), "USD", "onSelling", "seller"),
    ]
    assert read["title"].unique().to_list() == ["Garlic Press"]


def test_a_code_that_two_products_share_is_one_listing_and_unfit_codes_are_kept() -> None:
    rows, refused = raw(
        Stream.LISTINGS, product(), product(product_id=1005001000000002),
        product(sku("14:1", None), sku("14:2", "?"), sku("14:3", "LS-KITCH-0003", sku_price="free"), product_id=3),
        product(product_id=4, aeop_ae_product_s_k_us={}), {"subject": "none"},
    )  # fmt: skip
    assert sorted(refused["reason"]) == ["product_id is missing", "the product has no variants"]
    read, rejected = listings(rows, RULES)
    assert read.select("listing_sku", "code").rows() == [("LS-KITCH-0001", "LS-KITCH-0001"), ("?", None)]
    assert "fits no code rule" in read["code_problem"][1]
    assert dict(rejected.select("source_key", "reason").iter_rows()) == {
        "aliexpress/ae1/ae_global/3:14:1": "the listing has no seller SKU",
        "aliexpress/ae1/ae_global/3:14:3": "price `free` is no amount",
    }


def test_stock_is_what_a_buyer_can_order_and_an_absent_figure_is_unknown() -> None:
    bare = sku("14:2", "LS-KITCH-0002")
    del bare["ipm_sku_stock"]
    rows, _ = raw(Stream.INVENTORY, product(sku("14:1", "LS-KITCH-0001"), bare, sku("14:3", "C", ipm_sku_stock="1.5")))
    read, rejected = stock(rows)
    columns = ("listing_id", "node_id", "available", "reserved")
    assert read.select(columns).rows() == [
        ("1005001000000001:14:1", "-", 5, None),
        ("1005001000000001:14:2", "-", None, None),
    ]
    assert rejected["reason"].to_list() == ["available `1.5` is no whole number"]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (issue(), (0, "unknown", "pending", None)),
        (issue(buyer_solution_list=solution("wait_seller_accept", GOODS, "5.00")), (2, "advised", "pending", "5.00")),
        (
            issue(buyer_return_no="RT1", seller_solution_list=solution("reached", GOODS, "5.00")),
            (2, "in_transit", "pending", "5.00"),
        ),
        (
            issue("finish", buyer_return_no="RT1", platform_solution_list=solution("perform", GOODS, "5.00")),
            (2, "received", "refunded", "5.00"),
        ),
        (
            issue("finish", seller_solution_list=solution("reached", MONEY, "5.00")),
            (0, "not_returned", "refunded", "5.00"),
        ),
        (
            issue("finish", seller_solution_list=solution("reached", MONEY, "0.00")),
            (0, "not_returned", "denied", "0.00"),
        ),
        (issue("canceled_issue"), (0, "not_returned", "none", None)),
        (issue("new_state"), (0, "unknown", "unknown", None)),
    ],
)
def test_issues_tell_whereabouts_and_money(payload: dict[str, Any], expected: tuple[Any, ...]) -> None:
    read, rejected = returns(raw(Stream.RETURNS, payload)[0])
    assert rejected.is_empty(), rejected["reason"].to_list()
    row = read.row(0, named=True)
    amount = None if expected[3] is None else Decimal(expected[3])
    assert (row["quantity"], row["custody"], row["refund"], row["refund_amount"]) == (*expected[:3], amount)
    assert (row["return_id"], row["line_id"], row["listing_sku"]) == ("600", "8112000000000011", "LS-KITCH-0001")
    assert (row["requested_at"], row["reason"]) == (utc(2026, 7, 9, 8), "Quality problem")


def test_an_agreed_solution_counts_before_a_newer_proposal_and_of_versions_the_newest() -> None:
    agreed = issue(
        seller_solution_list=solution("reached", MONEY, "3.00"),
        buyer_solution_list=solution("wait_seller_accept", GOODS, "9.00", "2026-07-11 01:00:00"),
    )
    older = {**issue(), "gmt_modified": "2026-07-09 02:00:00"}
    read, _ = returns(raw(Stream.RETURNS, agreed, older)[0])
    assert read["refund_amount"].to_list() == [Decimal("3.00")]


def test_an_issue_without_its_line_and_an_unreadable_refund_are_rejected() -> None:
    lost = {**issue(buyer_solution_list=solution("reached", GOODS, "5.00")), "child_order": None, "issue_id": 1}
    odd = {**issue(buyer_solution_list=solution("reached", MONEY, "five")), "issue_id": 2}
    read, rejected = returns(raw(Stream.RETURNS, lost, odd)[0])
    assert read.is_empty()
    assert sorted(rejected["reason"]) == ["quantity is missing or unreadable", "refund `five` is no amount"]


def test_disputes_are_kept_without_persons_and_without_what_they_wrote() -> None:
    rows, _ = raw(Stream.RETURNS, issue(buyer_solution_list=solution("reached", GOODS, "5.00")))
    kept = json.loads(rows["payload"].item())
    assert "es1234567890" not in rows["payload"].item()
    assert "broken" not in rows["payload"].item()
    assert kept["detail"]["buyer_solution_list"]["solution_api_dto"][0]["refund_money_post"] == "5.00"


def test_a_release_is_money_for_the_seller_less_fees() -> None:
    read, rejected = payments(raw(Stream.FINANCES, loan())[0])
    assert rejected.is_empty()
    assert read.select("part", "kind", "amount", "state", "posted_at").rows() == [
        ("8112000000000011/escrow_fee", "fee", Decimal("-1.97"), "released", utc(2026, 7, 20, 8)),
        ("8112000000000011/loan_amount", "sale", Decimal("24.60"), "released", utc(2026, 7, 20, 8)),
    ]
    assert read.select("transaction_id", "order_id", "line_id", "currency").row(0) == (
        "8112000000000001", "8112000000000001", "8112000000000011", "USD",
    )  # fmt: skip


def test_a_refund_after_the_release_is_a_newer_version_with_its_own_time() -> None:
    later = loan(real_refund_amount=usd("12.30"))
    later["refund_info"] = {"refund_time": "2026-07-25 01:00:00"}
    rows, _ = raw(Stream.FINANCES, later, loan())
    assert rows["posted_at"].sort().to_list() == [utc(2026, 7, 20, 8), utc(2026, 7, 25, 8)]
    read, _ = payments(rows)
    times = dict(read.select("kind", "posted_at").iter_rows())
    assert times == {"sale": utc(2026, 7, 20, 8), "fee": utc(2026, 7, 20, 8), "refund": utc(2026, 7, 25, 8)}
    assert read.filter(pl.col("kind") == "refund")["amount"].item() == Decimal("-12.30")


def test_a_release_without_its_time_or_with_an_unreadable_amount_is_rejected_whole() -> None:
    untimed = {**loan(), "loan_info": None}
    rows, refused = raw(Stream.FINANCES, untimed, loan(escrow_fee=usd("some")))
    assert refused["reason"].to_list() == ["nothing tells when the money was released"]
    read, rejected = payments(rows)
    assert read.is_empty()
    assert rejected["reason"].to_list() == ["escrow_fee `some` is no amount"]
