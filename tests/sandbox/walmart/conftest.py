"""A running Walmart for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.sandbox.walmart.support import WORLD, Wire
from tests.support import running_sandbox


@pytest.fixture(scope="module")
def walmart_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small world in the middle of its trade, of one module alone."""
    with running_sandbox(tmp_path_factory.mktemp("walmart"), *WORLD) as url:
        yield url


@pytest.fixture
def wm1(walmart_url: str) -> Wire:
    """The way to the account that Walmart ships for."""
    return Wire(walmart_url, "wm1")


@pytest.fixture
def wm2(walmart_url: str) -> Wire:
    """The way to the account that ships itself."""
    return Wire(walmart_url, "wm2")
