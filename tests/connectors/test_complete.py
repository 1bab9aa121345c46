"""Whole readings: united over several passes, on other page borders, until nothing can be unseen."""

from collections.abc import Iterator
from typing import Any

import pytest

from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.amazon.platform import PLATFORM
from linkstar_pipelines.connectors.complete import Listing, Reading, read_stream, read_until_complete
from linkstar_pipelines.connectors.errors import IncompleteReadingError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Page, Window
from linkstar_pipelines.domain.completeness import PageTally
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.conftest import MakeCore
from tests.connectors.support import Script, reply, utc

LISTING = Listing("amazon", "na", "searchThings", 10)
RECORDS = [{"id": f"{n:03d}"} for n in range(100)]


def pages(records: list[Any], size: int = 10, without: tuple[int, ...] = ()) -> list[list[Any]]:
    every = [records[start : start + size] for start in range(0, len(records), size)]
    return [page for number, page in enumerate(every) if number not in without]


def read(core: HttpCore, passes: list[list[list[Any]]], min_readings: int = 2, total: int | None = None) -> Reading:
    def read_once(number: int) -> Iterator[Page]:
        for records in passes[min(number, len(passes) - 1)]:
            yield Page(records, total)

    return read_until_complete(
        read_once, lambda record: str(record.get("id", "")), min_readings, listing=LISTING, http=core
    )


def test_two_equal_readings_are_enough_when_all_is_quiet(make_core: MakeCore) -> None:
    reading = read(make_core(), [pages(RECORDS)])
    assert (reading.readings, list(reading.records), reading.expected_unseen) == (2, RECORDS, 0)


def test_pages_skipped_by_single_readings_are_united_and_make_it_read_on(make_core: MakeCore) -> None:
    reading = read(make_core(), [pages(RECORDS, without=(3,)), pages(RECORDS, without=(5, 6)), pages(RECORDS)])
    assert sorted(record["id"] for record in reading.records) == [record["id"] for record in RECORDS]
    assert reading.found[:3] == (90, 80, 100)
    assert reading.readings > 3
    assert 0 < reading.expected_unseen < 0.01


def test_a_duplicated_page_changes_nothing(make_core: MakeCore) -> None:
    doubled = [*pages(RECORDS)[:1], *pages(RECORDS)]
    reading = read(make_core(), [doubled, pages(RECORDS)])
    assert (reading.readings, list(reading.records)) == (2, RECORDS)


def test_versions_and_malformed_records_are_all_kept(make_core: MakeCore) -> None:
    first = [[{"id": "1", "state": "PENDING"}, {"broken": True}, None]]
    second = [[{"id": "1", "state": "SHIPPED"}, {"broken": True}, None]]
    reading = read(make_core(), [first, second])
    assert list(reading.records) == [
        {"id": "1", "state": "PENDING"},
        {"broken": True},
        {"unreadable": None},
        {"id": "1", "state": "SHIPPED"},
    ]
    assert (reading.readings, reading.union) == (2, 1)


def test_skips_seen_once_are_remembered_for_the_next_listing(make_core: MakeCore) -> None:
    core = make_core()
    core.page_tallies.add("amazon", "na", "searchThings", PageTally(pages=50, skipped=10, faults=0))
    assert read(core, [[[]]]).readings > 2


def test_readings_that_never_agree_are_refused_with_figures(make_core: MakeCore) -> None:
    tenths = [pages(RECORDS)[number % 10 :][:1] for number in range(40)]
    with pytest.raises(IncompleteReadingError, match=r"found 10 to 10 of 100 records, about 9\d% .* run it later"):
        read(make_core(), tenths)


def test_a_reading_counts_pages_seen_before_so_the_tally_survives_processes(make_core: MakeCore) -> None:
    read(make_core(), [pages(RECORDS, without=(3,)), pages(RECORDS)])
    tally = make_core().page_tallies.load("amazon", "na", "searchThings")
    assert tally.skipped == pytest.approx(1, abs=0.01)
    assert tally.pages >= 30


def order(number: int, updated: str) -> dict[str, str]:
    return {"orderId": str(number), "lastUpdatedTime": updated}


def test_an_order_that_changes_while_an_open_window_is_read_is_kept_in_both_versions_and_raises_no_doubt(
    client: AmazonClient, script: Script
) -> None:
    early, late = "2026-05-01T10:00:00Z", "2026-05-01T12:30:00Z"
    bounds = ["2026-05-01T12:00:00Z", "2026-05-01T13:00:00Z"]
    script.steps = [
        reply({"orders": [order(1, early), order(2, early)], "lastUpdatedBefore": bounds[0]}),
        reply({"orders": [order(2, early), order(1, late), order(3, late)], "lastUpdatedBefore": bounds[1]}),
    ]
    reading = read_stream(client, PLATFORM, Stream.ORDERS, Window(utc(2026, 5, 1)), 2, now=utc(2026, 5, 2))
    assert (reading.readings, reading.union, len(reading.records)) == (2, 2, 4)
    assert reading.upper_bound == utc(2026, 5, 1, 12)
    assert [query["maxResultsPerPage"] for query in script.queries] == ["100", "87"]
    assert all("lastUpdatedBefore" not in query for query in script.queries)


def test_what_a_reading_lacked_is_named(make_core: MakeCore) -> None:
    reading = read(make_core(), [pages(RECORDS, without=(3,)), pages(RECORDS)])
    assert {key for key, lacking in reading.gaps.items() if 0 in lacking} == {f"{n:03d}" for n in range(30, 40)}


def test_a_record_without_identity_counts_towards_what_the_platform_states(make_core: MakeCore) -> None:
    passes = [pages([*RECORDS, {"broken": 1}, {"broken": 2}])]
    assert read(make_core(), passes, total=102).readings == 2


def test_readings_that_agree_on_less_than_the_platform_states_are_not_whole(make_core: MakeCore) -> None:
    short = pages(RECORDS, without=(3,))
    reading = read(make_core(), [short, short, short, pages(RECORDS)], total=100)
    assert (len(reading.records), reading.total) == (100, 100)
    with pytest.raises(IncompleteReadingError, match="The platform states 100"):
        read(make_core(), [short], total=100)
