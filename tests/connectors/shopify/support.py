"""What Shopify's tests share: settings, a scripted platform, and payloads in the form of the API."""

from typing import Any

import httpx
from pydantic import SecretStr

from linkstar_pipelines.connectors.platform import Page, Window
from linkstar_pipelines.connectors.shopify import operations as op
from linkstar_pipelines.connectors.shopify.client import ShopifyClient
from linkstar_pipelines.connectors.shopify.operations import Operation
from linkstar_pipelines.connectors.shopify.store import ShopifyStore
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.postgres import Postgres
from tests.connectors.support import reply, utc

SECRETS = ("the-access-token", "hush")
WORLD = ("--accounts", "SFUS,SFDE", "--orders-per-day", "6", "--products", "30", "--rate-scale", "100000")
SHOPS = {"sfus": ("linkstar-us.myshopify.com", "SHOPIFY_US"), "sfde": ("linkstar-de.myshopify.com", "SHOPIFY_DE")}
LOCATION = "71234567890"
DAY = Window(utc(2026, 5, 11), utc(2026, 5, 12))


def shopify_store(name: str = "sf1", url: str = "https://shopify.test", **changes: Any) -> ShopifyStore:
    """Settings of a shop whose API answers at `url`."""
    fields: dict[str, Any] = {
        "name": name,
        "shop": "linkstar-us.myshopify.com",
        "marketplace_id": "SHOPIFY_US",
        "access_token": SecretStr(SECRETS[0]),
        "client_secret": SecretStr(SECRETS[1]),
        "location_id": LOCATION,
        "endpoint": url,
        "time_zone": "UTC",
        **changes,
    }
    return ShopifyStore.model_validate(fields)


def sandbox_store(url: str, code: str = "sfus", **changes: Any) -> ShopifyStore:
    """Settings of one of the sandbox's shops."""
    shop, marketplace_id = SHOPS[code]
    fields = {
        "shop": shop, "marketplace_id": marketplace_id, "access_token": SecretStr(f"sandbox-refresh-{code}"),
        "client_secret": SecretStr(f"sandbox-secret-{code}"), **changes,
    }  # fmt: skip
    return shopify_store(code, f"{url}/shopify", **fields)


def widen_budgets(postgres: Postgres, *stores: str) -> None:
    """Give every operation of these stores a budget that keeps no test waiting."""
    operations = [value for value in vars(op).values() if isinstance(value, Operation)]
    for store in stores:
        for operation in operations:
            postgres.execute(
                "INSERT INTO ops.rate_budget (platform, store, operation, rate_per_second, burst, tokens) "
                "VALUES ('shopify', %s, %s, 100000, 100000, 100000)",
                store,
                operation.name,
            )


def answer(data: Any, *errors: Any, **extensions: Any) -> httpx.Response:
    """An answer of the endpoint: HTTP 200, whatever it says."""
    body: dict[str, Any] = {"data": data, "extensions": extensions}
    if errors:
        body["errors"] = list(errors)
    return reply(body, Date="Tue, 12 May 2026 00:00:00 GMT", X_Shopify_API_Version="2026-10")


def fault(code: str, message: str = "no") -> dict[str, Any]:
    """An error of the whole request."""
    return {"message": message, "extensions": {"code": code}}


def shop(*scopes: str) -> httpx.Response:
    """What the shop says of itself and the app."""
    granted = [{"handle": scope} for scope in (scopes or ("read_orders", "read_all_orders"))]
    return answer({"shop": {"currencyCode": "USD"}, "currentAppInstallation": {"accessScopes": granted}})


def count(total: int, precision: str = "EXACT", of: str = "ordersCount") -> httpx.Response:
    """A count."""
    return answer({of: {"count": total, "precision": precision}})


def page(of: str, *nodes: Any, cursor: str | None = None) -> httpx.Response:
    """A page of a listing."""
    return answer({of: connection(*nodes, cursor=cursor)})


def connection(*nodes: Any, cursor: str | None = None) -> dict[str, Any]:
    """A connection's page."""
    return {"nodes": list(nodes), "pageInfo": {"hasNextPage": cursor is not None, "endCursor": cursor}}


def money(amount: str, currency: str = "USD") -> dict[str, Any]:
    """An amount."""
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def line(number: str = "11", **changes: Any) -> dict[str, Any]:
    """An order line of two units that wait to be shipped."""
    body: dict[str, Any] = {
        "id": f"gid://shopify/LineItem/{number}",
        "sku": "LS-KITCH-0001",
        "title": "Board",
        "quantity": 2,
        "currentQuantity": 2,
        "unfulfilledQuantity": 2,
        "requiresShipping": True,
        "originalUnitPriceSet": money("10.00"),
        "totalDiscountSet": money("1.00"),
        "taxLines": [{"title": "Tax", "priceSet": money("1.52")}],
    }
    return body | changes


def order(number: str = "5001", *lines: Any, **changes: Any) -> dict[str, Any]:
    """A paid order of one line, as the list shows it."""
    body: dict[str, Any] = {
        "id": f"gid://shopify/Order/{number}",
        "name": "#1001",
        "createdAt": "2026-05-11T01:00:00Z",
        "updatedAt": "2026-05-11T02:00:00Z",
        "cancelledAt": None,
        "cancelReason": None,
        "test": False,
        "taxesIncluded": False,
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "totalPriceSet": money("25.51"),
        "totalShippingPriceSet": money("4.99"),
        "shippingAddress": {"city": "Austin", "provinceCode": "TX", "zip": "78701", "countryCodeV2": "US"},
        "fulfillments": [],
        "lineItems": connection(*(lines or (line(),))),
    }
    return body | changes


def variant(number: str = "41", **changes: Any) -> dict[str, Any]:
    """A variant as the listing shows it."""
    body: dict[str, Any] = {
        "id": f"gid://shopify/ProductVariant/{number}",
        "sku": "ls_kitch_0001",
        "title": "Default Title",
        "price": "19.99",
        "product": {"id": "gid://shopify/Product/9", "title": "Board", "status": "ACTIVE"},
        "inventoryItem": {"id": f"gid://shopify/InventoryItem/5{number}", "tracked": True},
    }
    return body | changes


def level(location: str = LOCATION, **quantities: int) -> dict[str, Any]:
    """A stock level."""
    return {
        "location": {"id": f"gid://shopify/Location/{location}"},
        "quantities": [{"name": name, "quantity": units} for name, units in quantities.items()],
    }


def read(client: ShopifyClient, stream: Stream, window: Window | None = DAY, reading: int = 0) -> list[Page]:
    """The pages of one reading, of a day unless told otherwise."""
    return list(client.read(stream, window, reading))
