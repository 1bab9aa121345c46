"""Data Docs, on demand."""

import re
from pathlib import Path
from typing import cast
from urllib.parse import unquote

import polars as pl
import pytest

from linkstar_pipelines.quality.docs import build_data_docs
from linkstar_pipelines.schemas.catalog import table_named
from linkstar_pipelines.schemas.products import Listings
from linkstar_pipelines.schemas.raw import RawAmazonOrders
from linkstar_pipelines.storage.lake import Lake
from tests.quality.frames import MemoryLake, valid_frame

LISTINGS, RAW_ORDERS = table_named("core.listings"), table_named("raw.amazon_orders")


def _lake() -> Lake:
    listings = valid_frame(LISTINGS, 3).with_columns(code=pl.lit("not a code"))
    orders = valid_frame(RAW_ORDERS, 3).with_columns(payload=pl.lit('{"buyer": "Ada Lovelace"}'))
    return cast("Lake", MemoryLake().put(Listings, listings).put(RawAmazonOrders, orders))


def test_the_pages_show_what_is_expected_and_found_but_nothing_personal(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    index = build_data_docs(_lake(), folder, [LISTINGS, RAW_ORDERS])
    assert index == folder / "index.html"
    pages = "".join(page.read_text() for page in folder.rglob("*.html"))
    first = index.read_text()
    links = [folder / unquote(link) for link in re.findall(r"href='([^']+)'", first)]
    assert [page.exists() for page in links] == [True, True]
    assert "core.listings</a></td><td>3</td>" in first
    assert "https:" not in first  # it must be of use without a network
    assert "not a code" in pages
    assert "Lovelace" not in pages


def test_building_again_replaces_the_pages(tmp_path: Path) -> None:
    build_data_docs(_lake(), tmp_path, [LISTINGS])
    build_data_docs(_lake(), tmp_path, [RAW_ORDERS])
    names = {page.stem for page in (tmp_path / "expectations").rglob("*.html")}
    assert names == {"amazon_orders"}


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="holds other files"):
        build_data_docs(_lake(), tmp_path, [LISTINGS])
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
