"""Settlements: every line counted once, tied to something, and the sum held against the payout."""

import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkstar_pipelines.domain.settlement import PARTS, settlement_lines, settlement_report
from linkstar_pipelines.rules.loading import read_rules
from linkstar_pipelines.rules.settlement_fees import SettlementFees
from linkstar_pipelines.schemas.core import OrderLines, Orders
from linkstar_pipelines.schemas.finance import CATEGORIES, SettlementLines, SettlementReport
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.schemas.raw import RawAmazonSettlements, RawFxRates
from tests.domain.listing_maps import map_of, span

S = TypeVar("S", bound=dy.Schema)

FEE_RULES = read_rules("settlement_fees.yaml", SettlementFees, None).frame()
SETTLEMENT = {"platform": "amazon", "store": "na", "settlement_id": "S1", "report_id": "R1"}
PRINCIPAL = ("Order", "ItemPrice", "Principal")
REFUNDED = ("Refund", "ItemPrice", "Principal")
COMMISSION = ("Order", "ItemFees", "Commission")
SUBSCRIPTION = ("ServiceFee", "other-transaction", "Subscription Fee")
UNHEARD_OF = ("ServiceFee", "other-transaction", "Programme Levy 26B")


def header(total: str, **changes: str | None) -> dict[str, Any]:
    return {
        **SETTLEMENT,
        "line_number": 1,
        "settlement_start_date": "2026-03-01 00:00:00 UTC",
        "settlement_end_date": "2026-03-15 00:00:00 UTC",
        "deposit_date": "2026-03-17 00:00:00 UTC",
        "total_amount": total,
        "currency": "USD",
        **changes,
    }


def detail(
    line_number: int,
    label: tuple[str, str, str],
    amount: str | None,
    order_id: str | None = "known",
    **changes: str | None,
) -> dict[str, Any]:
    return {
        **SETTLEMENT,
        "line_number": line_number,
        **dict(zip(("transaction_type", "amount_type", "amount_description"), label, strict=True)),
        "amount": amount,
        "order_id": order_id,
        "posted_date_time": "2026-03-14 07:00:00 UTC",
        **changes,
    }


def filled(schema: type[S], *rows: dict[str, Any]) -> dy.DataFrame[S]:
    """Rows of a schema with just the columns that matter to a test; all others are null."""
    return schema.cast(pl.concat([schema.create_empty(), pl.DataFrame(list(rows))], how="diagonal_relaxed"))


def raw(*rows: dict[str, Any]) -> dy.DataFrame[RawAmazonSettlements]:
    return filled(RawAmazonSettlements, *rows)


def held(*order_ids: str) -> dy.DataFrame[Orders]:
    return filled(Orders, *({"platform": "amazon", "store": "na", "order_id": name} for name in order_ids))


def rates(*rows: tuple[str, str, str]) -> dy.DataFrame[RawFxRates]:
    frame = pl.DataFrame(rows, schema=["day", "currency", "units_per_eur"], orient="row")
    return RawFxRates.cast(frame.with_columns(pl.col("day").cast(pl.String).str.to_date(), source=pl.lit("ECB")))


def read(
    *rows: dict[str, Any],
    orders: dy.DataFrame[Orders] | None = None,
    order_lines: dy.DataFrame[OrderLines] | None = None,
    sold_as: dy.DataFrame[ListingMap] | None = None,
    known: dy.DataFrame[RawFxRates] | None = None,
    base: str = "USD",
) -> tuple[dy.DataFrame[SettlementLines], pl.DataFrame, dict[str, Any]]:
    """Read and report one settlement; returns lines, rejected lines and the report's one row."""
    all_raw, fx_rates = raw(*rows), rates() if known is None else known
    lines, rejected = settlement_lines(
        all_raw,
        fee_rules=FEE_RULES,
        orders=held("known") if orders is None else orders,
        order_lines=OrderLines.create_empty() if order_lines is None else order_lines,
        listing_map=ListingMap.create_empty() if sold_as is None else sold_as,
        rates=fx_rates,
        base_currency=base,
    )
    report, bad_headers = settlement_report(lines, all_raw, fx_rates, base)
    rejected = pl.concat([rejected, bad_headers])
    return lines, rejected, report.row(0, named=True) if report.height else {}


def test_a_settlement_whose_lines_add_up_to_the_payout_ties_out() -> None:
    lines, rejected, report = read(
        header("77.51"),
        detail(2, PRINCIPAL, "100.00"),
        detail(3, COMMISSION, "-15.00"),
        detail(4, SUBSCRIPTION, "-7.49", order_id=None),
    )
    assert lines["tied_to"].to_list() == ["order", "order", "account"]
    assert rejected.is_empty()
    assert (report["sales"], report["platform_fees"]) == (Decimal(100), Decimal("-22.49"))
    assert (report["payout"], report["difference"], report["tied_out"]) == (Decimal("77.51"), 0, True)


def test_one_missing_cent_is_a_difference() -> None:
    _, _, report = read(header("100.01"), detail(2, PRINCIPAL, "100.00"))
    assert (report["difference"], report["tied_out"]) == (Decimal("0.01"), False)


def test_an_unknown_label_is_in_suspense_and_never_in_a_category() -> None:
    lines, _, report = read(header("-9.99"), detail(2, UNHEARD_OF, "-9.99", order_id=None))
    assert lines.select("category", "tied_to", "suspense_reason").row(0) == (
        "suspense",
        "suspense",
        "unknown_label",
    )
    assert (report["suspense"], report["suspense_lines"]) == (Decimal("-9.99"), 1)
    assert report["tied_out"], "a line in suspense is still counted"


@pytest.mark.parametrize("order_id", ["unheard-of", None])
def test_a_sale_without_an_order_we_hold_is_in_suspense(order_id: str | None) -> None:
    lines, _, report = read(header("20"), detail(2, PRINCIPAL, "20", order_id=order_id))
    assert lines["suspense_reason"].to_list() == ["unknown_order"]
    assert (report["sales"], report["suspense"]) == (0, Decimal(20))


def test_an_fba_fee_that_names_a_shipment_is_tied_to_the_account() -> None:
    fee = ("other-transaction", "ItemFees", "FBAPerUnitFulfillmentFee")
    lines, _, _ = read(header("-3"), detail(2, fee, "-3", order_id="FBA15XYZ"))
    assert lines["tied_to"].to_list() == ["account"]


def test_a_refund_is_no_negative_sale() -> None:
    _, _, report = read(header("-20"), detail(2, REFUNDED, "-20"))
    assert (report["sales"], report["refunds"]) == (0, Decimal(-20))


def test_labels_match_whatever_their_case() -> None:
    lines, _, _ = read(header("1"), detail(2, ("order", "ITEMPRICE", "principal"), "1"))
    assert lines["category"].to_list() == ["sales"]


def test_an_unreadable_line_is_kept_with_its_reason_and_the_settlement_does_not_tie_out() -> None:
    lines, rejected, report = read(
        header("100"), detail(2, PRINCIPAL, "60"), detail(3, PRINCIPAL, "4O.00"), detail(4, PRINCIPAL, None)
    )
    assert lines["line_number"].to_list() == [2]
    assert dict(rejected.select("source_key", "reason").iter_rows()) == {
        "amazon/na/S1/3": "amount '4O.00' cannot be read",
        "amazon/na/S1/4": "amount is missing",
    }
    assert '"amount":"4O.00"' in rejected.sort("source_key")["payload"][0]
    assert (report["difference"], report["tied_out"]) == (Decimal(40), False)


def test_an_unreadable_line_breaks_the_tie_even_where_the_sums_agree() -> None:
    _, _, report = read(header("60"), detail(2, PRINCIPAL, "60"), detail(3, PRINCIPAL, "0.00", posted_date_time="soon"))
    assert (report["difference"], report["tied_out"]) == (0, False)


def test_lines_without_a_header_have_no_currency_and_are_rejected() -> None:
    lines, rejected, report = read(detail(2, PRINCIPAL, "60"))
    assert lines.is_empty()
    assert report == {}
    assert rejected["reason"].to_list() == ["the settlement has no one header line that states the currency"]


def test_a_header_without_a_payout_is_rejected() -> None:
    _, rejected, report = read({**header("x"), "total_amount": None}, detail(2, PRINCIPAL, "60"))
    assert rejected["reason"].to_list() == ["total_amount is missing"]
    assert rejected["source_key"].to_list() == ["amazon/na/S1/1"]
    assert report == {}


def test_a_settlement_without_lines_ties_out_only_at_zero() -> None:
    assert read(header("0.00"))[2]["tied_out"]
    assert not read(header("5.00"))[2]["tied_out"]


def test_a_file_in_a_locale_of_commas_and_dots_is_read_exactly() -> None:
    """`1.234` would be a thousandth of itself if each value were read on its own."""
    lines, rejected, report = read(
        header(
            "1.239,56",
            currency="EUR",
            settlement_start_date="01.03.2026 00:00:00 UTC",
            deposit_date="17.03.2026 00:00:00 UTC",
        ),
        detail(2, PRINCIPAL, "1.234", posted_date_time="14.03.2026 07:00:00 UTC"),
        detail(3, PRINCIPAL, "5,56", posted_date_time="14.03.2026 07:00:00 UTC"),
    )
    assert rejected.is_empty()
    assert lines["amount"].to_list() == [Decimal(1234), Decimal("5.56")]
    assert report["period_start"].isoformat() == "2026-03-01T00:00:00+00:00"
    assert report["tied_out"]


def test_the_locale_of_one_file_says_nothing_about_another() -> None:
    other = {"settlement_id": "S2"}
    lines, _, _ = read(
        header("1.239,56", currency="EUR"),
        detail(2, PRINCIPAL, "1.234"),
        header("1.234", **other),
        detail(2, PRINCIPAL, "0.999", **other),
        detail(3, PRINCIPAL, "0.235", **other),
    )
    assert lines["amount"].to_list() == [Decimal(1234), Decimal("0.999"), Decimal("0.235")]


def test_the_sku_is_that_of_the_order_line_else_that_of_the_listing() -> None:
    line = filled(
        OrderLines,
        {"platform": "amazon", "store": "na", "order_id": "known", "line_id": "L2", "sku": "LS-2", "multiplier": 1},
    )
    lines, _, _ = read(
        header("3"),
        detail(2, PRINCIPAL, "1", sku="ls-1-FBA"),
        detail(3, PRINCIPAL, "1", sku="ls-1-FBA", order_item_code="L2"),
        detail(4, PRINCIPAL, "1", sku="never seen"),
        sold_as=map_of(span(" ls-1-FBA ", "LS-1")),
        order_lines=line,
    )
    assert lines["sku"].to_list() == ["LS-1", "LS-2", None]


def test_a_code_that_two_listings_share_without_their_spaces_counts_only_where_they_mean_the_same() -> None:
    codes = map_of(span("A", "LS-1"), span(" A", "LS-1"), span("B", "LS-1"), span("B ", "LS-2"))
    lines, _, _ = read(
        header("2"), detail(2, PRINCIPAL, "1", sku="A"), detail(3, PRINCIPAL, "1", sku="B"), sold_as=codes
    )
    assert lines["sku"].to_list() == ["LS-1", None]


def test_a_line_without_order_has_the_sku_of_the_day_it_was_posted() -> None:
    changed = datetime(2026, 3, 1, tzinfo=UTC)
    codes = map_of(span("A", "LS-OLD", valid_to=changed), span("A", "LS-NEW", valid_from=changed))
    lines, _, _ = read(header("1"), detail(2, SUBSCRIPTION, "1", sku="A", order_id=None), sold_as=codes)
    assert lines["posted_at"].item() > changed
    assert lines["sku"].to_list() == ["LS-NEW"]


def test_lines_are_converted_at_the_posting_day_and_the_payout_at_the_deposit_day() -> None:
    known = rates(("2026-03-13", "USD", "1.1"), ("2026-03-17", "USD", "1.2"))
    lines, _, report = read(header("100", currency="EUR"), detail(2, PRINCIPAL, "100"), known=known, base="USD")
    assert lines.select("fx_rate", "base_amount", "base_currency").row(0) == (
        Decimal("1.1"),
        Decimal(110),
        "USD",
    )
    assert report["base_payout"] == Decimal(120)


def test_without_a_rate_the_settlement_still_ties_out_in_its_own_currency() -> None:
    lines, _, report = read(header("100", currency="EUR"), detail(2, PRINCIPAL, "100"), base="USD")
    assert lines["base_amount"].to_list() == [None]
    assert (report["base_payout"], report["tied_out"]) == (None, True)


def test_every_category_is_in_exactly_one_part_of_the_report() -> None:
    members = [category for part in PARTS.values() for category in part]
    assert sorted([*members, "suspense"]) == sorted(CATEGORIES)


def test_nothing_in_gives_nothing_out() -> None:
    nothing = RawAmazonSettlements.create_empty()
    lines, rejected = settlement_lines(
        nothing,
        fee_rules=FEE_RULES,
        orders=held(),
        order_lines=OrderLines.create_empty(),
        listing_map=ListingMap.create_empty(),
        rates=rates(),
        base_currency="USD",
    )
    report, bad_headers = settlement_report(lines, nothing, rates(), "USD")
    assert [frame.height for frame in (lines, rejected, report, bad_headers)] == [0, 0, 0, 0]


labels = st.sampled_from(
    [
        PRINCIPAL, REFUNDED, COMMISSION, SUBSCRIPTION, UNHEARD_OF,
        ("Order", "ItemPrice", "Tax"), ("Order", "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal"),
        ("Order", "Promotion", "Shipping"), ("other-transaction", "other-transaction", "Current Reserve Amount"),
    ]
)  # fmt: skip
texts = st.one_of(
    st.integers(-(10**9), 10**9).map(lambda cents: f"{Decimal(cents) / 100:.2f}"),
    st.sampled_from(["", "abc", "1,2,3", "12.34.56"]),
)
line_facts = st.tuples(labels, texts, st.sampled_from(["known", "unheard-of", None]))


@settings(deadline=None, max_examples=20)
@given(facts=st.lists(line_facts, max_size=12), payout=st.integers(-(10**9), 10**9), mixer=st.randoms())
def test_lines_are_partitioned_and_their_order_does_not_matter(
    facts: list[tuple[tuple[str, str, str], str, str | None]], payout: int, mixer: random.Random
) -> None:
    rows = [
        header(f"{Decimal(payout) / 100:.2f}"),
        *(detail(number, label, text, order_id) for number, (label, text, order_id) in enumerate(facts, start=2)),
    ]
    lines, rejected, report = read(*rows)

    numbers = [*lines["line_number"], *(int(key.rsplit("/", 1)[1]) for key in rejected["source_key"])]
    assert sorted(numbers) == list(range(2, len(facts) + 2)), "each line is counted once or rejected once"
    assert report["lines_total"] == sum(lines["amount"], Decimal(0))
    assert sum(report[part] for part in (*PARTS, "suspense")) == report["lines_total"]
    assert report["tied_out"] == (report["payout"] == report["lines_total"] and rejected.is_empty())

    shuffled = rows * 2
    mixer.shuffle(shuffled)
    again, rejected_again, report_again = read(*shuffled)
    assert again.equals(lines)
    assert rejected_again.sort("source_key").equals(rejected.sort("source_key"))
    assert report_again == report


def test_the_frames_keep_their_schemas() -> None:
    lines, _, report = read(header("1"), detail(2, PRINCIPAL, "1"))
    assert SettlementLines.is_valid(lines)
    assert SettlementReport.is_valid(SettlementReport.cast(pl.DataFrame([report])))
