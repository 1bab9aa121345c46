"""A scripted gateway, and a client of it."""

from collections.abc import Iterator

import httpx
import pytest

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.mabang.client import MabangClient
from linkstar_pipelines.connectors.mabang.store import MabangAccount
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.mabang.support import Gateway, mabang_account
from tests.support import TOKEN_KEY


@pytest.fixture
def account() -> MabangAccount:
    """An account whose gateway is scripted by the test."""
    return mabang_account("https://mabang.test/api/v2")


@pytest.fixture
def gateway() -> Gateway:
    """The other side: answers in the order the test gives them."""
    return Gateway()


@pytest.fixture
def mabang_core(gateway: Gateway, postgres: Postgres) -> Iterator[HttpCore]:
    """A core that talks to the scripted gateway and notes its pauses instead of sleeping."""
    core = HttpCore(
        postgres, timeout=5, max_attempts=3, max_wait=30, token_key=TOKEN_KEY, sleep=gateway.pauses.append,
        client=httpx.Client(transport=httpx.MockTransport(gateway)),
    )  # fmt: skip
    with core:
        yield core


@pytest.fixture
def client(account: MabangAccount, mabang_core: HttpCore) -> MabangClient:
    """A client of the scripted gateway."""
    return MabangClient(account, mabang_core)
