"""What the seller's old ERP knows of the world: products, kits, suppliers, stock in own warehouses, purchase orders.

Here: the truth as plain records, and what a person once typed into the ERP instead of it (`typed_...`): codes with
spaces or in lower case, barcodes with a wrong check digit or none. Everything depends on the seed alone; stock and
purchase orders on the instant too. One ERP account holds the whole house: the listings and orders of all accounts.
Not here: how an ERP writes any of it (each ERP's own side), or listings and orders themselves (see `store`).

Sizes are whole millimetres, weights whole grams, money whole fen (1/100 CNY) unless the name says otherwise.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.catalog import CREATED_BEFORE_OPENING, Listing, Product
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import DAY, start_of
from linkstar_pipelines.sandbox.world.stock import CASE, StockView
from linkstar_pipelines.sandbox.world.store import Store

FEN_PER_CENT: Final = 7.2
HOME, ABROAD = "深圳仓", "海外仓"
WAREHOUSES: Final = (HOME, ABROAD)
KIT_EVERY: Final = 10
"""Of that many products, one is also sold with its neighbour as a kit."""
PURCHASE_EVERY: Final = 28 * DAY
TRADES: Final = {  # category: (supplier's name, category in the ERP, HS code of ten digits)
    "KITCH": ("佛山厨具厂", "厨房用品", "7323930000"),
    "HOMED": ("南通家纺有限公司", "家居装饰", "6304992190"),
    "TOYSG": ("汕头玩具厂", "玩具", "9503008900"),
    "BEAUT": ("义乌美妆工具行", "美妆工具", "9603309000"),
    "SPORT": ("宁波体育用品有限公司", "运动户外", "9506911000"),
    "PETSU": ("温州宠物用品厂", "宠物用品", "4201000000"),
    "OFFIC": ("东莞文具制品厂", "办公用品", "3926100000"),
    "ELECT": ("深圳数码科技有限公司", "电子配件", "8544421900"),
}
_POWERED: Final = ("LED Night Light", "Desk Lamp")


@dataclass(frozen=True, slots=True)
class ErpProduct:
    """One product: the truth, and what stands in the ERP where that differs.

    Attributes:
        sku: The house's master SKU; `typed_sku` is the same as it stands in the ERP.
        gtin: EAN-13 with a right check digit; `typed_gtin` may be wrong or empty.
        listings: Seller SKUs that sell it, of all accounts: (platform, account code, seller SKU).
        created: When it was entered; nothing about it changes later.
    """

    sku: str
    typed_sku: str
    name_en: str
    name_zh: str
    category_zh: str
    gtin: str
    typed_gtin: str
    length_mm: int
    width_mm: int
    height_mm: int
    weight_g: int
    hs_code: str
    has_battery: bool
    cost_fen: int
    declared_cents_usd: int
    supplier: str
    image_url: str
    listings: tuple[tuple[str, str, str], ...]
    created: int


@dataclass(frozen=True, slots=True)
class ErpKit:
    """One kit: `components` are (master SKU, units)."""

    sku: str
    name_en: str
    name_zh: str
    components: tuple[tuple[str, int], ...]
    created: int


@dataclass(frozen=True, slots=True)
class ErpTerms:
    """What a supplier asks for one product."""

    sku: str
    unit_cost_fen: int
    lead_time_days: int
    minimum_order: int
    carton_units: int
    url: str


@dataclass(frozen=True, slots=True)
class ErpSupplier:
    """One supplier; `contact` and `phone` are invented people's."""

    code: str
    name: str
    contact: str
    phone: str
    terms: tuple[ErpTerms, ...]


@dataclass(frozen=True, slots=True)
class ErpStock:
    """Units of a product in a warehouse; `on_hand` counts reserved ones too, `incoming` is bought and not there yet."""

    sku: str
    warehouse: str
    on_hand: int
    available: int
    incoming: int
    changed: int


@dataclass(frozen=True, slots=True)
class ErpPurchase:
    """One purchase order; `arrived` is None while the goods are on their way."""

    number: str
    supplier: str
    warehouse: str
    sku: str
    quantity: int
    unit_cost_fen: int
    created: int
    expected: int
    arrived: int | None

    @property
    def changed(self) -> int:
        """When it last changed."""
        return self.arrived or self.created


def erp_products(world: World) -> list[ErpProduct]:
    """Return every product of the world, in the order of its number."""
    sold_as: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for store in world.stores:
        for listing in store.listings:
            sold_as[listing.product.sku].append((store.account.platform, store.account.code, listing.seller_sku))
    return [_product(world, product, sold_as[product.sku]) for product in world.products]


def erp_kits(world: World) -> list[ErpKit]:
    """Return the kits: a product and one to three of the next one."""
    kits = []
    for number, place in enumerate(range(KIT_EVERY // 2, len(world.products) - 1, KIT_EVERY), start=1):
        first, second = world.products[place], world.products[place + 1]
        units = 1 + chance.number(world.plan.seed, "kit", number) % 3
        name = f"{first.title} + {units} x {second.title.removeprefix('LinkStar ')}"
        components = ((first.sku, 1), (second.sku, units))
        kits.append(ErpKit(f"LS-COMBO-{number:04d}", name, f"组合装 {number}", components, _created(world, number)))
    return kits


def erp_suppliers(world: World) -> list[ErpSupplier]:
    """Return the suppliers: one per category, with its terms for every product of it."""
    return [
        ErpSupplier(
            code=_supplier(category),
            name=name,
            contact=f"测试联系人{place + 1}",
            phone=f"000 555 {chance.number('supplier phone', category) % 10**6:06d}",
            terms=tuple(_terms(world, product) for product in world.products if product.category == category),
        )
        for place, (category, (name, _, _)) in enumerate(TRADES.items())
    ]


def erp_stock(world: World, now: int) -> list[ErpStock]:
    """Return what each own warehouse holds of each product at `now`: the units of listings that the seller ships."""
    world.reach(now)
    coming: defaultdict[tuple[str, str], int] = defaultdict(int)
    for purchase in erp_purchases(world, now):
        if purchase.arrived is None:
            coming[purchase.sku, purchase.warehouse] += purchase.quantity
    held: defaultdict[tuple[str, str], list[StockView]] = defaultdict(list)
    for store in world.stores:
        for listing in store.listings:
            if not listing.fba:
                place = HOME if listing.from_outside_eu else ABROAD
                held[listing.product.sku, place].append(_view(store, listing, now))
    return [
        ErpStock(
            sku=product.sku,
            warehouse=warehouse,
            on_hand=sum(view.fulfillable + view.reserved for view in held[product.sku, warehouse]),
            available=sum(view.fulfillable for view in held[product.sku, warehouse]),
            incoming=coming[product.sku, warehouse],
            changed=max(
                (view.changed for view in held[product.sku, warehouse]), default=_created(world, product.number)
            ),
        )
        for product in world.products
        for warehouse in WAREHOUSES
    ]


def erp_purchases(world: World, now: int) -> list[ErpPurchase]:
    """Return the purchase orders placed up to `now`, oldest first: one per product every four weeks."""
    opens, purchases = start_of(world.plan.opens), list[ErpPurchase]()
    for product in world.products:
        terms = _terms(world, product)
        offset = chance.number(world.plan.seed, "purchase", product.number) % PURCHASE_EVERY
        for turn, created in enumerate(range(opens + offset, now + 1, PURCHASE_EVERY)):
            arrived = created + terms.lead_time_days * DAY
            cartons = 1 + chance.number(world.plan.seed, "cartons", product.number, turn) % 8
            purchases.append(
                ErpPurchase(
                    number=f"PO{product.number:05d}{turn:03d}",
                    supplier=_supplier(product.category),
                    warehouse=WAREHOUSES[turn % len(WAREHOUSES)],
                    sku=product.sku,
                    quantity=max(cartons * terms.carton_units, terms.minimum_order),
                    unit_cost_fen=terms.unit_cost_fen,
                    created=created,
                    expected=arrived,
                    arrived=arrived if arrived <= now else None,
                )
            )
    return sorted(purchases, key=lambda purchase: (purchase.created, purchase.number))


def _product(world: World, product: Product, listings: list[tuple[str, str, str]]) -> ErpProduct:
    rng = chance.generator(world.plan.seed, "erp product", product.number)
    _, category_zh, hs_code = TRADES[product.category]
    gtin = _gtin(world, product)
    sides = sorted((rng.randrange(40, 400) for _ in range(3)), reverse=True)
    return ErpProduct(
        sku=product.sku,
        typed_sku=_typed_sku(product, rng.random()),
        name_en=product.title,
        name_zh=f"{category_zh} {product.number:04d} 号",
        category_zh=category_zh,
        gtin=gtin,
        typed_gtin=_typed_gtin(gtin, rng.random()),
        length_mm=sides[0],
        width_mm=sides[1],
        height_mm=sides[2],
        weight_g=product.weight,
        hs_code=hs_code,
        has_battery=any(noun in product.title for noun in _POWERED),
        cost_fen=_fen(product.cost),
        declared_cents_usd=product.cost,
        supplier=_supplier(product.category),
        image_url=f"https://images.example.com/{product.sku.lower()}.jpg",
        listings=tuple(listings),
        created=_created(world, product.number),
    )


def _terms(world: World, product: Product) -> ErpTerms:
    rng = chance.generator(world.plan.seed, "erp terms", product.number)
    return ErpTerms(
        sku=product.sku,
        unit_cost_fen=_fen(product.cost),
        lead_time_days=rng.randrange(5, 35),
        minimum_order=rng.choice((1, 10, 50, 100)),
        carton_units=CASE * rng.choice((1, 2, 4, 8)),
        url=f"https://suppliers.example.com/{_supplier(product.category).lower()}/{product.number}",
    )


def _view(store: Store, listing: Listing, now: int) -> StockView:
    return store.pool(listing, store.account.marketplaces[0]).view(now)


def _typed_sku(product: Product, draw: float) -> str:
    if draw < 0.08:
        return f" {product.sku}"
    if draw < 0.16:
        return f"{product.sku} "
    return product.sku.lower() if draw < 0.24 else product.sku


def _typed_gtin(gtin: str, draw: float) -> str:
    if draw < 0.08:
        return ""
    return f"{gtin[:-1]}{(int(gtin[-1]) + 3) % 10}" if draw < 0.14 else gtin


def _gtin(world: World, product: Product) -> str:
    """Return an EAN-13 of GS1 China's range, with its check digit (GS1 General Specifications, 7.9)."""
    body = f"690{chance.number(world.plan.seed, 'company') % 10**5:05d}{product.number:04d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def _created(world: World, number: int) -> int:
    return start_of(world.plan.opens) - CREATED_BEFORE_OPENING + number * 60


def _supplier(category: str) -> str:
    return f"SUP-{category}"


def _fen(cents: int) -> int:
    return round(cents * FEN_PER_CENT)
