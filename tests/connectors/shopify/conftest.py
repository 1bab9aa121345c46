"""A scripted Shopify, and a running sandbox, for the tests of this folder."""

from collections.abc import Iterator

import pytest

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.shopify.client import ShopifyClient
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.conftest import MakeCore
from tests.connectors.shopify.support import WORLD, shopify_store, widen_budgets
from tests.support import TOKEN_KEY, running_sandbox


@pytest.fixture
def client(make_core: MakeCore, postgres: Postgres) -> ShopifyClient:
    """A client of the scripted Shopify that waits for no budget."""
    widen_budgets(postgres, "sf1")
    return ShopifyClient(shopify_store(), make_core())


@pytest.fixture(scope="module")
def world_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small world of both shops, without faults."""
    with running_sandbox(tmp_path_factory.mktemp("shopify"), *WORLD) as url:
        yield url


@pytest.fixture
def core(postgres: Postgres) -> Iterator[HttpCore]:
    """A core that waits for no budget."""
    widen_budgets(postgres, "sfus", "sfde")
    with HttpCore(postgres, timeout=3, max_attempts=60, max_wait=60, token_key=TOKEN_KEY) as core:
        yield core
