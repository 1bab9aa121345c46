"""A scripted gateway and a client of it."""

import pytest

from linkstar_pipelines.connectors.aliexpress.client import AliExpressClient
from linkstar_pipelines.connectors.aliexpress.store import AliExpressStore
from tests.connectors.aliexpress.support import Gateway, store_at
from tests.connectors.conftest import MakeCore


@pytest.fixture
def store() -> AliExpressStore:
    """A store whose gateway is scripted by the test."""
    return store_at("https://aliexpress.test", order_addresses=False)


@pytest.fixture
def script() -> Gateway:
    """The gateway's side: answers in the order the test gives them."""
    return Gateway()


@pytest.fixture
def client(store: AliExpressStore, make_core: MakeCore) -> AliExpressClient:
    """A client of the scripted gateway."""
    return AliExpressClient(store, make_core())
