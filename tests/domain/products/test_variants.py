"""Words and numbers that tell variants apart: two titles that differ in one never match by themselves."""

import polars as pl
import pytest

from linkstar_pipelines.domain.products.titles import read_titles
from linkstar_pipelines.domain.products.variants import differences


def compared(left: str, right: str) -> dict[str, object] | None:
    read = read_titles(pl.Series([left, right]))
    rows = differences(pl.DataFrame({"left": [left], "right": [right]}), read.marks, left="listing", right="SKU").rows(
        named=True
    )
    return rows[0] if rows else None


def pack(title: str) -> int:
    return int(read_titles(pl.Series([title])).texts["pack"][0])


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        ("Mug 350ml", "Mug 500ml", "volume"),
        ("Cable 1m", "Cable 2m", "length"),
        ("Kettle 110V", "Kettle 220V", "voltage"),
        ("LED Bulb 9W", "LED Bulb 12 W", "power"),
        ("Shirt S", "Shirt M", "size"),
        ("Shirt Small", "Shirt X-Large", "size"),
        ("衬衫 大号", "衬衫 中号", "size"),
        ("Red Mug", "Blue Mug", "color"),
        ("红色杯子", "黑色杯子", "color"),
        ("Charger EU Plug", "Charger UK Plug", "plug"),
        ("充电器 欧规", "充电器 美规", "plug"),
        ("Mirror left", "Mirror right", "side"),
        ("Board wooden", "Board plastic", "material"),
        ("Frame A3", "Frame A4", "model"),
        ("Letter B Bling Key Ring", "Letter C Bling Key Ring", "letter"),
        ("Birthday candle 5", "Birthday candle 6", "number"),
        ("Box 10x20x30cm", "Box 10x20x40cm", "dimensions"),
        ("Gloves men", "Gloves women", "wearer"),
    ],
)
def test_variants_are_told_apart_and_the_kind_is_named(left: str, right: str, kind: str) -> None:
    row = compared(left, right)
    assert row is not None
    assert row["blocked"]
    assert f"{kind}: " in str(row["differences"])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Bottle 1L red", "RED bottle 1000 ml"),
        ("Bottle 1 Liter", "水瓶 1升"),
        ("Cable 1.5m", "Cable 150 cm"),
        ("Cable 1,5 m", "Cable 150cm"),
        ("Shirt large", "Shirt L"),
        ("Gray mug", "grey MUG"),
        ("Red Mug", "红色杯子"),
        ("Charger EU plug", "充电器 欧规"),
        ("ＬＥＤ ５Ｗ", "LED 5W"),
        ("Box 10 x 20 x 30 cm", "Box 10×20×30cm"),
        ("Power bank 10,000mAh", "Power bank 10000 mAh"),
    ],
)
def test_spellings_of_the_same_mark_are_equal(left: str, right: str) -> None:
    assert compared(left, right) is None


def test_a_number_or_letter_that_only_one_title_says_blocks_and_a_color_does_not() -> None:
    number, color = compared("Mug 350ml", "Mug"), compared("Mug red", "Mug")
    assert number is not None
    assert number["blocked"]
    assert number["differences"] == "volume: only the listing says 350ml"
    assert color is not None
    assert not color["blocked"]
    assert color["differences"] == "color: only the listing says red"


def test_only_what_both_say_contradicts_an_identifier() -> None:
    for left, right, contradicts in [
        ("Mug red", "Mug blue", True),
        ("Mug red", "Mug", False),
        ("Mug red white", "Mug red", False),
        ("Mug 2024", "Mug 7", False),
    ]:
        row = compared(left, right)
        assert row is not None
        assert row["contradicts"] == contradicts, (left, right)


@pytest.mark.parametrize(
    ("title", "units"),
    [
        ("Mug", 1),
        ("Mug 2 Pack", 2),
        ("Mug (3-Pack)", 3),
        ("Pack of 4 mugs", 4),
        ("Set of three mugs", 3),
        ("Mug x12", 12),
        ("Mug x 6", 6),
        ("2 x Mug", 2),
        ("Mug 10pcs", 10),
        ("杯子 3个装", 3),
        ("杯子 两个", 2),
        ("毛巾 5条装", 5),
        ("Box 10x20 cm", 1),
        ("Kamera X200", 1),
        ("Cable 3m x2", 2),
    ],
)
def test_titles_say_the_units_of_a_pack(title: str, units: int) -> None:
    assert pack(title) == units
