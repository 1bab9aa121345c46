"""The file of euro reference rates: in the central bank's form, on banking days, published in the afternoon."""

import csv
import io
import zipfile
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from tests.sandbox.support import RATES, SMALL, Wire
from tests.support import running_sandbox


def rows(url: str) -> list[dict[str, str]]:
    answer = httpx.get(f"{url}{RATES}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["eurofxref-hist.csv"]
        text = archive.read("eurofxref-hist.csv").decode()
    assert text.startswith("Date,USD,JPY,")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def published(small_url: str) -> list[dict[str, str]]:
    return rows(small_url)


def test_there_is_a_row_for_each_banking_day_newest_first(published: list[dict[str, str]]) -> None:
    days = [date.fromisoformat(row["Date"]) for row in published]
    assert days == sorted(set(days), reverse=True)
    assert all(day.weekday() < 5 for day in days)
    assert days[0] == date(2026, 5, 22)
    assert days[-1] < date(2026, 3, 1)
    assert max((later - earlier).days for later, earlier in pairwise(days)) <= 5


def test_each_currency_has_a_positive_rate_or_none_at_all(published: list[dict[str, str]]) -> None:
    for row in published:
        assert row.pop("") == ""  # the real file's trailing comma
        assert "N/A" in row.values()
        rates = [Decimal(value) for name, value in row.items() if name != "Date" and value != "N/A"]
        assert min(rates) > 0
        assert {"USD", "GBP", "JPY", "CNY"} <= {name for name, value in row.items() if value != "N/A"}


def test_rates_move_a_little_every_day(published: list[dict[str, str]]) -> None:
    dollars = [Decimal(row["USD"]) for row in published]
    steps = [abs(later / earlier - 1) for later, earlier in pairwise(dollars)]
    assert 0 < max(steps) < Decimal("0.02")


def test_the_rate_of_a_day_is_published_in_its_afternoon(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, *SMALL, "--clock", "frozen:2026-05-20T14:59:59Z") as url:
        wire = Wire(url)
        before = rows(url)
        assert before[0]["Date"] == "2026-05-19"
        wire.tell("clock", {"advance": 1})
        after = rows(url)
        assert after[0]["Date"] == "2026-05-20"
        assert after[1:] == before
