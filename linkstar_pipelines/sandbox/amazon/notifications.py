"""Notifications of type ORDER_CHANGE, in the words of the model `OrderChangeNotification`.

Here: what Amazon tells of an order version; it still speaks of orders as the retired version 0 of its API did.
Not here: the queue that they are put into (see `queue`).
"""

from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.instants import iso
from linkstar_pipelines.sandbox.world.order import Order, Status

APPLICATION = "amzn1.sellerapps.app.linkstar-sandbox"
STATUSES = {
    Status.PENDING: "Pending", Status.UNSHIPPED: "Unshipped", Status.PARTIALLY_SHIPPED: "PartiallyShipped",
    Status.SHIPPED: "Shipped", Status.CANCELLED: "Canceled",
}  # fmt: skip


def order_change(order: Order, index: int) -> Json:
    """Write the notification of one version of an order."""
    version = order.versions[index]
    lines = zip(order.lines, version.ordered, version.shipped, strict=True)
    items = [
        {
            "OrderItemId": line.item_id, "SellerSKU": line.listing.seller_sku, "SupplySourceId": None,
            "Quantity": ordered, "QuantityShipped": shipped,
        }
        for line, ordered, shipped in lines
    ]  # fmt: skip
    shipped, ordered = sum(version.shipped), sum(version.ordered)
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": iso(version.at),
        "Payload": {
            "OrderChangeNotification": {
                "NotificationLevel": "OrderLevel",
                "SellerId": order.account.seller_id,
                "AmazonOrderId": order.id,
                "OrderChangeType": "OrderStatusChange",
                "OrderChangeTrigger": {"TimeOfOrderChange": iso(version.at), "ChangeReason": "Order Status Change"},
                "Summary": {
                    "MarketplaceId": order.market.id,
                    "OrderStatus": STATUSES[version.status],
                    "PurchaseDate": iso(order.created),
                    "DestinationPostalCode": None,
                    "FulfillmentType": "AFN" if order.fba else "MFN",
                    "OrderType": "StandardOrder",
                    "NumberOfItemsShipped": shipped,
                    "NumberOfItemsUnshipped": max(0, ordered - shipped),
                    "OrderItems": items,
                },
            }
        },
        "NotificationMetadata": {
            "ApplicationId": APPLICATION,
            "SubscriptionId": _identity("subscription", order.account.seller_id),
            "PublishTime": iso(version.at),
            "NotificationId": _identity("notification", order.id, index),
        },
    }


def _identity(*parts: str | int) -> str:
    digits = chance.digits("amazon", *parts)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
