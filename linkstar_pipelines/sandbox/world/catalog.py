"""Products of the world and the listings under which the accounts sell them.

Here: master SKUs, costs, prices, demand classes, and the dirty seller SKUs of listings. Master SKUs have the form
`LS-<five letters>-<four digits>`. Most dirt can be cleaned by rule (case, white space, full-width forms, `_` for
`-`, an FBA suffix); about 3 % of the listings carry a code that no rule can read.
Not here: how much of it sells (see `demand`), how much is in stock (see `stock`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Account, Marketplace

CATEGORIES = {  # code: (product type on the wire, nouns, referral fee share)
    "KITCH": ("KITCHEN", ("Bamboo Cutting Board", "Garlic Press", "Silicone Spatula Set", "Tea Strainer"), 0.15),
    "HOMED": ("HOME", ("Linen Cushion Cover", "Wall Shelf", "LED Night Light", "Storage Basket"), 0.15),
    "TOYSG": ("TOYS_AND_GAMES", ("Wooden Puzzle", "Building Blocks", "Bath Toy Set", "Memory Game"), 0.15),
    "BEAUT": ("BEAUTY", ("Jade Roller", "Makeup Brush Set", "Hair Clips", "Travel Bottle Set"), 0.08),
    "SPORT": ("SPORTING_GOODS", ("Resistance Band", "Yoga Strap", "Skipping Rope", "Water Bottle"), 0.15),
    "PETSU": ("PET_SUPPLIES", ("Dog Leash", "Cat Scratcher", "Slow Feeder Bowl", "Pet Brush"), 0.15),
    "OFFIC": ("OFFICE_PRODUCTS", ("Cable Organizer", "Desk Lamp", "Notebook Set", "Monitor Stand"), 0.15),
    "ELECT": ("CONSUMER_ELECTRONICS", ("USB-C Hub", "Phone Stand", "Charging Cable", "Webcam Cover"), 0.08),
}
COLORS = ("Black", "White", "Green", "Blue", "Rose", "Natural", "Gray")
CLASSES = ("smooth", "erratic", "intermittent", "lumpy")
LETTERS, ALPHANUMERIC = "ABCDEFGHJKLMNPQRSTUVWXYZ", "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CREATED_BEFORE_OPENING = 120 * 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """One product: `cost` and `price` in US cents (price before tax), `weight` in grams."""

    number: int
    sku: str
    category: str
    product_type: str
    title: str
    asin: str
    cost: int
    price: int
    weight: int
    referral_share: float
    demand_class: str
    popularity: float
    yearly_trend: float
    season_phase: float

    def gross_price(self, market: Marketplace) -> int:
        """Return the price a buyer sees, in minor units: with VAT where the marketplace has it, .99-ended."""
        taxed = self.price / 100 * market.price_factor * (1 + (market.vat or 0.0))
        if market.digits == 0:
            return max(round(taxed / 10) * 10, 100)
        return max(int(taxed), 4) * 100 + 99

    def parcel_fee(self, market: Marketplace) -> int:
        """Return the fulfillment fee per unit for FBA, in minor units: a base and steps of 500 g."""
        dollars = 3.06 + 0.55 * (self.weight // 500) + (0.25 if self.weight > 250 else 0.0)
        return market.whole(dollars * market.price_factor)


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """One seller SKU of an account: `share` is its part of the product's demand in the account."""

    account: Account
    seller_sku: str
    fn_sku: str
    product: Product
    fba: bool
    share: float
    readable: bool
    created: int

    @property
    def from_outside_eu(self) -> bool:
        """Tell whether EU orders ship from the seller's warehouse in China (import one stop shop applies)."""
        return not self.fba and chance.unit("warehouse", self.fn_sku) < 0.4


def make_products(seed: int, count: int) -> list[Product]:
    """Make `count` products; popularity falls with the rank as 1 / (rank + 6), and the class goes by rank."""
    products = []
    ranks = list(range(count))
    chance.generator(seed, "ranks").shuffle(ranks)
    codes = list(CATEGORIES)
    for index, rank in enumerate(ranks):
        rng = chance.generator(seed, "product", index)
        category = codes[index % len(codes)]
        product_type, nouns, referral = CATEGORIES[category]
        cost = int(200 + 2300 * rng.random() ** 2)
        place = rank / count
        klass = CLASSES[0 if place < 0.25 else 1 if place < 0.45 else 2 if place < 0.8 else 3]
        products.append(
            Product(
                number=index + 1,
                sku=f"LS-{category}-{index + 1:04d}",
                category=category,
                product_type=product_type,
                title=f"LinkStar {nouns[index // len(codes) % len(nouns)]}, {rng.choice(COLORS)}",
                asin="B0" + chance.code(8, ALPHANUMERIC, seed, "asin", index),
                cost=cost,
                price=int(cost * rng.uniform(3.0, 4.5)),
                weight=int(60 + 2400 * rng.random() ** 3),
                referral_share=referral,
                demand_class=klass,
                popularity=1 / (rank + 6),
                yearly_trend=rng.uniform(-0.5, 0.9),
                season_phase=rng.random(),
            )
        )
    return products


def make_listings(seed: int, products: Sequence[Product], account: Account, opens: int) -> list[Listing]:
    """Make the account's listings: one to three per product it sells, about 85 % of the products outside the US."""
    listings: list[Listing] = []
    taken: set[str] = set()
    for product in products:
        rng = chance.generator(seed, "listing", account.code, product.number)
        if account.code != "NA" and rng.random() < 0.15:
            continue
        kind = rng.random()
        channels = (
            [(False, 1.0)]
            if not account.warehoused
            else [(True, 1.0)]
            if kind < 0.6
            else [(False, 1.0)]
            if kind < 0.85
            else [(True, 0.7), (False, 0.3)]
        )
        if channels[0][0] and rng.random() < 0.15:
            channels = [(True, channels[0][1] * 0.75), *channels[1:], (True, channels[0][1] * 0.25)]
        for position, (fba, share) in enumerate(channels):
            # A fixed stride over popular products makes sure that orders for unreadable codes exist.
            unreadable = position == 0 and product.number % 31 == len(account.code) + len(account.marketplaces)
            unreadable = unreadable or rng.random() < 0.006
            seller_sku = _unreadable_sku(seed, account, product) if unreadable else _dirty_sku(rng, product, fba)
            while seller_sku in taken:
                seller_sku = _dirty_sku(rng, product, fba)
            taken.add(seller_sku)
            fn_sku = "X00" + chance.code(7, ALPHANUMERIC, seed, "fnsku", account.code, seller_sku)
            created = opens - CREATED_BEFORE_OPENING + int(rng.random() * CREATED_BEFORE_OPENING / 2)
            listings.append(Listing(account, seller_sku, fn_sku, product, fba, share, not unreadable, created))
    return listings


def _unreadable_sku(seed: int, account: Account, product: Product) -> str:
    return "AMZ.GR.X7-" + chance.code(8, LETTERS, seed, "unreadable", account.code, product.number)


def _dirty_sku(rng: Random, product: Product, fba: bool) -> str:
    sku = product.sku
    if fba and rng.random() < 0.45:
        sku += rng.choice(("-FBA", "_FBA", " (FBA)"))
    if rng.random() < 0.3:
        sku = sku.replace("-", "_")
    if rng.random() < 0.3:
        sku = sku.lower()
    if rng.random() < 0.12:
        sku = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in sku)
    if rng.random() < 0.2:
        sku = rng.choice((f" {sku}", f"{sku} ", f"{sku}  ", f"  {sku} "))
    return sku
