"""What tells variants of a product apart: the words and numbers of a title that no likeness can outweigh.

Belongs here: which words and numbers these are, in English and Chinese, and what follows where titles differ in one.
Does not belong here: taking a title apart (`titles.py`), or candidates and verdicts (`matching.py`).

Every such word is a *mark*: of a kind (`color`, `volume`), with a value in one form for all spellings (`1L`, `1000 ml`
and `1升` are `1000ml`).
"""

from typing import Final

import polars as pl

NUMBER: Final = "number"
LETTER: Final = "letter"
SIZE: Final = "size"
MODEL: Final = "model"
DIMENSIONS: Final = "dimensions"

UNITS: Final[dict[str, tuple[str, str, float]]] = {
    **dict.fromkeys(("ml",), ("volume", "ml", 1)),
    **dict.fromkeys(("cl",), ("volume", "ml", 10)),
    **dict.fromkeys(("l", "liter", "litre", "liters", "litres"), ("volume", "ml", 1000)),
    "oz": ("ounces", "oz", 1),
    **dict.fromkeys(("mm",), ("length", "mm", 1)),
    "cm": ("length", "mm", 10),
    **dict.fromkeys(("m", "meter", "metre", "meters", "metres"), ("length", "mm", 1000)),
    **dict.fromkeys(("in", "inch", "inches"), ("inches", "in", 1)),
    **dict.fromkeys(("ft", "feet", "foot"), ("feet", "ft", 1)),
    "g": ("weight", "g", 1),
    **dict.fromkeys(("kg", "kilo", "kilos"), ("weight", "g", 1000)),
    **dict.fromkeys(("lb", "lbs"), ("pounds", "lb", 1)),
    **dict.fromkeys(("v", "volt", "volts"), ("voltage", "v", 1)),
    **dict.fromkeys(("w", "watt", "watts"), ("power", "w", 1)),
    "kw": ("power", "w", 1000),
    "mah": ("charge", "mah", 1),
    "ah": ("charge", "mah", 1000),
    "gb": ("memory", "gb", 1),
    "tb": ("memory", "gb", 1024),
    "hz": ("frequency", "hz", 1),
}
"""Unit as written to kind of mark, unit of its value, and factor. Inches, feet, ounces and pounds stay what they are: a
title rounds them, so that no factor makes them meet the metric ones."""

CHINESE_UNITS: Final = {
    "毫升": "ml",
    "公升": "l",
    "升": "l",
    "毫米": "mm",
    "厘米": "cm",
    "公分": "cm",
    "米": "m",
    "英寸": "inch",
    "寸": "inch",
    "千克": "kg",
    "公斤": "kg",
    "克": "g",
    "伏": "v",
    "瓦": "w",
    "毫安": "mah",
}

_WORDS: Final[dict[str, dict[str, str]]] = {
    "color": {
        "black": "黑色",
        "white": "白色",
        "red": "红色",
        "blue": "蓝色",
        "green": "绿色",
        "yellow": "黄色",
        "pink": "粉色 粉红色",
        "purple": "紫色",
        "orange": "橙色 橘色",
        "gray": "灰色",
        "brown": "棕色 咖啡色 褐色",
        "beige": "米色 米白色",
        "gold": "金色",
        "silver": "银色",
        "navy": "藏青色 深蓝色",
        "khaki": "卡其色",
        "ivory": "象牙色",
        "turquoise": "青色",
        "burgundy": "酒红色",
        "transparent": "透明",
        "rose": "玫瑰色 玫红色",
        "cream": "奶油色",
        "lilac": "",
        "lavender": "",
        "mint": "",
        "olive": "",
        "teal": "",
        "coral": "",
        "multicolor": "彩色",
    },
    "shade": {"light": "", "dark": "", "pale": "", "bright": "", "matte": "哑光", "glossy": "亮面"},
    SIZE: {
        "xs": "",
        "s": "小号 小码",
        "m": "中号 中码",
        "l": "大号 大码",
        "xl": "加大号 加大码",
        "xxl": "特大号 特大码",
        "mini": "迷你",
        "jumbo": "",
        "giant": "",
    },
    "plug": {
        "eu": "欧规 欧标 欧版",
        "us": "美规 美标 美版",
        "uk": "英规 英标 英版",
        "au": "澳规 澳标 澳版",
        "cn": "国标 中规",
    },
    "side": {
        "left": "左侧 左手 左边",
        "right": "右侧 右手 右边",
        "front": "前置 前侧",
        "rear": "后置 后侧",
        "upper": "",
        "lower": "",
    },
    "material": {
        "cotton": "纯棉 棉质",
        "wool": "羊毛",
        "linen": "亚麻",
        "silk": "真丝",
        "polyester": "涤纶",
        "nylon": "尼龙",
        "leather": "真皮 皮质",
        "wood": "木质 木制 实木",
        "bamboo": "竹制 竹质",
        "plastic": "塑料",
        "glass": "玻璃",
        "ceramic": "陶瓷",
        "silicone": "硅胶",
        "steel": "不锈钢",
        "aluminum": "铝合金",
        "iron": "铁艺",
        "brass": "黄铜",
        "copper": "紫铜",
        "rubber": "橡胶",
        "acrylic": "亚克力",
        "resin": "树脂",
        "metal": "金属",
    },
    "wearer": {
        "men": "男士 男款 男装",
        "women": "女士 女款 女装",
        "boy": "男童",
        "girl": "女童",
        "kids": "儿童",
        "baby": "婴儿",
        "adult": "成人",
    },
}
"""Kind, then value and its Chinese words. English spellings beside the value itself stand in `_SPELLINGS`."""

_SPELLINGS: Final = {
    "grey": "gray",
    "golden": "gold",
    "clear": "transparent",
    "multicolour": "multicolor",
    "multicolored": "multicolor",
    "small": "s",
    "medium": "m",
    "large": "l",
    "xlarge": "xl",
    "xxxl": "3xl",
    "2xl": "xxl",
    "european": "eu",
    "british": "uk",
    "wooden": "wood",
    "woolen": "wool",
    "stainless": "steel",
    "aluminium": "aluminum",
    "metallic": "metal",
    "mens": "men",
    "man": "men",
    "womens": "women",
    "woman": "women",
    "ladies": "women",
    "boys": "boy",
    "girls": "girl",
    "kid": "kids",
    "children": "kids",
    "childrens": "kids",
    "infant": "baby",
    "adults": "adult",
    "back": "rear",
}

CHINESE_WORDS: Final = {
    chinese: value for values in _WORDS.values() for value, listed in values.items() for chinese in listed.split()
}
"""Chinese word to the value it stands for."""

_KIND_OF: Final = {value: kind for kind, values in _WORDS.items() for value in values}

STRICT: Final = (NUMBER, MODEL, LETTER, SIZE, DIMENSIONS, *sorted({kind for kind, _, _ in UNITS.values()}))
"""Kinds of which no title may be silent: where only one of two titles has a number or a letter, they differ."""

_LOOSE_NUMBERS: Final = (NUMBER, LETTER)
"""Kinds whose values do not say what they count: no contradiction of an equal code, as `2024` beside `3`."""


def marks(words: pl.DataFrame) -> pl.DataFrame:
    """Tell the words that are marks.

    Args:
        words: Columns `text` (what the word is of) and `word` (lower case).

    Returns:
        The same rows with `kind` and `value`, null for a word that is no mark.
    """
    word = pl.col("word").replace(_SPELLINGS)
    measure = pl.col("word").str.extract_groups(r"^([0-9]+(?:\.[0-9]+)?)([a-z]+)$")
    unit = measure.struct.field("2")
    known = unit.is_in(list(UNITS))
    factor = unit.replace_strict({name: made[2] for name, made in UNITS.items()}, default=None, return_dtype=pl.Float64)
    amount = (measure.struct.field("1").cast(pl.Float64, strict=False) * factor).round(3).cast(pl.String)
    in_unit = pl.concat_str(
        amount.str.strip_suffix(".0"), unit.replace_strict({n: made[1] for n, made in UNITS.items()}, default=None)
    )
    listed = word.replace_strict(_KIND_OF, default=None, return_dtype=pl.String)
    digits = pl.col("word").str.contains(r"[0-9]")
    letter = pl.col("word").str.contains(r"^[b-z]$")
    return words.with_columns(
        kind=pl.when(listed.is_not_null())
        .then(listed)
        .when(known)
        .then(unit.replace_strict({n: made[0] for n, made in UNITS.items()}, default=None, return_dtype=pl.String))
        .when(pl.col("word").str.contains(r"^[0-9.]+x[0-9.x]+[a-z]*$"))
        .then(pl.lit(DIMENSIONS))
        .when(digits)
        .then(pl.when(pl.col("word").str.contains(r"\p{L}")).then(pl.lit(MODEL)).otherwise(pl.lit(NUMBER)))
        .when(letter)
        .then(pl.lit(LETTER)),
        value=pl.when(listed.is_not_null()).then(word).when(known).then(in_unit).when(digits | letter).then(word),
    )


def differences(pairs: pl.DataFrame, marks_of: pl.DataFrame, *, left: str, right: str) -> pl.DataFrame:
    """Say in which marks the two titles of every pair differ.

    Args:
        pairs: Columns `left` and `right`: titles, as `marks_of` names them.
        marks_of: Columns `text`, `kind`, `values` (all values of the kind in the text, sorted, joined by a space).
        left: What the left title is of, in words (`listing`).
        right: The same of the right title (`SKU`).

    Returns:
        One row per distinct pair that differs in anything: `left`, `right`; `blocked` (both say it and say different
        things, or only one says it and its kind is one of `STRICT`); `contradicts` (both say it, of a kind with a
        meaning, and nothing of it is the same); `differences` in words.
    """
    distinct = pairs.select("left", "right").unique().with_row_index("pair")
    here = distinct.join(marks_of, left_on="left", right_on="text").select("pair", "kind", ours=pl.col("values"))
    there = distinct.join(marks_of, left_on="right", right_on="text").select("pair", "kind", theirs=pl.col("values"))
    both = here.join(there, on=["pair", "kind"], how="full", coalesce=True)
    differing = both.filter(pl.col("ours").ne_missing(pl.col("theirs"))).sort("pair", "kind")
    both_say = pl.col("ours").is_not_null() & pl.col("theirs").is_not_null()
    shared = pl.col("ours").str.split(" ").list.set_intersection(pl.col("theirs").str.split(" ")).list.len() > 0
    wording = (
        pl.when(both_say)
        .then(
            pl.concat_str(
                "kind", pl.lit(": "), "ours", pl.lit(f" in the {left}, "), "theirs", pl.lit(f" in the {right}")
            )
        )
        .when(pl.col("theirs").is_null())
        .then(pl.concat_str("kind", pl.lit(f": only the {left} says "), "ours"))
        .otherwise(pl.concat_str("kind", pl.lit(f": only the {right} says "), "theirs"))
    )
    found = differing.group_by("pair").agg(
        blocked=(both_say | pl.col("kind").is_in(STRICT)).any(),
        contradicts=(both_say & ~shared & ~pl.col("kind").is_in(_LOOSE_NUMBERS)).any(),
        differences=wording.sort_by("kind").str.join("; "),
    )
    return distinct.join(found, on="pair").drop("pair")
