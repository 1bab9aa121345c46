"""Running sandboxes for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.support import SMALL, Wire
from tests.support import running_sandbox


@pytest.fixture(scope="session")
def small_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small world at the close of its order book, without faults; nobody changes it."""
    with running_sandbox(tmp_path_factory.mktemp("small"), *SMALL) as url:
        yield url


@pytest.fixture(scope="module")
def own_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small world that the tests of one module may change."""
    with running_sandbox(tmp_path_factory.mktemp("own"), *SMALL) as url:
        yield url


@pytest.fixture
def fresh_url(tmp_path: Path) -> Iterator[str]:
    """A small world of one test alone."""
    with running_sandbox(tmp_path, *SMALL) as url:
        yield url


@pytest.fixture(params=["na", "eu", "fe"])
def each_account(request: pytest.FixtureRequest, small_url: str) -> Wire:
    """The way to each account of the unchanging small world."""
    return Wire(small_url, request.param)


@pytest.fixture
def eu(small_url: str) -> Wire:
    """The way to the European account of the unchanging small world."""
    return Wire(small_url, "eu")


@pytest.fixture
def trading(tmp_path: Path) -> Iterator[Wire]:
    """The way to a world in the middle of its trade."""
    flags = ("--orders-per-day", "40", "--accounts", "NA", "--rate-scale", "100000")
    with running_sandbox(tmp_path, *flags, "--clock", "frozen:2026-05-20T20:00:00Z") as url:
        yield Wire(url)
