"""A made-up catalogue and its listings, with the truth of which listing sells which SKU.

Belongs here: making them, plainly, from a seed. Does not belong here: any knowledge of how the matcher works.

A family is one product in its variants: along one axis (color, size, capacity, length, voltage, watts, plug, model
number), along two, or a single product. Every variant is a SKU of its own. Shares, of SKUs: Chinese name 60 %, GTIN
55 %, picture 70 % (a third of these is one picture for the whole family). Of listings:

* code: the SKU's own 40 %, its own in lower case with other separators 10 %, with the letter O for zero 10 %, with a
  mistyped letter 5 %, with a channel's word behind it 5 %, a code of older days that tells nothing 29 %, a sibling's
  by mistake 1 %;
* packs 8 %: two, three, six or twelve units, said in the title; half of them in the code too, where the code is the
  SKU's own;
* GTIN: 40 % of those whose SKU has one (packs never), 1 % of these a sibling's by mistake;
* picture: 50 % of those whose SKU has one;
* title: Chinese 10 % (where the SKU has a Chinese name); words in another order 30 %, a typing error 25 %, in upper
  case 20 %, in full-width characters 4 %, words of a salesman 30 %, a word left out 10 %, what names the variant left
  out 3 %;
* 5 % sell a variant for which no SKU exists.
"""

import random
from dataclasses import dataclass
from typing import Any, Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain.sku_codes import clean_codes
from linkstar_pipelines.rules.sku_codes import load_sku_code_rules
from linkstar_pipelines.schemas.products import Listings, Skus

_NOUNS: Final = (
    ("Mug", "马克杯"),
    ("Desk Lamp", "台灯"),
    ("Backpack", "双肩背包"),
    ("Water Bottle", "水瓶"),
    ("Phone Case", "手机壳"),
    ("Kettle", "电热水壶"),
    ("Yoga Mat", "瑜伽垫"),
    ("Hair Dryer", "吹风机"),
    ("Dog Leash", "狗牵引绳"),
    ("Umbrella", "雨伞"),
    ("Cutting Board", "砧板"),
    ("Power Strip", "排插"),
    ("Blender", "搅拌机"),
    ("Picture Frame", "相框"),
    ("Pillow", "枕头"),
    ("Charger", "充电器"),
    ("Wall Clock", "挂钟"),
    ("Storage Box", "收纳箱"),
    ("Tent", "帐篷"),
    ("Headphones", "耳机"),
    ("Baking Pan", "烤盘"),
    ("Curtain", "窗帘"),
    ("T-Shirt", "短袖衫"),
    ("Apron", "围裙"),
    ("Flashlight", "手电筒"),
    ("Keyboard", "键盘"),
    ("Toy Car", "玩具车"),
    ("Garden Hose", "花园水管"),
    ("Screwdriver", "螺丝刀"),
    ("Candle", "蜡烛"),
)
_FEATURES: Final = (
    ("Foldable", "可折叠"),
    ("Waterproof", "防水"),
    ("Portable", "便携"),
    ("Heavy Duty", "加厚"),
    ("Vintage", "复古"),
    ("Magnetic", "磁吸"),
    ("Adjustable", "可调节"),
    ("Wireless", "无线"),
    ("Non Slip", "防滑"),
    ("Travel", "旅行"),
    ("Lightweight", "轻便"),
    ("Rechargeable", "可充电"),
    ("Silent", "静音"),
    ("Insulated", "保温"),
    ("Decorative", "装饰"),
    ("Ergonomic", "人体工学"),
    ("Outdoor", "户外"),
    ("Smart", "智能"),
    ("Compact", "小巧"),
    ("Handmade", "手工"),
)
_STYLES: Final = (
    ("Nordic", "北欧"),
    ("Floral", "花卉"),
    ("Geometric", "几何"),
    ("Striped", "条纹"),
    ("Marble", "大理石纹"),
    ("Cartoon", "卡通"),
    ("Classic", "经典"),
    ("Retro", "怀旧"),
    ("Minimalist", "简约"),
    ("Tropical", "热带"),
    ("Panda", "熊猫"),
    ("Whale", "鲸鱼"),
    ("Mountain", "山峰"),
    ("Cactus", "仙人掌"),
    ("Galaxy", "星空"),
)
_BRANDS: Final = (
    "Oakvale", "Brinmor", "Tessari", "Lumio", "Kestrel", "Havbo", "Norvik", "Padano", "Quillon", "Zephra", "Mirento",
    "Solvang",
)  # fmt: skip
_AXES: Final = {
    "color": (
        ("Red", "红色"),
        ("Blue", "蓝色"),
        ("Black", "黑色"),
        ("White", "白色"),
        ("Pink", "粉色"),
        ("Green", "绿色"),
    ),
    "size": (("S", "小号"), ("M", "中号"), ("L", "大号"), ("XL", "加大号")),
    "capacity": (("250ml", "250毫升"), ("350ml", "350毫升"), ("500ml", "500毫升"), ("1L", "1升")),
    "length": (("1m", "1米"), ("2m", "2米"), ("3m", "3米"), ("50cm", "50厘米")),
    "voltage": (("110V", "110V"), ("220V", "220V")),
    "watts": (("5W", "5W"), ("10W", "10W"), ("12W", "12W"), ("60W", "60W")),
    "plug": (("EU Plug", "欧规"), ("US Plug", "美规"), ("UK Plug", "英规")),
    "model": (("A3", "A3"), ("A4", "A4"), ("X200", "X200"), ("X300", "X300")),
}
_SALES: Final = ("Hot Sale", "New Arrival", "Free Shipping", "Best Seller", "High Quality", "Gift Idea")
_FULL_WIDTH: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}


@dataclass(frozen=True)
class Catalogue:
    """SKUs, listings, and the truth: `subject`, `sku` (null: none exists), `multiplier`."""

    skus: dy.DataFrame[Skus]
    listings: dy.DataFrame[Listings]
    truth: pl.DataFrame


@dataclass(frozen=True)
class _Product:
    sku: str
    family: int
    words: str
    variant: str
    name_zh: str | None
    gtin: str | None
    image: str | None
    size: tuple[int, int, int, int]
    sold: bool
    """False for the variants for which no SKU is made."""


def make_catalogue(skus: int, listings: int, seed: int = 7) -> Catalogue:
    """Make a catalogue.

    Args:
        skus: How many SKUs, about: a family is made whole.
        listings: How many listings.
        seed: Same seed, same catalogue.
    """
    dice = random.Random(seed)  # noqa: S311 - the same catalogue for the same seed
    products = _products(skus, dice)
    sold = [product for product in products if product.sold]
    orphans = [product for product in products if not product.sold]
    siblings: dict[int, list[_Product]] = {}
    for product in sold:
        siblings.setdefault(product.family, []).append(product)
    rows: dict[str, dict[str, Any]] = {}
    truth = []
    while len(rows) < listings:
        product = dice.choice(orphans if orphans and dice.random() < 0.05 else sold)
        others = [other for other in siblings.get(product.family, []) if other.sku != product.sku]
        row, multiplier = _listing(product, others, len(rows), dice)
        subject = f"amazon/{row['store']}/{row['listing_sku']}"
        if subject in rows:
            continue
        rows[subject] = row
        truth.append({"subject": subject, "sku": product.sku if product.sold else None, "multiplier": multiplier})
    cleaned = clean_codes(pl.col("listing_sku"), load_sku_code_rules(), "amazon")
    frame = pl.DataFrame(list(rows.values()), infer_schema_length=None)
    return Catalogue(
        Skus.validate(_columns(pl.DataFrame([_sku(product) for product in sold], infer_schema_length=None), Skus)),
        Listings.validate(_columns(frame.with_columns(cleaned.struct.field("sku").alias("code")), Listings)),
        pl.DataFrame(truth, infer_schema_length=None),
    )


def _products(count: int, dice: random.Random) -> list[_Product]:
    products: list[_Product] = []
    seen: set[tuple[str, ...]] = set()
    sold = family = 0
    while sold < count:
        noun, noun_zh = dice.choice(_NOUNS)
        feature, feature_zh = dice.choice(_FEATURES)
        style, style_zh = dice.choice(_STYLES)
        brand = dice.choice(_BRANDS)
        if (noun, feature, style, brand) in seen:
            continue
        seen.add((noun, feature, style, brand))
        family += 1
        axes = dice.sample(sorted(_AXES), dice.choices((0, 1, 2), (3, 5, 2))[0])
        variants = [("", "")]
        for axis in axes:
            values = dice.sample(_AXES[axis], dice.randint(2, min(4, len(_AXES[axis]))))
            variants = [(f"{en} {v}".strip(), f"{zh} {w}".strip()) for en, zh in variants for v, w in values]
        has_gtin, shared = dice.random() < 0.55, dice.random() < 1 / 3
        chinese, pictured = dice.random() < 0.6, dice.random() < 0.7
        for variant, variant_zh in variants:
            number = len(products)
            category = "".join(word[:3] for word in noun.replace("-", "").upper().split())[:6]
            sides = sorted((dice.randint(20, 600) for _ in range(3)), reverse=True)
            products.append(
                _Product(
                    sku=f"LS-{category}{chr(65 + number // 10_000)}-{number % 10_000:04d}",
                    family=family,
                    words=f"{brand} {feature} {style} {noun}",
                    variant=variant,
                    name_zh=f"{brand} {feature_zh}{style_zh}{noun_zh} {variant_zh}".strip() if chinese else None,
                    gtin=_gtin(number) if has_gtin else None,
                    image=f"https://img.example.com/{family if shared else f'{family}-{number}'}.jpg"
                    if pictured
                    else None,
                    size=(*sides, dice.randint(30, 5000)),  # type: ignore[arg-type]
                    sold=len(variants) == 1 or dice.random() > 0.05,
                )
            )
            sold += products[-1].sold
    return products


def _listing(
    product: _Product, siblings: list[_Product], number: int, dice: random.Random
) -> tuple[dict[str, Any], int]:
    pack = dice.choice((2, 3, 6, 12)) if dice.random() < 0.08 else 1
    gtin = None
    if product.gtin and pack == 1 and dice.random() < 0.4:
        gtin = dice.choice(siblings).gtin if siblings and dice.random() < 0.01 else product.gtin
    return {
        "platform": "amazon",
        "store": f"store{dice.randrange(12)}",
        "marketplace_id": "ATVPDKIKX0DER",
        "listing_sku": _code(product, siblings, pack, number, dice),
        "cleaning": "none",
        "title": _title(product, pack, dice),
        "gtin": gtin,
        "image_url": product.image if product.image and dice.random() < 0.5 else None,
        "fulfilled_by": "seller",
    }, pack


def _code(product: _Product, siblings: list[_Product], pack: int, number: int, dice: random.Random) -> str:
    code, kind = product.sku, dice.random()
    made = f"OLD{dice.randint(10**6, 10**7)}-{number}"
    if not product.sold:  # nobody gives a product without a SKU the code of one
        return made
    if pack > 1:
        return f"{code}-{pack}PK" if kind < 0.5 else made
    head, middle, digits = code.split("-")
    if kind < 0.40:
        made = code
    elif kind < 0.50:
        made = code.lower().replace("-", dice.choice("_ "))
    elif kind < 0.60:
        made = f"{head}-{middle}-{digits.replace('0', 'O')}"
    elif kind < 0.65:
        at = dice.randrange(len(middle))
        made = f"{head}-{middle[:at]}{dice.choice('BDFGHJKNPQ')}{middle[at + 1 :]}-{digits}"
    elif kind < 0.70:
        made = f"{code}-{dice.choice(('EBAY', 'AMZ', 'TTS'))}"
    elif kind < 0.71 and siblings:
        made = dice.choice(siblings).sku
    return made


def _title(product: _Product, pack: int, dice: random.Random) -> str:
    variant = "" if dice.random() < 0.03 else product.variant
    if product.name_zh and dice.random() < 0.1:
        words = product.name_zh.split()
        words = words if variant else words[:2]
        return " ".join([*words, f"{pack}个装" if pack > 1 else ""]).strip()
    words = product.words.split()
    if dice.random() < 0.10:
        words.remove(dice.choice(words))
    if dice.random() < 0.25:
        at = dice.randrange(len(words))
        words[at] = _mistyped(words[at], dice)
    parts = [*words, *([variant] if variant else [])]
    if dice.random() < 0.30:
        dice.shuffle(parts)
    if dice.random() < 0.30:
        parts.insert(dice.choice((0, len(parts))), dice.choice(_SALES))
    if pack > 1:
        parts.append(dice.choice((f"{pack} Pack", f"Pack of {pack}", f"x{pack}", f"{pack}pcs", f"({pack}-Pack)")))
    title = dice.choice((" ", " ", " ", ", ", " - ")).join(parts)
    if dice.random() < 0.20:
        title = title.upper()
    return title.translate(_FULL_WIDTH) if dice.random() < 0.04 else title


def _mistyped(word: str, dice: random.Random) -> str:
    at = dice.randrange(len(word))
    letter = dice.choice("abcdefghijklmnopqrstuvwxyz")
    return dice.choice(
        (
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
        )
    )


def _sku(product: _Product) -> dict[str, Any]:
    length, width, height, weight = product.size
    return {
        "sku": product.sku,
        "name_en": f"{product.words} {product.variant}".strip(),
        "name_zh": product.name_zh,
        "gtin": product.gtin,
        "length_mm": length,
        "width_mm": width,
        "height_mm": height,
        "weight_g": weight,
        "image_url": product.image,
        "lifecycle": "active",
        "is_kit": False,
        "source": "decision",
    }


def _gtin(number: int) -> str:
    body = f"0690{number:09d}"
    check = -sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(body)) % 10
    return f"{body}{check}"


def _columns(frame: pl.DataFrame, schema: type[dy.Schema]) -> pl.DataFrame:
    """Add the columns that are not made, empty, in the schema's order and types."""
    types = schema.create_empty().schema
    absent = [pl.lit(None).alias(name) for name in types if name not in frame.columns]
    return frame.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in types.items())
