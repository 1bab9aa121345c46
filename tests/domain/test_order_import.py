"""History import: each row of a file becomes a sale, a charge or a cancel, or is rejected with its reason."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkstar_pipelines.connectors.files import file_sha256, read_rows
from linkstar_pipelines.domain.order_import import SURPLUS_COLUMN, Imported, apply_mapping
from linkstar_pipelines.domain.order_mapping import MappingError, OrderMapping
from linkstar_pipelines.rules.order_mapping import SHIPPED, load_mapping
from tests.support import shared_path

SHA = "0123456789ab" + "c" * 52
DAY = date(2026, 5, 4)
COLUMNS = {"order_id": "No", "listing_sku": "Code", "quantity": "Qty", "unit_price": "Price", "ordered_at": "When"}


def mapping(
    *, columns: dict[str, str] | None = None, formats: dict[str, Any] | None = None, **conventions: Any
) -> OrderMapping:
    standard = {"time_zone": "Europe/Berlin", "ordered_at": "%Y-%m-%d %H:%M", "currency": "EUR"}
    return OrderMapping.model_validate(
        {
            "name": "shop",
            "store": "shop",
            "columns": COLUMNS | (columns or {}),
            "formats": standard | (formats or {}),
            "conventions": conventions,
        }
    )


def row(**changes: str | None) -> dict[str, str | None]:
    return {"No": "1001", "Code": "A-1", "Qty": "2", "Price": "9.90", "When": "2026-01-15 10:00"} | changes


def apply(rows: list[dict[str, Any]] | pl.DataFrame, how: OrderMapping) -> Imported:
    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, infer_schema_length=None)
    return apply_mapping(frame.lazy(), how, file_sha256=SHA, imported_on=DAY, store="shop")


def reasons(imported: Imported) -> list[str]:
    return imported.rejected["reason"].to_list()


def test_a_row_is_typed_and_keeps_its_place_in_the_file() -> None:
    imported = apply([row(), row(No="1002")], mapping())
    assert imported.lines.row(1, named=True) == {
        "platform": "import",
        "store": "shop",
        "file_sha256": SHA,
        "line_number": 2,
        "line_kind": "sale",
        "order_id": "1002",
        "listing_sku": "A-1",
        "title": None,
        "quantity": 2,
        "unit_price": Decimal("9.9000"),
        "currency": "EUR",
        "ordered_at": datetime(2026, 1, 15, 9, tzinfo=UTC),
        "time_zone": "Europe/Berlin",
        "country": None,
        "customer_id": None,
        "changed_on": DAY,
    }


@pytest.mark.parametrize(
    ("written", "decimal_comma", "amount"),
    [
        ("1234.5", False, "1234.5"),
        ("1,234.50", False, "1234.5"),
        (" +7 ", False, "7"),
        ("0.0001", False, "0.0001"),
        ("1.50000", False, "1.5"),
        ("1.234,50", True, "1234.5"),
        ("12,5", True, "12.5"),
        ("99999999999999.9999", False, "99999999999999.9999"),
    ],
)
def test_amounts_are_read_exactly_in_the_declared_form(written: str, decimal_comma: bool, amount: str) -> None:
    imported = apply([row(Price=written)], mapping(formats={"decimal_comma": decimal_comma}))
    assert imported.lines["unit_price"].to_list() == [Decimal(amount)]


@pytest.mark.parametrize("written", ["", "  ", None, "9,90", "1.23456", "9.90 EUR", "n/a", "1e3", "999999999999999"])
def test_a_price_that_would_have_to_be_guessed_is_rejected(written: str | None) -> None:
    imported = apply([row(Price=written), row()], mapping())
    assert reasons(imported) == ["unit_price is empty or no amount with at most 4 decimals"]


@pytest.mark.parametrize("written", ["", "2.5", "two", "9223372036854775808"])
def test_a_quantity_that_is_no_whole_number_is_rejected(written: str) -> None:
    assert reasons(apply([row(Qty=written)], mapping())) == ["quantity is empty or no whole number"]


def test_all_that_is_wrong_with_a_row_is_said_at_once() -> None:
    imported = apply([row(No=" ", Code="", Qty="x", When="15/01/2026")], mapping())
    assert reasons(imported)[0].split(", ") == [
        "order_id is empty",
        "listing_sku is empty",
        "quantity is empty or no whole number",
        "ordered_at is empty or not in the declared form",
    ]


def test_a_row_with_more_fields_than_the_header_is_rejected() -> None:
    imported = apply([row() | {SURPLUS_COLUMN: "9.90"}, row() | {SURPLUS_COLUMN: None}], mapping())
    assert reasons(imported) == ["more fields than the header has"]
    assert imported.lines["line_number"].to_list() == [2]


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-07-01 00:30", datetime(2026, 6, 30, 22, 30, tzinfo=UTC)),
        ("2026-10-25 02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the clock shows it twice: the first
    ],
)
def test_times_are_converted_from_the_files_zone(written: str, instant: datetime) -> None:
    assert apply([row(When=written)], mapping()).lines["ordered_at"].to_list() == [instant]


def test_a_time_that_no_clock_showed_is_rejected() -> None:
    assert reasons(apply([row(When="2026-03-29 02:30")], mapping())) == [
        "ordered_at is empty or not in the declared form"
    ]


def test_times_with_an_offset_need_no_zone() -> None:
    imported = apply([row(When="2026-01-15T10:00:00+0800")], mapping(formats={"ordered_at": "%Y-%m-%dT%H:%M:%S%z"}))
    assert imported.lines["ordered_at"].to_list() == [datetime(2026, 1, 15, 2, tzinfo=UTC)]


def test_typed_cells_of_a_workbook_give_the_same_line_as_text() -> None:
    columns = {"customer_id": "Who"}
    typed = pl.DataFrame(
        {
            "No": [1001.0],
            "Code": ["A-1"],
            "Qty": [2.0],
            "Price": [9.9],
            "When": [datetime(2026, 1, 15, 10)],  # noqa: DTZ001 - a cell has no time zone
            "Who": [7.0],
        }
    )
    text = apply([row(Who="7")], mapping(columns=columns))
    assert apply(typed, mapping(columns=columns)).lines.equals(text.lines)


@pytest.mark.parametrize(
    ("cell", "amount"),
    [(0.1, "0.1"), (2.95, "2.95"), (-38925.87, "-38925.87"), (7, "7"), (1.23456, None), (1e17, None), (10**15, None)],
)
def test_number_cells_are_amounts_if_four_decimals_hold_them(cell: float, amount: str | None) -> None:
    imported = apply([row() | {"Price": cell}], mapping())
    assert imported.lines["unit_price"].to_list() == ([Decimal(amount)] if amount else [])


def test_currency_may_stand_in_a_column() -> None:
    by_row = mapping(columns={"currency": "Cur"}, formats={"currency": None})
    imported = apply([row(Cur="USD"), row(Cur="dollars"), row(Cur=None)], by_row)
    assert imported.lines["currency"].to_list() == ["USD"]
    assert reasons(imported) == ["currency is no ISO 4217 code"] * 2


def test_conventions_apply_in_their_order() -> None:
    how = mapping(
        cancel="order_id LIKE 'C%'",
        reject=[{"when": "quantity < 0", "reason": "write-off"}, {"when": "unit_price <= 0", "reason": "no price"}],
        charge="listing_sku = 'POST'",
    )
    rows = [
        row(),
        row(Code="POST"),
        row(No="C1", Code="POST", Qty="-1", Price="0"),
        row(Qty="-1", Price="0"),
        row(Code="POST", Price="0"),
        row(No="C2", Qty="?"),
    ]
    imported = apply(rows, how)
    assert imported.lines["line_kind"].to_list() == ["sale", "charge", "cancel"]
    assert reasons(imported) == ["write-off", "no price", "quantity is empty or no whole number"]
    counts = imported.counts
    assert (counts.input_rows, counts.sale, counts.charge, counts.cancel, counts.rejected) == (6, 1, 1, 1, 3)
    assert counts.difference == 0


def test_conditions_see_other_columns_of_the_file_and_empty_is_not_true() -> None:
    how = mapping(reject=[{"when": "Status = 'test'", "reason": "test order"}])
    imported = apply([row(Status="test"), row(Status=None)], how)
    assert reasons(imported) == ["test order"]
    assert imported.lines["line_number"].to_list() == [2]


def test_duplicates_are_rejected_on_one_side_only_and_true_repeats_stay() -> None:
    how = mapping(
        columns={"title": "Title"},
        duplicates=[{"when": "sheet = 'a'", "of": "sheet = 'b'", "by": ["order_id", "title"], "reason": "overlap"}],
    )
    rows = [
        row(sheet="a", Title=None),
        row(sheet="a", Title="Mug"),
        row(sheet="b", Title=None),
        row(sheet="b", Title=None),
    ]
    imported = apply(rows, how)
    assert imported.lines["line_number"].to_list() == [2, 3, 4]
    assert reasons(imported) == ["overlap"]


def test_a_row_to_keep_is_never_a_copy_of_itself() -> None:
    everything = [{"when": "quantity > 0", "of": "quantity > 0", "by": ["order_id"], "reason": "copy"}]
    assert apply([row(), row()], mapping(duplicates=everything)).rejected.is_empty()


def test_a_rejected_row_can_be_found_and_is_shown_without_the_customer() -> None:
    how = mapping(columns={"customer_id": "Who"})
    imported = apply([row(), row(Qty="two") | {"Who": "17850", "Phone": "0123"}], how)
    rejected = imported.rejected.row(0, named=True)
    assert rejected["source_key"] == "import/shop/0123456789ab/2"
    assert rejected["scope"] == "2026-05-04"
    assert json.loads(rejected["payload"]) == row(Qty="two")


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "No": st.sampled_from(["1", "C2", "A3", "", None]),
                "Code": st.sampled_from(["A", "POST", " ", None]),
                "Qty": st.sampled_from(["1", "-1", "0", "x", None]),
                "Price": st.sampled_from(["1.5", "0", "-2", "1,5", None]),
                "When": st.sampled_from(["2026-01-15 10:00", "2026-03-29 02:30", "", None]),
                "sheet": st.sampled_from(["a", "b", None]),
            }
        ),
        max_size=30,
    )
)
def test_every_row_ends_in_exactly_one_place(rows: list[dict[str, str | None]]) -> None:
    how = mapping(
        cancel="order_id LIKE 'C%'",
        reject=[{"when": "order_id LIKE 'A%'", "reason": "debt"}, {"when": "quantity < 0", "reason": "write-off"}],
        charge="listing_sku = 'POST'",
        duplicates=[{"when": "sheet = 'a'", "of": "sheet = 'b'", "by": ["order_id", "Qty"], "reason": "overlap"}],
    )
    frame = pl.DataFrame(rows, schema=dict.fromkeys(["No", "Code", "Qty", "Price", "When", "sheet"], pl.String))
    imported = apply(frame, how)
    rejected = imported.rejected["source_key"].str.extract(r"/(\d+)$").cast(pl.Int64).to_list()
    assert sorted(imported.lines["line_number"].to_list() + rejected) == list(range(1, len(rows) + 1))
    assert imported.counts.difference == 0
    assert None not in reasons(imported)


def test_an_absent_column_is_named_with_the_closest_one_and_the_remedy() -> None:
    with pytest.raises(MappingError) as caught:
        apply([row()], mapping(columns={"quantity": "qtty"}))
    message = str(caught.value)
    assert "Mapping 'shop', columns.quantity: the file has no column 'qtty'." in message
    assert "Did you mean 'Qty'?" in message
    assert "It has: No, Code, Qty, Price, When." in message
    assert "Correct the mapping" in message


@pytest.mark.parametrize(
    ("conventions", "place"),
    [
        ({"cancel": "Statu = 'x'"}, "conventions.cancel"),
        ({"reject": [{"when": "Statu = 'x'", "reason": "r"}]}, "conventions.reject[0].when"),
        (
            {"duplicates": [{"when": "Qty > 1", "of": "Qty > 1", "by": ["Statu"], "reason": "r"}]},
            "conventions.duplicates[0].by",
        ),
    ],
)
def test_a_convention_that_names_an_absent_column_says_where(conventions: dict[str, Any], place: str) -> None:
    with pytest.raises(MappingError, match="Did you mean 'Status'") as caught:
        apply([row(Status="x")], mapping(**conventions))
    assert place in str(caught.value)


def test_a_condition_that_does_not_fit_the_types_is_named() -> None:
    with pytest.raises(MappingError, match=r"conventions\.cancel: `ordered_at > '2026'` cannot be evaluated"):
        apply([row()], mapping(cancel="ordered_at > '2026'"))


def test_a_condition_that_is_no_comparison_is_named() -> None:
    with pytest.raises(MappingError, match=r"`quantity \+ 1` gives Int64, not true or false"):
        apply([row()], mapping(cancel="quantity + 1"))


def test_text_times_without_a_declared_format_are_not_guessed() -> None:
    with pytest.raises(MappingError, match=r"formats\.ordered_at: the file's column 'When' is text"):
        apply([row()], mapping(formats={"ordered_at": None}))


def test_a_time_column_of_numbers_is_refused() -> None:
    with pytest.raises(MappingError, match=r"columns\.ordered_at: the file's column 'When' holds Int64"):
        apply([row() | {"When": 45000}], mapping())


@pytest.fixture(scope="module")
def online_retail() -> Imported:
    path = shared_path("data", "online_retail_ii", "order_lines.parquet")
    how = load_mapping(SHIPPED / "online_retail_ii.yaml")
    return apply_mapping(read_rows(path), how, file_sha256=file_sha256(path), imported_on=DAY, store=how.store)


def test_the_counts_of_online_retail_add_up_to_the_file(online_retail: Imported) -> None:
    counts = online_retail.counts
    assert counts.input_rows == 1_067_370
    assert counts.sale + counts.charge + counts.cancel + counts.rejected == 1_067_370
    rejected = dict(online_retail.rejected["reason"].value_counts().iter_rows())
    assert rejected == {
        "sheet overlap, the same line stands in sheet 2010-2011": 22_523,
        "stock write-off": 3_393,
        "price 0 or below": 2_631,
        "bad debt adjustment": 6,
    }


def test_sales_of_online_retail_per_month_equal_a_direct_query_over_the_file(online_retail: Imported) -> None:
    path = shared_path("data", "online_retail_ii", "order_lines.parquet")
    direct = duckdb.sql(
        f"""
        SELECT date_trunc('month', invoice_date)::DATE AS month,
               sum(quantity * price::DECIMAL(18, 4)) AS amount
        FROM '{path}'
        WHERE regexp_full_match(invoice, '[0-9]+') AND quantity > 0 AND price > 0
          AND NOT (sheet = '2009-2010' AND invoice_date >= TIMESTAMP '2010-12-01')
          AND NOT regexp_full_match(upper(trim(stock_code)),
              'POST|DOT|C2|C3|23444|M|D|S|B|ADJUST2?|BANK CHARGES|AMAZONFEE|CRUK|GIFT.*|TEST.*')
          AND coalesce(description, '') NOT LIKE 'Dotcomgiftshop Gift Voucher%'
        GROUP BY month
        """  # noqa: S608 - the path is this test's own
    ).pl()
    local_month = pl.col("ordered_at").dt.convert_time_zone("Europe/London").dt.date().dt.month_start()
    ours = (
        online_retail.lines.filter(pl.col("line_kind") == "sale")
        .group_by(month=local_month)
        .agg(amount=(pl.col("unit_price") * pl.col("quantity")).sum())
    )
    assert dict(ours.iter_rows()) == dict(direct.iter_rows())
    assert len(ours) == 25
