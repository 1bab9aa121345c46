"""A scripted Shopee, and a client of it."""

from collections.abc import Iterator

import httpx
import pytest

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.shopee.client import ShopeeClient
from linkstar_pipelines.connectors.shopee.store import ShopeeStore
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.shopee.support import Shopee, shopee_store
from tests.support import TOKEN_KEY


@pytest.fixture
def shop() -> ShopeeStore:
    """A shop whose platform is scripted by the test."""
    return shopee_store("spsg", "https://shopee.test")


@pytest.fixture
def shopee() -> Shopee:
    """The platform's side: answers in the order the test gives them."""
    return Shopee()


@pytest.fixture
def shopee_client(shop: ShopeeStore, shopee: Shopee, postgres: Postgres) -> Iterator[ShopeeClient]:
    """A client of the scripted platform, which notes its pauses instead of sleeping."""
    core = HttpCore(
        postgres, timeout=5, max_attempts=3, max_wait=30, token_key=TOKEN_KEY, sleep=shopee.pauses.append,
        client=httpx.Client(transport=httpx.MockTransport(shopee)),
    )  # fmt: skip
    with core:
        yield ShopeeClient(shop, core)
