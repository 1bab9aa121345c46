"""The list of all tables: key, schema, who owns it, what it is for, how it is partitioned.

Belongs here: one `Table` per lake table, in the order of the graph.
Does not belong here: columns (the schema classes) or how a table is made (assets and domain).
"""

from dataclasses import dataclass
from typing import Final

import dataframely as dy

from linkstar_pipelines.schemas import core, files, finance, planning, products, quality, raw, stock
from linkstar_pipelines.schemas.erps import ERP_TABLES, ERPS, ErpStream
from linkstar_pipelines.schemas.platforms import CHANGING, PLATFORMS, PlatformName, Stream
from linkstar_pipelines.schemas.streams import RAW_TABLES


@dataclass(frozen=True)
class Table:
    """One lake table, which is also one asset.

    Attributes:
        layer: Lake schema and asset group, such as `core`.
        name: Table name within the layer.
        schema: Columns, keys and rules.
        description: What it is, in English.
        description_zh: The same in one Chinese line.
        owner: Team that answers for it.
        kinds: Technologies shown in the UI.
        daily: True when it is partitioned by the column `changed_on`.
        personal: Columns that may hold personal data, masked wherever rows are shown.
        group: Asset group, where it is not the layer.
    """

    layer: str
    name: str
    schema: type[dy.Schema]
    description: str
    description_zh: str
    owner: str
    kinds: frozenset[str]
    daily: bool = False
    personal: frozenset[str] = frozenset()
    group: str = ""

    @property
    def asset_group(self) -> str:
        """Group of the asset in the UI: the layer, or the platform's own group within it."""
        return self.group or self.layer

    @property
    def full_name(self) -> str:
        """Name in the lake, such as `core.orders`."""
        return f"{self.layer}.{self.name}"

    @property
    def asset_key(self) -> tuple[str, str]:
        """Asset key: the same two parts."""
        return (self.layer, self.name)


_WIRE: Final = frozenset({"httpx", "ducklake"})
_FRAME: Final = frozenset({"polars", "ducklake"})

_STREAM_TEXTS: Final = {
    Stream.ORDERS: (
        "Every version of every {title} order, pulled by change time with overlap and read until complete.",
        "{title_zh}订单的每一个版本：按更新时间增量拉取，重复读取直至完整。",
        "team:orders",
    ),
    Stream.LISTINGS: (
        "The present state of every {title} listing, with the seller SKU as typed.",
        "{title_zh}全部在售商品的当前状态，保留卖家原始 SKU。",
        "team:catalog",
    ),
    Stream.INVENTORY: (
        "The latest stock figure that {title} shows for every listing.",
        "{title_zh}显示的每个在售商品的最新库存。",
        "team:stock",
    ),
    Stream.RETURNS: (
        "Every version of every {title} return, by day of change.",
        "{title_zh}退货的每一个版本，按变更日分区。",
        "team:returns",
    ),
    Stream.FINANCES: (
        "Every version of every {title} financial transaction, by day posted.",
        "{title_zh}财务交易的每一个版本，按入账日分区。",
        "team:finance",
    ),
}


def _stream_table(platform: PlatformName, stream: Stream) -> Table:
    english, chinese, owner = _STREAM_TEXTS[stream]
    return Table(
        "raw",
        f"{platform.name}_{stream.value}",
        RAW_TABLES[platform.name, stream],
        english.format(title=platform.title),
        chinese.format(title_zh=platform.title_zh),
        owner,
        _WIRE,
        daily=stream in CHANGING,
        personal=frozenset({"payload"}) if stream in {Stream.ORDERS, Stream.RETURNS} else frozenset(),
        group=f"raw_{platform.name}",
    )


_STREAMS: Final = tuple(
    _stream_table(platform, stream) for platform in PLATFORMS.values() for stream in platform.streams
)

_ERP_TEXTS: Final = {
    ErpStream.PRODUCTS: ("products", "商品资料", "team:catalog"),
    ErpStream.KITS: ("kits and their components", "组合商品", "team:catalog"),
    ErpStream.STOCK: ("stock per warehouse", "各仓库存", "team:stock"),
    ErpStream.ORDERS: ("orders", "订单", "team:orders"),
    ErpStream.PURCHASES: ("purchase orders", "采购单", "team:planning"),
    ErpStream.SUPPLIERS: ("suppliers", "供应商", "team:planning"),
}
_ERPS: Final = tuple(
    Table(
        "raw",
        f"{erp.name}_{stream.value}",
        ERP_TABLES[erp.name, stream],
        f"The newest version of every record of {erp.title}: {_ERP_TEXTS[stream][0]}, as the ERP wrote it.",
        f"{erp.title_zh}的{_ERP_TEXTS[stream][1]}：每条记录的最新版本，保留原文。",
        _ERP_TEXTS[stream][2],
        _WIRE,
        personal=frozenset({"payload"}) if stream in {ErpStream.ORDERS, ErpStream.SUPPLIERS} else frozenset(),
        group=f"raw_{erp.name}",
    )
    for erp in ERPS.values()
    for stream in erp.streams
)

_FILE_TEXTS: Final = {
    "products": ("products", "商品资料"),
    "kits": ("kits and their components", "组合商品及其组成"),
    "pairings": ("pairings of listings and SKUs", "在售商品与 SKU 的配对"),
    "suppliers": ("suppliers and their terms", "供应商与供货条件"),
}
_FILES: Final = tuple(
    Table(
        "raw",
        f"file_{kind}",
        files.FILE_TABLES[kind],
        f"Imported files of the catalogue: {english}, every value as written.",
        f"导入文件中的{chinese}，逐行保留原文。",
        "team:catalog",
        frozenset({"file", "ducklake"}),
        group="raw_files",
    )
    for kind, (english, chinese) in _FILE_TEXTS.items()
)

TABLES: Final[tuple[Table, ...]] = (
    *_STREAMS,
    *_ERPS,
    Table(
        "raw", "amazon_settlements", raw.RawAmazonSettlements,
        "Lines of Amazon's settlement reports (flat file V2), every field as written.",
        "亚马逊结算报告（V2 平面文件）逐行原文。",
        "team:finance", _WIRE, group="raw_amazon",
    ),
    Table(
        "raw", "imported_orders", raw.RawImportedOrders,
        "Every line of every imported order file, typed by the file's declared mapping.",
        "导入的历史订单文件逐行数据，按声明的映射转换类型。",
        "team:orders", frozenset({"file", "ducklake"}), daily=True, personal=frozenset({"customer_id"}),
    ),
    Table(
        "raw", "fx_rates", raw.RawFxRates,
        "Daily reference exchange rates against the euro, as the ECB publishes them.",
        "欧洲央行公布的每日欧元参考汇率。",
        "team:finance", _WIRE,
    ),
    *_FILES,
    Table(
        "core", "listings", products.Listings,
        "Every listing of every store and file: what it says of itself, with its code cleaned.",
        "所有店铺与文件中的在售商品及其清洗后的编码；无法清洗的编码注明原因。",
        "team:catalog", _FRAME, group="catalog",
    ),
    Table(
        "raw", "catalog_decisions", products.RawCatalogDecisions,
        "Every decision about the catalogue, once, by whom and when. The catalogue's tables are what they come to.",
        "关于商品主数据的每一个决定：谁、何时、决定了什么；主数据各表均由此推导。",
        "team:catalog", frozenset({"ducklake"}), group="catalog",
    ),
    Table(
        "core", "skus", products.Skus,
        "Every master SKU, with what is known of the product. Merged ones name the SKU that stands for them.",
        "主 SKU 及其商品资料；已合并的 SKU 注明归并到哪个 SKU。",
        "team:catalog", _FRAME, group="catalog",
    ),
    Table(
        "core", "match_proposals", products.MatchProposals,
        "Which SKUs a listing may sell, and which SKUs may be the same product, scored and with reasons.",
        "商品与 SKU 的匹配候选及疑似重复 SKU：评分、理由与结论。",
        "team:catalog", _FRAME, group="catalog",
    ),
    Table(
        "core", "listing_map", products.ListingMap,
        "What one unit of each listing takes out of stock, by span of time and with evidence. Spans never overlap.",
        "每个在售商品在各时段对应的 SKU 与数量及其依据；时段互不重叠。",
        "team:catalog", _FRAME, group="catalog",
    ),
    Table(
        "core", "kits", products.Kits,
        "What each kit is made of, by span of time.",
        "组合商品的组成及数量，按时段记录。",
        "team:catalog", _FRAME, group="catalog",
    ),
    Table(
        "core", "suppliers", products.Suppliers,
        "Who delivers each SKU, on what terms: lead time, minimum order, carton, price.",
        "供应商及供货条件：交期、起订量、箱规与采购价。",
        "team:catalog", _FRAME, group="catalog",
    ),
    Table(
        "core", "orders", core.Orders,
        "One row per order of every platform: its current state, folded from all versions seen.",
        "所有平台订单的当前状态，每单一行，由全部历史版本归并而成。",
        "team:orders", _FRAME, daily=True,
    ),
    Table(
        "core", "order_lines", core.OrderLines,
        "One row per order line: quantities, money, SKU, tax numbers, and why its order is held.",
        "订单明细：数量、金额、标准 SKU 与税号，每行一条。",
        "team:orders", _FRAME, daily=True,
    ),
    Table(
        "core", "listing_stock", core.ListingStock,
        "What each platform shows as stock of each listing; an absent figure is unknown, never 0.",
        "各平台显示的每个在售商品库存；没有数字即未知，绝不当作 0。",
        "team:stock", _FRAME,
    ),
    Table(
        "core", "returns", core.Returns,
        "One row per line of a return: where the goods are and where the money is.",
        "退货明细：货物所在与退款进度分别记录，每行一条。",
        "team:returns", _FRAME, daily=True,
    ),
    Table(
        "core", "payments", core.Payments,
        "Every amount the platforms paid, kept or took back, once, with its kind and order.",
        "平台支付、扣留或收回的每一笔金额，逐条归类并对应订单。",
        "team:finance", _FRAME, daily=True,
    ),
    Table(
        "stock", "movements", stock.Movements,
        "Stock that left because of orders, signed and with its cause.",
        "订单引起的库存变动，带正负号与原因。",
        "team:stock", _FRAME, daily=True,
    ),
    Table(
        "stock", "positions", stock.Positions,
        "What is where now: last count, less what left since, reserved, inbound, available.",
        "当前各仓库存：最近盘点数、此后出库、预留、在途与可售。",
        "team:stock", _FRAME,
    ),
    Table(
        "planning", "daily_demand", planning.DailyDemand,
        "Units wanted per node, SKU and business day. Made whole each time: a cancel today changes last week.",
        "每个仓点、SKU、营业日的需求量；取消会改变过去，因此每次全量重算。",
        "team:planning", _FRAME,
    ),
    Table(
        "planning", "forecasts", planning.Forecasts,
        "Demand over lead time and review per node and SKU, with quantiles learned from past errors.",
        "交期与补货周期内的需求预测及分位数（由历史误差校准）。",
        "team:planning", _FRAME,
    ),
    Table(
        "planning", "replenishment", planning.Replenishment,
        "How much to order now, net of stock and inbound, in whole cartons, with the reason.",
        "补货建议：扣除现货与在途，按整箱取整，并说明原因。",
        "team:planning", _FRAME,
    ),
    Table(
        "finance", "settlement_lines", finance.SettlementLines,
        "Every settlement line once: categorized, tied to an order, the account or a suspense reason.",
        "结算明细逐条归类：对应订单、账户或挂账原因，不重不漏。",
        "team:finance", _FRAME,
    ),
    Table(
        "finance", "settlement_report", finance.SettlementReport,
        "One row per settlement: its parts, its payout, and whether they tie out to the cent.",
        "每期结算一行：构成、到账金额与是否分毫不差。",
        "team:finance", _FRAME,
    ),
    Table(
        "quality", "quarantine", quality.Quarantine,
        "Rows that fit no rule, with the reason. Making the table again replays them.",
        "未通过规则的数据及原因；修正后重新生成对应分区即可回放。",
        "team:quality", _FRAME, personal=frozenset({"payload"}),
    ),
)  # fmt: skip

_BY_SCHEMA: Final = {table.schema: table for table in TABLES}
_BY_NAME: Final = {table.full_name: table for table in TABLES}


def table_of(schema: type[dy.Schema]) -> Table:
    """Return the catalog entry of a schema class."""
    return _BY_SCHEMA[schema]


def table_named(full_name: str) -> Table:
    """Return the catalog entry of a lake table.

    Raises:
        KeyError: there is no such table.
    """
    return _BY_NAME[full_name]
