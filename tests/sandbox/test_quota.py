"""Usage plans: the documented rate in the header, the documented burst, and a 429 when it is spent."""

import re
from collections.abc import Iterator

import pytest

from tests.sandbox.support import (
    DOCUMENTS,
    INVENTORY,
    OPENS,
    ORDERS,
    REPORTS,
    TRANSACTIONS,
    Wire,
    assert_fits_model,
    assert_refused,
    item_path,
    listings_path,
    operation_of,
)
from tests.support import running_sandbox

OPERATIONS = [
    ("GET", ORDERS),
    ("GET", f"{ORDERS}/1"),
    ("GET", listings_path("na")),
    ("GET", item_path("na", "1")),
    ("PATCH", item_path("na", "1")),
    ("GET", INVENTORY),
    ("GET", TRANSACTIONS),
    ("GET", REPORTS),
    ("POST", REPORTS),
    ("GET", f"{REPORTS}/1"),
    ("GET", f"{DOCUMENTS}/1"),
]
# Those whose bucket takes most of a minute or longer to gain one request: their burst can be counted exactly.
SLOW = [("GET", ORDERS), ("GET", REPORTS), ("POST", REPORTS), ("GET", f"{DOCUMENTS}/1")]


def documented(url: str, method: str, path: str) -> tuple[float, int]:
    """Rate and burst in the usage-plan table of the model."""
    table = re.search(r"\|\s*([\d.]+)\s*\|\s*(\d+)\s*\|", operation_of(method, f"{url}{path}")["description"])
    assert table
    return float(table[1]), int(table[2])


@pytest.fixture(scope="module")
def metered_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small world with Amazon's own rates."""
    flags = ("--orders-per-day", "2", "--products", "10", "--rate-scale", "1")
    with running_sandbox(tmp_path_factory.mktemp("metered"), *flags) as url:
        yield url


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_header_tells_the_documented_rate(metered_url: str, method: str, path: str) -> None:
    answer = Wire(metered_url, "eu").send(method, path.replace("STARNA", "STAREU"))
    rate, _ = documented(metered_url, method, path)
    assert float(answer.headers["x-amzn-RateLimit-Limit"]) == rate


@pytest.mark.parametrize(("method", "path"), SLOW)
def test_after_the_documented_burst_the_account_is_refused(metered_url: str, method: str, path: str) -> None:
    wire, (_, burst) = Wire(metered_url, "na"), documented(metered_url, method, path)
    answers = [wire.send(method, path) for _ in range(burst + 2)]
    assert all(answer.status_code != 429 for answer in answers[:burst])
    for answer in answers[burst:]:
        assert_refused(answer, 429)
        assert_fits_model(answer)
        assert "Retry-After" not in answer.headers


def test_what_one_account_or_operation_spends_is_not_missed_by_another(metered_url: str) -> None:
    spender, (_, burst) = Wire(metered_url, "fe"), documented(metered_url, "GET", ORDERS)
    spent = [spender.get(ORDERS, lastUpdatedAfter=OPENS) for _ in range(burst + 1)]
    assert_refused(spent[-1], 429)
    assert spender.get(f"{ORDERS}/1").status_code == 404
    assert Wire(metered_url, "eu").get(ORDERS, lastUpdatedAfter=OPENS).status_code == 200


def test_a_refused_login_spends_nothing(metered_url: str) -> None:
    wire = Wire(metered_url, "eu")
    for _ in range(40):
        assert wire.http.get(ORDERS).status_code == 403
    assert wire.get(ORDERS, lastUpdatedAfter=OPENS).status_code == 200


def test_the_rate_scale_multiplies_the_rate(small_url: str) -> None:
    answer = Wire(small_url).get(ORDERS, lastUpdatedAfter=OPENS)
    assert float(answer.headers["x-amzn-RateLimit-Limit"]) == pytest.approx(0.0056 * 100_000)
