"""A scripted platform and a client of it."""

import pytest

from linkstar_pipelines.connectors.tongtool.client import TongtoolClient
from linkstar_pipelines.connectors.tongtool.store import TongtoolAccount
from tests.connectors.conftest import MakeCore
from tests.connectors.tongtool.support import Tongtool, account_at


@pytest.fixture
def store() -> TongtoolAccount:
    """An account whose platform is scripted by the test."""
    return account_at("https://tongtool.test")


@pytest.fixture
def script() -> Tongtool:
    """The platform's side: answers in the order the test gives them."""
    return Tongtool()


@pytest.fixture
def client(store: TongtoolAccount, make_core: MakeCore) -> TongtoolClient:
    """A client of the scripted platform."""
    return TongtoolClient(store, make_core())
