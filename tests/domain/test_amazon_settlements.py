"""Settlement reports are kept line by line as they were written."""

import pytest

from linkstar_pipelines.domain.amazon_settlements import ReportFormatError, settlement_rows

HEADER = [
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency",
    "transaction-type", "order-id", "merchant-order-id", "adjustment-id", "shipment-id", "marketplace-name",
    "amount-type", "amount-description", "amount", "fulfillment-id", "posted-date", "posted-date-time",
    "order-item-code", "merchant-order-item-id", "merchant-adjustment-item-id", "sku", "quantity-purchased",
    "promotion-id",
]  # fmt: skip


def report(*lines: dict[str, str], header: list[str] = HEADER, end: str = "\n") -> str:
    return end.join(["\t".join(header), *("\t".join(line.get(name, "") for name in header) for line in lines)]) + end


TOTAL = {"settlement-id": "S1", "deposit-date": "2026-03-14 07:00:00 UTC", "total-amount": "10,00", "currency": "EUR"}
SALE = {"settlement-id": "S1", "transaction-type": "Order", "order-id": "302-1", "amount": "12,50", "sku": ' "ls" 1'}
FEE = {"settlement-id": "S1", "transaction-type": "other-transaction", "amount": "-2,50"}


def test_every_field_is_kept_as_written_and_empty_ones_are_null() -> None:
    rows, rejected = settlement_rows("amazon", "eu", "R1", report(TOTAL, SALE, FEE))
    assert rejected.is_empty()
    assert rows.select("line_number", "total_amount", "order_id", "amount", "sku").rows() == [
        (1, "10,00", None, None, None), (2, None, "302-1", "12,50", ' "ls" 1'), (3, None, None, "-2,50", None),
    ]  # fmt: skip
    assert set(rows["report_id"]) == {"R1"}


@pytest.mark.parametrize(
    "text", [report(TOTAL, SALE, end="\r\n"), "\ufeff" + report(TOTAL, SALE), report(TOTAL, SALE)[:-1]]
)
def test_line_ends_and_byte_order_marks_do_not_matter(text: str) -> None:
    assert settlement_rows("amazon", "eu", "R1", text)[0].equals(
        settlement_rows("amazon", "eu", "R1", report(TOTAL, SALE))[0]
    )


def test_the_order_of_columns_does_not_matter() -> None:
    turned = settlement_rows("amazon", "eu", "R1", report(TOTAL, SALE, header=HEADER[::-1]))
    assert turned[0].equals(settlement_rows("amazon", "eu", "R1", report(TOTAL, SALE))[0])


def test_a_line_cut_short_is_rejected_and_the_others_keep_their_numbers() -> None:
    whole = report(TOTAL, SALE, FEE).splitlines()
    text = "\n".join([whole[0], whole[1], whole[2][:20], "", whole[3]])
    rows, rejected = settlement_rows("amazon", "eu", "R1", text)
    assert rows["line_number"].to_list() == [1, 4]
    assert rejected["source_key"].to_list() == ["amazon/eu/R1/2"]
    assert "fields where the file has 24 columns" in rejected["reason"].item()
    assert "Order" in rejected["payload"].item()


def test_a_line_without_settlement_is_rejected() -> None:
    rows, rejected = settlement_rows("amazon", "eu", "R1", report(TOTAL, {"amount": "1,00"}))
    assert rows.height == 1
    assert rejected["reason"].to_list() == ["settlement_id is missing or unreadable"]


def test_a_renamed_column_is_named_with_the_report_and_the_store() -> None:
    renamed = ["betrag" if name == "amount" else name for name in HEADER]
    with pytest.raises(ReportFormatError, match=r"R1 of amazon store 'eu' lacks the column amount; it has .*betrag"):
        settlement_rows("amazon", "eu", "R1", report(TOTAL, header=renamed))


def test_an_empty_report_is_an_error_and_one_without_lines_is_empty() -> None:
    with pytest.raises(ReportFormatError, match="R1 of amazon store 'eu' is empty"):
        settlement_rows("amazon", "eu", "R1", "")
    rows, rejected = settlement_rows("amazon", "eu", "R1", report())
    assert rows.is_empty()
    assert rejected.is_empty()
