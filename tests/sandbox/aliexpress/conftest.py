"""A running sandbox with one AliExpress shop."""

from collections.abc import Iterator

import pytest

from tests.sandbox.aliexpress.support import WORLD, Wire
from tests.support import running_sandbox


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """The way to the shop of a small world without faults."""
    with running_sandbox(tmp_path_factory.mktemp("shop"), *WORLD) as url:
        yield Wire(url)
