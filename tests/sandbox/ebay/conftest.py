"""A running sandbox with eBay's accounts alone."""

from collections.abc import Iterator

import pytest

from tests.sandbox.ebay.support import EbayWire
from tests.support import running_sandbox

SMALL = ("--accounts", "EBUS,EBEU", "--orders-per-day", "6", "--products", "30", "--rate-scale", "100000")


@pytest.fixture(scope="package")
def ebay_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small world without faults."""
    with running_sandbox(tmp_path_factory.mktemp("ebay"), *SMALL) as url:
        yield url


@pytest.fixture
def us(ebay_url: str) -> EbayWire:
    """The way to the American account."""
    return EbayWire(ebay_url, "ebus")


@pytest.fixture
def eu(ebay_url: str) -> EbayWire:
    """The way to the European account."""
    return EbayWire(ebay_url, "ebeu")
