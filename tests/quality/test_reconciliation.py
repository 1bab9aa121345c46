"""Tables that must agree with each other."""

from datetime import date, timedelta

import polars as pl

from linkstar_pipelines.quality import reconciliation
from linkstar_pipelines.schemas.catalog import table_named
from linkstar_pipelines.schemas.core import OrderLines, Orders
from linkstar_pipelines.schemas.finance import SettlementLines
from linkstar_pipelines.schemas.planning import DailyDemand
from linkstar_pipelines.schemas.quality import Quarantine
from linkstar_pipelines.schemas.raw import RawAmazonSettlements, RawImportedOrders
from linkstar_pipelines.schemas.stock import Movements
from tests.quality.frames import TODAY, MemoryLake, valid_frame

FILE = "a" * 64
OTHER_FILE = "b" * 64
DAY, NEXT_DAY = date(2026, 3, 14), date(2026, 3, 15)


def _imported() -> MemoryLake:
    lines = pl.DataFrame(
        {"file_sha256": [FILE] * 3, "line_number": [1, 2, 4], "line_kind": ["sale", "cancel", "charge"]}
    ).with_columns(changed_on=pl.lit(DAY))
    order_lines = pl.DataFrame(
        {"platform": ["import", "import", "amazon"], "line_id": [f"{FILE[:12]}-1", f"{FILE[:12]}-4", "7"]}
    ).with_columns(changed_on=pl.lit(DAY))
    rejected = pl.DataFrame(
        {
            "table_name": ["raw.imported_orders", "raw.amazon_orders", "raw.imported_orders"],
            "source_key": [f"import/uk/{FILE[:12]}/3", "amazon/na/1", f"import/uk/{OTHER_FILE[:12]}/1"],
        }
    )
    return MemoryLake().put(RawImportedOrders, lines).put(OrderLines, order_lines).put(Quarantine, rejected)


def test_every_row_of_a_file_is_a_line_a_cancel_or_in_quarantine() -> None:
    counts = reconciliation.imported_files(_imported(), None).filter(pl.col("file") == FILE[:12])
    assert counts.to_dicts() == [
        {
            "file": FILE[:12], "input_rows": 4,
            "in_order_lines": 2, "in_quarantine": 1, "cancelled": 1, "difference": 0,
        }
    ]  # fmt: skip


def test_a_row_that_got_lost_shows() -> None:
    lake = _imported()
    lake.put(OrderLines, lake.read(OrderLines, columns=["platform", "line_id", "changed_on"]).head(1))
    counts = reconciliation.imported_files(lake, [DAY])
    assert counts["difference"].to_list() == [1]


def test_only_files_of_the_partitions_are_counted() -> None:
    assert reconciliation.imported_files(_imported(), [NEXT_DAY]).is_empty()
    assert reconciliation.imported_files(_imported(), [DAY])["file"].to_list() == [FILE[:12]]


def _lines() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "changed_on": [DAY, DAY, NEXT_DAY, DAY, DAY],
            "platform": ["amazon"] * 5,
            "store": ["na"] * 5,
            "line_kind": ["sale", "sale", "sale", "charge", "sale"],
            "state": ["shipped", "to_ship", "shipped", "shipped", "cancelled"],
            "sku": ["A", "A", "A", "A", "A"],
            "multiplier": [1, 1, 2, 1, 1],
            "quantity_ordered": [3, 4, 5, 9, 9],
            "quantity_cancelled": [1, 0, 0, 0, 9],
            "quantity_shipped": [2, 0, 5, 9, 0],
        }
    )


def test_units_shipped_are_compared_day_by_day() -> None:
    moved = pl.DataFrame({"changed_on": [DAY, NEXT_DAY], "quantity": [-2, -4], "kind": ["ship", "ship"]})
    lake = MemoryLake().put(OrderLines, _lines()).put(Movements, moved)
    compared = reconciliation.shipped_units(lake, None)
    assert compared.select("changed_on", "shipped", "moved", "difference").rows() == [
        (DAY, 2, 2, 0),
        (NEXT_DAY, 10, 4, 6),
    ]
    assert reconciliation.shipped_units(lake, [DAY]).height == 1


def test_a_day_that_only_one_side_knows_shows() -> None:
    lake = MemoryLake().put(OrderLines, _lines().head(1))
    assert reconciliation.shipped_units(lake, None)["difference"].to_list() == [2]


def test_demand_is_what_was_ordered_and_not_cancelled() -> None:
    demand = pl.DataFrame({"platform": ["amazon"], "store": ["na"], "units": [10]})
    lake = MemoryLake().put(OrderLines, _lines()).put(DailyDemand, demand)
    assert reconciliation.wanted_units(lake, None).to_dicts() == [
        {"platform": "amazon", "store": "na", "wanted": 16, "in_demand": 10, "difference": 6}
    ]


def test_each_money_line_of_a_settlement_is_counted_or_in_quarantine_once() -> None:
    settlement = {"platform": "amazon", "store": "na", "settlement_id": "S1"}
    raw = pl.DataFrame(
        [settlement | {"line_number": n, "total_amount": "9.00" if n == 2 else None} for n in (2, 3, 4, 5)]
    )
    kept = pl.DataFrame([settlement | {"line_number": n} for n in (3, 4)])
    refused = pl.DataFrame({"table_name": ["finance.settlement_lines"], "source_key": ["amazon/na/S1/5"]})
    lake = MemoryLake().put(RawAmazonSettlements, raw).put(SettlementLines, kept)
    assert reconciliation.settled_lines(lake, None)["difference"].to_list() == [1]
    lake.put(Quarantine, refused)
    assert reconciliation.settled_lines(lake, None).to_dicts() == [
        settlement | {"in_report": 3, "counted": 3, "difference": 0}
    ]


# --- keys over all days -------------------------------------------------------------------------------


def test_a_key_left_behind_on_another_day_is_found_by_a_run_over_either_day() -> None:
    frame = valid_frame(table_named("core.orders"), 3)
    days = pl.Series("changed_on", [TODAY, TODAY, TODAY - timedelta(days=5)])
    ids = pl.Series("order_id", ["a", "b", "a"])
    same = frame.with_columns(days, ids, platform=pl.lit("amazon"), store=pl.lit("na"))
    copies = reconciliation.copies_of(Orders)(MemoryLake().put(Orders, same), [TODAY])
    assert dict(copies.select("order_id", "copies").iter_rows()) == {"a": 2, "b": 1}
    assert copies["changed_on"].to_list() == [TODAY, TODAY]
    assert reconciliation.copies_of(Orders)(MemoryLake().put(Orders, same), []).is_empty()
    assert reconciliation.copies_of(Orders)(MemoryLake().put(Orders, same), None)["copies"].sum() == 3
