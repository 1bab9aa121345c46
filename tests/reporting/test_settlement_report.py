"""The settlement report for people: the same figures in a workbook and on a page, in both languages."""

import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import dataframely as dy
import polars as pl
import pytest
import yaml

from linkstar_pipelines.reporting import words as words_module
from linkstar_pipelines.reporting.settlement_figures import figures, money
from linkstar_pipelines.reporting.settlement_page import SUSPENSE_SHOWN
from linkstar_pipelines.reporting.settlement_report import write_html, write_xlsx
from linkstar_pipelines.reporting.words import Language, words
from linkstar_pipelines.schemas.finance import CATEGORIES, SUSPENSE_REASONS, SettlementLines, SettlementReport

SCRIPTED = "<script>alert('x')</script>"
KEY = {"platform": "amazon", "store": "na", "settlement_id": "S1"}
NONE = {part: Decimal(0) for part in (
    "sales", "refunds", "shipping_and_promotion", "tax_net", "platform_fees", "reimbursements", "reserve", "suspense",
)}  # fmt: skip


def report(**changes: Any) -> dy.DataFrame[SettlementReport]:
    row = {
        **KEY, "period_start": datetime(2026, 3, 1, tzinfo=UTC), "period_end": datetime(2026, 3, 15, tzinfo=UTC),
        "deposit_on": datetime(2026, 3, 17, tzinfo=UTC), "currency": "USD", "payout": Decimal("1075.25"), "lines": 3,
        "lines_total": Decimal("1075.25"), "difference": Decimal(0), "tied_out": True, **NONE,
        "sales": Decimal("1234.50"), "platform_fees": Decimal("-150.00"), "suspense": Decimal("-9.25"),
        "suspense_lines": 1, "base_payout": Decimal("1075.25"), "base_currency": "USD", **changes,
    }  # fmt: skip
    return SettlementReport.validate(pl.DataFrame([row]), cast=True)


def line(number: int, category: str, amount: str, **changes: Any) -> dict[str, Any]:
    return {
        **KEY, "line_number": number, "category": category, "suspense_reason": None, "tied_to": "account",
        "transaction_type": "Order", "amount_type": "ItemPrice", "amount_description": "Principal", "order_id": "O1",
        "line_id": None, "sku": "LS-1", "quantity": 1, "posted_at": datetime(2026, 3, 14, 7, tzinfo=UTC),
        "amount": Decimal(amount), "currency": "USD", "fx_rate": Decimal(1), "fx_day": date(2026, 3, 14),
        "base_amount": Decimal(amount), "base_currency": "USD", **changes,
    }  # fmt: skip


def lines(*rows: dict[str, Any]) -> dy.DataFrame[SettlementLines]:
    return SettlementLines.validate(pl.DataFrame(list(rows), infer_schema_length=None), cast=True)


SUSPENDED = {"tied_to": "suspense", "suspense_reason": "unknown_label", "amount_description": SCRIPTED}
THREE = lines(line(2, "sales", "1234.50"), line(3, "commission", "-150.00"), line(4, "suspense", "-9.25", **SUSPENDED))


def page(folder: Path, language: Language = "en", **changes: Any) -> str:
    write_html(folder / "new" / "report.html", report(**changes), THREE, language)
    return (folder / "new" / "report.html").read_text(encoding="utf-8")


def sheets(folder: Path, language: Language = "en", **changes: Any) -> dict[str, pl.DataFrame]:
    path = folder / "new" / "report.xlsx"
    write_xlsx(path, report(**changes), THREE, language)
    return pl.read_excel(path, sheet_id=0, has_header=False, drop_empty_rows=False, raise_if_empty=False)


def test_both_languages_have_the_same_words_with_the_same_blanks() -> None:
    def blanks(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: blanks(inner) for key, inner in value.items()}
        return sorted(re.findall(r"\{\w+\}", value))

    content = yaml.safe_load(words_module._FILE.read_text(encoding="utf-8"))
    assert sorted(content) == sorted(get_args(Language))
    assert blanks(content["en"]) == blanks(content["zh"])


@pytest.mark.parametrize("language", get_args(Language))
def test_every_category_part_and_reason_has_a_word(language: Language) -> None:
    found = words(language)
    assert set(found.groups["categories"]) == set(CATEGORIES)
    assert set(found.groups["reasons"]) == set(SUSPENSE_REASONS)
    assert set(found.groups["parts"]) == set(NONE)


def test_the_parts_add_up_to_all_lines_in_the_base_currency() -> None:
    found = figures(report(), THREE)
    assert found.base_total == Decimal("1075.25")
    assert dict(found.parts.filter(pl.col("lines") > 0).select("part", "base_amount").iter_rows()) == {
        "sales": Decimal("1234.50"),
        "platform_fees": Decimal("-150.00"),
        "suspense": Decimal("-9.25"),
    }


def test_lines_of_settlements_that_are_not_shown_are_left_out() -> None:
    other = lines(line(2, "sales", "7", settlement_id="S2"))
    assert figures(report(), SettlementLines.cast(pl.concat([THREE, other]))).lines.height == 3


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234567.5", "USD", "1,234,567.50"),
        ("-0.30", "EUR", "−0.30"),
        ("1234", "JPY", "1,234"),
        ("0", "USD", "0.00"),
        ("0.0040", "USD", "0.0040"),
    ],
)
def test_amounts_are_written_as_people_write_them_and_no_remainder_hides(amount: str, currency: str, text: str) -> None:
    assert money(Decimal(amount), currency) == text


def test_an_unknown_amount_is_no_zero() -> None:
    assert money(None, "USD") == "-"


def test_the_page_says_that_everything_ties_out(tmp_path: Path) -> None:
    text = page(tmp_path)
    assert "Every settlement ties out to the cent" in text
    assert text.count("1,075.25") >= 3


def test_the_page_says_which_settlement_does_not_tie_out(tmp_path: Path) -> None:
    text = page(tmp_path, payout=Decimal("1075.26"), difference=Decimal("0.01"), tied_out=False)
    assert "1 of 1 settlements do not tie out" in text
    assert "Does not tie out" in text
    assert '<td class="num bad">0.01</td>' in text


def test_the_page_is_whole_in_itself(tmp_path: Path) -> None:
    """No script, and no address that a browser would fetch."""
    text = page(tmp_path)
    assert text.count("<svg") == 1
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\((?!#)|(?:src|href)=", text)


def test_texts_of_the_platform_are_shown_and_never_run(tmp_path: Path) -> None:
    assert "&lt;script&gt;alert" in page(tmp_path)


def test_the_page_speaks_chinese(tmp_path: Path) -> None:
    text = page(tmp_path, "zh")
    assert '<html lang="zh-CN">' in text
    assert "全部结算单分文不差" in text
    assert "平台费用" in text
    assert "Settlement" not in text


def test_a_missing_rate_is_said_and_the_total_is_left_open(tmp_path: Path) -> None:
    unrated = lines(line(2, "sales", "5", fx_rate=None, fx_day=None, base_amount=None, currency="EUR"))
    found = report(currency="EUR", base_payout=None)
    write_html(tmp_path / "report.html", found, unrated, "en")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "1 lines have no exchange rate and are missing from the figures in USD." in text
    assert "<dd>-</dd>" in text


def test_a_long_suspense_is_cut_with_a_word_about_the_rest(tmp_path: Path) -> None:
    many = lines(*(line(number, "suspense", "1", **SUSPENDED) for number in range(2, SUSPENSE_SHOWN + 9)))
    write_html(tmp_path / "report.html", report(), many, "en")
    assert "7 more lines are in the workbook." in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", get_args(Language))
def test_without_settlements_both_say_so(tmp_path: Path, language: Language) -> None:
    nothing = (SettlementReport.create_empty(), SettlementLines.create_empty())
    write_html(tmp_path / "report.html", *nothing, language)
    write_xlsx(tmp_path / "report.xlsx", *nothing, language)
    assert words(language)("no_settlements") in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert zipfile.is_zipfile(tmp_path / "report.xlsx")


def test_the_workbook_has_three_sheets_with_every_line(tmp_path: Path) -> None:
    found = sheets(tmp_path)
    assert list(found) == ["Summary", "Lines", "Suspense"]
    assert (found["Lines"].height, found["Suspense"].height) == (4, 2)
    assert SCRIPTED in found["Suspense"].row(1)


def test_the_workbook_speaks_chinese(tmp_path: Path) -> None:
    found = sheets(tmp_path, "zh")
    assert list(found) == ["汇总", "明细", "挂账"]
    assert found["明细"].row(0)[0] == "店铺"
    assert "销售佣金" in found["明细"].row(2)


def test_the_workbook_has_a_native_chart_live_sums_frozen_heads_and_a_print_setup(tmp_path: Path) -> None:
    sheets(tmp_path)
    with zipfile.ZipFile(tmp_path / "new" / "report.xlsx") as archive:
        summary = archive.read("xl/worksheets/sheet1.xml").decode()
        assert "xl/charts/chart1.xml" in archive.namelist()
    assert "SUMIFS('Lines'!$N$2:$N$4" in summary
    assert "ROUND(G5-H5,4)" in summary
    assert 'state="frozen"' in summary
    assert 'orientation="landscape"' in summary


def test_amounts_and_days_in_the_workbook_are_numbers_and_not_texts(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "report.xlsx", report(), THREE, "en")
    read = pl.read_excel(tmp_path / "report.xlsx", sheet_name="Lines")
    assert read["Amount"].to_list() == [1234.5, -150.0, -9.25]
    assert read.schema["Posted (UTC)"].is_temporal()


def test_the_same_figures_give_the_same_page(tmp_path: Path) -> None:
    assert page(tmp_path / "a") == page(tmp_path / "b")
