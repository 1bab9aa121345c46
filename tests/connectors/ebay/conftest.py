"""Scripted clients, and a running sandbox with eBay's accounts alone."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from linkstar_pipelines.connectors.ebay.client import EbayClient
from linkstar_pipelines.connectors.ebay.store import EbayStore
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.conftest import MakeCore
from tests.connectors.ebay.support import EbayScript, ebay_store
from tests.support import TOKEN_KEY, running_sandbox

SMALL = ("--accounts", "EBUS,EBEU", "--orders-per-day", "6", "--products", "30", "--rate-scale", "100000")


@pytest.fixture
def ebay() -> EbayScript:
    """The side of eBay: answers in the order the test gives them."""
    return EbayScript()


@pytest.fixture
def scripted_core(ebay: EbayScript, make_core: MakeCore) -> HttpCore:
    """A core that talks to the script and does not sleep."""
    return make_core(client=httpx.Client(transport=httpx.MockTransport(ebay)))


@pytest.fixture
def ebay_settings() -> EbayStore:
    """A store whose platform is scripted by the test."""
    return ebay_store()


@pytest.fixture
def ebay_client(ebay_settings: EbayStore, scripted_core: HttpCore) -> EbayClient:
    """A client of the scripted platform."""
    return EbayClient(ebay_settings, scripted_core)


@pytest.fixture
def wire_core(postgres: Postgres) -> Iterator[HttpCore]:
    """A core that talks to real servers."""
    with HttpCore(postgres, timeout=2, max_attempts=60, max_wait=60, token_key=TOKEN_KEY) as core:
        yield core


@pytest.fixture(scope="module")
def ebay_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small world without faults."""
    folder: Path = tmp_path_factory.mktemp("ebay")
    with running_sandbox(folder, *SMALL) as url:
        yield url
