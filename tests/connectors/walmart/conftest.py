"""A scripted Walmart, and a running sandbox, for the tests of this folder."""

from collections.abc import Iterator

import pytest

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.walmart.client import WalmartClient
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.conftest import MakeCore
from tests.connectors.walmart.support import WORLD, WalmartScript, walmart_store, widen_budgets
from tests.support import TOKEN_KEY, running_sandbox


@pytest.fixture
def script() -> WalmartScript:
    """Walmart's side: answers in the order the test gives them."""
    return WalmartScript()


@pytest.fixture
def client(make_core: MakeCore) -> WalmartClient:
    """A client of the scripted Walmart."""
    return WalmartClient(walmart_store(), make_core())


@pytest.fixture(scope="module")
def world_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small world of both Walmart accounts, without faults."""
    with running_sandbox(tmp_path_factory.mktemp("walmart"), *WORLD) as url:
        yield url


@pytest.fixture
def core(postgres: Postgres) -> Iterator[HttpCore]:
    """A core that waits for no budget."""
    widen_budgets(postgres, "wm1", "wm2")
    with HttpCore(postgres, timeout=3, max_attempts=60, max_wait=60, token_key=TOKEN_KEY) as core:
        yield core
