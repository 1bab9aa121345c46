"""Orders of every shop that is bound to the ERP.

Here: `ordersQuery`: the three places where orders lie by age, the time of change, an order's wire form, and the orders
that the malformed fault spoils. Not here: the merge of the accounts (see `sandbox.erp_orders`).
"""

from typing import Final

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.erp_orders import erp_orders
from linkstar_pipelines.sandbox.search import Found
from linkstar_pipelines.sandbox.tongtool.products import ProductsApi
from linkstar_pipelines.sandbox.tongtool.wire import Call, wall_clock, yuan
from linkstar_pipelines.sandbox.wire import Json, Reply
from linkstar_pipelines.sandbox.world.instants import DAY
from linkstar_pipelines.sandbox.world.order import Line, Order, Status
from linkstar_pipelines.sandbox.world.people import buyer_of

FLAGS: Final = {"0": (0, 92 * DAY), "1": (92 * DAY, 457 * DAY), "2": (457 * DAY, 2**40)}
"""Ages of the orders of each place: three months, up to fifteen, and older."""
_STATES: Final = {
    Status.PENDING: "unpaid",
    Status.UNSHIPPED: "waitPacking",
    Status.PARTIALLY_SHIPPED: "waitingDespatching",
    Status.SHIPPED: "despatched",
    Status.CANCELLED: "waitPacking",
}


class OrdersApi:
    """Answers the query about orders."""

    def __init__(self, bench: Bench, products: ProductsApi) -> None:
        self._bench = bench
        self._products = products

    def search(self, call: Call) -> Reply:
        """Answer `ordersQuery`, oldest change first."""
        youngest, oldest = FLAGS[call.one_of("storeFlag", tuple(FLAGS))]
        first, last = call.span("updatedDateFrom", "updatedDateTo")
        account = call.data.get("accountCode")
        found = [
            found
            for _, found in erp_orders(self._bench, first, min(last, call.now), None, call.now)
            if youngest <= call.now - found[0].created < oldest and account in {None, "", found[0].account.code}
        ]
        return call.page(found, self._show)

    def _show(self, found: Found) -> Json:
        order, index = found
        told = self._order(order, index)
        spoiled = self._bench.index.malformed(order, index)
        if spoiled == 0:
            del told["orderIdKey"], told["orderIdCode"]
        elif spoiled == 1:
            told["orderDetails"] = None
        elif spoiled == 2:
            told["orderDetails"] = "n/a"
        return told

    def _order(self, order: Order, index: int) -> Json:
        version, market, account = order.versions[index], order.market, order.account
        buyer = buyer_of(order.id, order.country, version.moved)
        lines = list(zip(order.lines, version.ordered, strict=True))
        goods = sum(line.price.principal * units for line, units in lines)
        shipping = sum(line.price.shipping * units for line, units in lines)
        fee = sum(line.price.commission * units for line, units in lines)
        parcels = [parcel for parcel in order.shipments if parcel.at <= version.at]
        gone = version.status is Status.SHIPPED
        return {
            "orderIdKey": f"key-{account.code}-{order.rank}",
            "orderIdCode": f"{account.code}-{order.id}",
            "salesRecordNumber": order.id,
            "platformCode": account.platform,
            "saleAccount": account.code,
            "orderStatus": _STATES[version.status],
            "isInvalid": "1" if version.status is Status.CANCELLED else None,
            "saleTime": wall_clock(order.created),
            "paidTime": None if version.status is Status.PENDING else wall_clock(order.created),
            "despatchCompleteTime": wall_clock(version.at) if gone else None,
            "orderAmount": float(market.text(goods + shipping)),
            "orderAmountCurrency": market.currency,
            "productsTotalPrice": float(market.text(goods)),
            "productsTotalCurrency": market.currency,
            "shippingFeeIncome": float(market.text(shipping)),
            "shippingFeeIncomeCurrency": market.currency,
            "platformFee": float(market.text(fee)),
            "buyerName": buyer.name,
            "buyerEmail": buyer.email,
            "buyerPhone": buyer.phone,
            "buyerMobile": buyer.phone,
            "buyerAccountId": buyer.email,
            "buyerCity": buyer.city,
            "buyerState": buyer.state,
            "buyerCountry": order.country,
            "postalCode": buyer.postal_code,
            "receiveAddress": f"{buyer.name}, {buyer.street}, {buyer.city}",
            "orderDetails": [self._detail(line, units) for line, units in lines],
            "packageInfoList": [{"packageId": p.id, "trackingNumber": p.id.replace("D", "LP")} for p in parcels],
            "goodsInfo": {"tongToolGoodsInfoList": [self._goods(line) for line, _ in lines]},
        }

    def _detail(self, line: Line, units: int) -> Json:
        return {
            "orderDetailsId": line.item_id,
            "webstore_sku": line.listing.seller_sku,
            "webstore_item_id": line.listing.fn_sku,
            "webstore_custom_label": None,
            "goodsMatchedSku": self._products.products[line.listing.product.sku].typed_sku,
            "goodsMatchedQuantity": units,
            "quantity": units,
            "transaction_price": float(line.listing.account.marketplaces[0].text(line.price.principal)),
        }

    def _goods(self, line: Line) -> Json:
        product = self._products.products[line.listing.product.sku]
        return {
            "goodsSku": product.typed_sku,
            "productName": product.name_zh,
            "goodsCurrentCost": yuan(product.cost_fen),
            "goodsAverageCost": yuan(product.cost_fen),
        }
