"""What Walmart's tests share: settings, a scripted platform, and orders as the official examples have them."""

from typing import Any

import httpx
from pydantic import SecretStr

from linkstar_pipelines.connectors.platform import Page, Window
from linkstar_pipelines.connectors.walmart.client import WalmartClient
from linkstar_pipelines.connectors.walmart.store import WalmartStore
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.support import Script, reply, utc

SECRETS = ("the-client-secret", "the-access-token")
WORLD = ("--accounts", "WM1,WM2", "--orders-per-day", "6", "--products", "30", "--rate-scale", "100000")
OPERATIONS = (
    "getTokenDetail", "getAllOrders", "getAnOrder", "acknowledgeOrders", "shippingUpdates", "getAllItems",
    "getMultiNodeInventoryForAllSkuAndAllShipNodes", "getWFSInventory", "updateInventoryForAnItem", "getReturns",
    "getAvailableV1ReconReportDates", "getAvailableV1ReconReportAsJson",
)  # fmt: skip


DAY = Window(utc(2026, 5, 11), utc(2026, 5, 12))


class WalmartScript(Script):
    """A Walmart that answers what the test wrote down, and hands out access tokens beside."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/token":
            self.token_requests.append(request)
            if self.token_steps:
                return self.token_steps.pop(0)
            return reply({"access_token": SECRETS[1], "token_type": "Bearer", "expires_in": 900})
        return super().__call__(request)


def walmart_store(name: str = "wm1", url: str = "https://walmart.test", **changes: Any) -> WalmartStore:
    """Settings of a store whose platform answers at `url`."""
    fields: dict[str, Any] = {
        "name": name,
        "client_id": "the-client-id",
        "client_secret": SecretStr(SECRETS[0]),
        "endpoint": url,
        "time_zone": "UTC",
        **changes,
    }
    return WalmartStore.model_validate(fields)


def sandbox_store(url: str, code: str = "wm1", **changes: Any) -> WalmartStore:
    """Settings of one of the sandbox's accounts."""
    fields = {"client_id": f"sandbox-client-{code}", "client_secret": SecretStr(f"sandbox-secret-{code}"), **changes}
    return walmart_store(code, f"{url}/walmart", **fields)


def widen_budgets(postgres: Postgres, *stores: str) -> None:
    """Give every operation of these stores a budget that keeps no test waiting."""
    for store in stores:
        for operation in OPERATIONS:
            postgres.execute(
                "INSERT INTO ops.rate_budget (platform, store, operation, rate_per_second, burst, tokens) "
                "VALUES ('walmart', %s, %s, 100000, 100000, 100000)",
                store,
                operation,
            )


def order(order_id: str = "1796277083022", **changes: Any) -> dict[str, Any]:
    """An order of one line, as Walmart writes it."""
    body: dict[str, Any] = {
        "purchaseOrderId": order_id,
        "customerOrderId": "5281956426648",
        "customerEmailId": "3A31739D8B0A45A1B23F7F8C81C8747F@relay.walmart.com",
        "orderDate": 1568466571000,
        "shippingInfo": {
            "phone": "3155598681",
            "estimatedDeliveryDate": 1569438000000,
            "estimatedShipDate": 1568700000000,
            "methodCode": "Value",
            "postalAddress": {
                "name": "Kathryn Example",
                "address1": "3258 Sample Rd",
                "address2": "Garage",
                "city": "Warners",
                "state": "NY",
                "postalCode": "13164",
                "country": "USA",
                "addressType": "RESIDENTIAL",
            },
        },
        "orderLines": {"orderLine": [line()]},
        "shipNode": {"type": "SellerFulfilled"},
    }
    return body | changes


def line(number: str = "1", units: int = 1, *statuses: dict[str, Any], charges: Any = None) -> dict[str, Any]:
    """An order line; one that waits for its acknowledgement unless states are given."""
    return {
        "lineNumber": number,
        "item": {"productName": "Laundry Bag", "sku": "test1"},
        "charges": {"charge": charges or [charge("PRODUCT", "ItemPrice", 10, 0.8)]},
        "orderLineQuantity": {"unitOfMeasurement": "EACH", "amount": str(units)},
        "statusDate": 1568466647000,
        "orderLineStatuses": {"orderLineStatus": list(statuses) or [status("Created", units)]},
    }


def status(name: str, units: int, tracking_number: str | None = None) -> dict[str, Any]:
    """A state of some units of a line."""
    tracking = {"trackingInfo": {"trackingNumber": tracking_number}} if tracking_number else {}
    return {"status": name, "statusQuantity": {"unitOfMeasurement": "EACH", "amount": str(units)}, **tracking}


def charge(kind: str, name: str, amount: Any, tax: float | None = None) -> dict[str, Any]:
    """A charge of a line, with its tax."""
    taxed = {"tax": {"taxName": "Tax1", "taxAmount": {"currency": "USD", "amount": tax}}} if tax is not None else {}
    return {
        "chargeType": kind,
        "chargeName": name,
        "chargeAmount": {"currency": "USD", "amount": amount},
        **taxed,
    }


def orders_page(*orders: Any, total: int | None = None, cursor: str | None = None) -> httpx.Response:
    """A page of the order list."""
    meta: dict[str, Any] = {"totalCount": len(orders) if total is None else total, "limit": 200}
    if cursor:
        meta["nextCursor"] = cursor
    return reply({"list": {"meta": meta, "elements": {"order": list(orders)}}})


def detail() -> httpx.Response:
    """The answer to a check of the token, dated as the platform's present."""
    return reply({"is_valid": True}, Date="Wed, 13 May 2026 00:00:00 GMT")


def error(status_code: int, code: str, description: str = "no") -> httpx.Response:
    """An error in Walmart's envelope."""
    return reply({"errors": [{"code": code, "description": description, "severity": "ERROR"}]}, status_code)


def read(client: WalmartClient, stream: Stream, window: Window | None = DAY, reading: int = 0) -> list[Page]:
    """The pages of one reading, of a day unless told otherwise."""
    return list(client.read(stream, window, reading))
