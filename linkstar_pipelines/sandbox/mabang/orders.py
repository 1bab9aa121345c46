"""Orders of every shop that is bound to the ERP.

Here: the search by time of change, an order's wire form, and the orders that the malformed fault spoils.
Not here: the merge of the accounts (see `sandbox.erp_orders`).
"""

from collections.abc import Iterator
from typing import Final

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.erp_orders import erp_orders
from linkstar_pipelines.sandbox.mabang.lists import by_cursor
from linkstar_pipelines.sandbox.mabang.products import ProductsApi
from linkstar_pipelines.sandbox.mabang.wire import Call, invalid, wall_clock, yuan
from linkstar_pipelines.sandbox.paging import Key
from linkstar_pipelines.sandbox.search import Found
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.order import Line, Order, Status
from linkstar_pipelines.sandbox.world.people import buyer_of

PLATFORM_NAMES: Final = {
    "amazon": "Amazon", "ebay": "eBay", "walmart": "Walmart", "shopee": "Shopee", "aliexpress": "AliExpress",
    "shopify": "Shopify", "tiktok": "TikTok",
}  # fmt: skip
_STATES: Final = {
    Status.PENDING: 1, Status.UNSHIPPED: 2, Status.PARTIALLY_SHIPPED: 2, Status.SHIPPED: 3, Status.CANCELLED: 5,
}  # fmt: skip


class OrdersApi:
    """Answers the calls about orders."""

    def __init__(self, bench: Bench, products: ProductsApi) -> None:
        self._bench = bench
        self._products = products

    def search(self, call: Call) -> Reply:
        """Answer order-get-order-list-new, oldest change first; both bounds are included."""
        first, last = call.instant("updateTimeStart"), call.instant("updateTimeEnd")
        if first is None:
            raise invalid("updateTimeStart不能为空")

        def stream(after: Key | None) -> Iterator[tuple[Key, Found]]:
            return erp_orders(self._bench, first, call.now if last is None else last, after, call.now)

        return by_cursor(self._bench, call, stream, self._show)

    def _show(self, found: Found) -> Json:
        order, index = found
        told = self._order(order, index)
        spoiled = self._bench.index.malformed(order, index)
        if spoiled == 0:
            del told["platformOrderId"]
        elif spoiled == 1:
            told["orderItem"] = None
        elif spoiled == 2:
            told["orderItem"] = "n/a"
        return told

    def _order(self, order: Order, index: int) -> Json:
        version, market = order.versions[index], order.market
        buyer = buyer_of(order.id, order.country, version.moved)
        lines = list(zip(order.lines, version.ordered, strict=True))
        total = sum(line.price.principal * units for line, units in lines)
        return {
            "platformOrderId": order.id,
            "platformId": PLATFORM_NAMES[order.account.platform],
            "shopId": order.account.seller_id,
            "shopName": order.account.code,
            "orderStatus": _STATES[version.status],
            "currencyId": market.currency,
            "orderFee": market.text(total),
            "itemTotal": market.text(total),
            "countryCode": order.country,
            "buyerName": buyer.name,
            "email": buyer.email,
            "phone1": buyer.phone,
            "street1": buyer.street,
            "city": buyer.city,
            "postCode": buyer.postal_code,
            "createDate": wall_clock(order.created),
            "paidTime": wall_clock(order.created),
            "updateTime": wall_clock(version.at),
            "orderItem": [self._item(order, line, units) for line, units in lines],
        }

    def _item(self, order: Order, line: Line, units: int) -> Json:
        product = self._products.products[line.listing.product.sku]
        return {
            "stockSku": product.typed_sku,
            "platformSku": line.listing.seller_sku,
            "itemId": line.item_id,
            "title": product.name_en,
            "costPrice": yuan(product.cost_fen),
            "sellPrice": order.market.text(line.price.principal),
            "quantity": str(units),
        }
