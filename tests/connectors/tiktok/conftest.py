"""A scripted TikTok Shop, and a client of it."""

from collections.abc import Iterator

import httpx
import pytest

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.tiktok.client import TikTokClient
from linkstar_pipelines.connectors.tiktok.store import TikTokStore
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.tiktok.support import TikTok, tiktok_store
from tests.support import TOKEN_KEY


@pytest.fixture
def shop() -> TikTokStore:
    """A shop whose platform is scripted by the test."""
    return tiktok_store("ttus", "https://tiktok.test")


@pytest.fixture
def tiktok() -> TikTok:
    """The platform's side: answers in the order the test gives them."""
    return TikTok()


@pytest.fixture
def tiktok_client(shop: TikTokStore, tiktok: TikTok, postgres: Postgres) -> Iterator[TikTokClient]:
    """A client of the scripted platform, which notes its pauses instead of sleeping."""
    core = HttpCore(
        postgres, timeout=5, max_attempts=3, max_wait=30, token_key=TOKEN_KEY, sleep=tiktok.pauses.append,
        client=httpx.Client(transport=httpx.MockTransport(tiktok)),
    )  # fmt: skip
    with core:
        yield TikTokClient(shop, core)
