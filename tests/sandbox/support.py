"""How the tests of the sandbox speak to it: raw HTTP, whole sweeps, its control side, and the official models."""

import json
import re
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx
from jsonschema import Draft4Validator, FormatChecker

from tests.support import shared_path

Json = dict[str, Any]
SMALL = ("--orders-per-day", "8", "--products", "40", "--rate-scale", "100000")
"""Flags of a world that is small enough to be read whole in a test: some 700 orders."""
OPENS = "2026-03-01T00:00:00Z"
ALL_DATA = "BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX,PAYMENT,FULFILLMENT_ORDERS"
LISTING_DATA = "summaries,attributes,issues,offers,fulfillmentAvailability,procurement,relationships,productTypes"
SETTLEMENT_REPORT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
MARKETS = {"na": ("ATVPDKIKX0DER",), "eu": ("A1F83G8C2ARO7P", "A1PA6795UKMFR9"), "fe": ("A1VC38T7YXB528",)}
ORDERS = "/orders/2026-01-01/orders"
INVENTORY = "/fba/inventory/v1/summaries"
TRANSACTIONS = "/finances/2024-06-19/transactions"
REPORTS = "/reports/2021-06-30/reports"
DOCUMENTS = "/reports/2021-06-30/documents"
RATES = "/stats/eurofxref/eurofxref-hist.zip"
APART = (
    "malformed_order", "bad_orders", "clock_skew", "token_expiry", "empty_page", "disorder", "schema_additions",
)  # fmt: skip
"""Faults that `all` leaves out."""
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""The sandbox speaks plain HTTP: loading certificates for every client would only cost time."""
TOKEN_PARAMETERS = {ORDERS: "paginationToken", INVENTORY: "nextToken", TRANSACTIONS: "nextToken"}


def credentials(code: str) -> dict[str, str]:
    """The form of a token request for one of the sandbox's accounts."""
    return {
        "grant_type": "refresh_token",
        "refresh_token": f"sandbox-refresh-{code}",
        "client_id": f"sandbox-client-{code}",
        "client_secret": f"sandbox-secret-{code}",
    }


def listings_path(code: str) -> str:
    return f"/listings/2021-08-01/items/A1LINKSTAR{code.upper()}"


def item_path(code: str, sku: str) -> str:
    return f"{listings_path(code)}/{quote(sku, safe='')}"


class Wire:
    """One seller account's way to a sandbox; logs in at the first call."""

    def __init__(self, url: str, code: str = "na") -> None:
        self.url = url
        self.code = code
        self.http = httpx.Client(base_url=url, timeout=30, verify=NO_TLS)
        self._token = ""

    def token(self) -> str:
        """The access token."""
        if not self._token:
            self._token = self.http.post("/auth/o2/token", data=credentials(self.code)).json()["access_token"]
        return self._token

    def renew(self) -> None:
        """Log in anew at the next call."""
        self._token = ""

    def send(self, method: str, path: str, params: dict[str, str] | None = None, **request: Any) -> httpx.Response:
        """Send one request with the access token."""
        headers = {"x-amz-access-token": self.token()}
        return self.http.request(method, path, params=params, headers=headers, **request)

    def get(self, path: str, **params: str) -> httpx.Response:
        """Get one answer."""
        return self.send("GET", path, params)

    def pages(self, path: str, **params: str) -> Iterator[Json]:
        """Follow the page tokens of a search to its end; every original parameter is repeated."""
        name, token = TOKEN_PARAMETERS.get(path, "pageToken"), ""
        while True:
            answer = self.get(path, **params, **({name: token} if token else {}))
            assert answer.status_code == 200, answer.text
            body: Json = answer.json()
            yield body
            holder: Json = body.get("pagination") or body.get("payload") or {}
            token = str(holder.get("nextToken", ""))
            if not token:
                return

    def orders(self, **params: str) -> list[Json]:
        """Every order of a search, all of the account's unless told otherwise."""
        bounds = {} if "createdAfter" in params else {"lastUpdatedAfter": OPENS}
        return [order for page in self.pages(ORDERS, **bounds, **params) for order in page["orders"]]

    def listings(self, **params: str) -> list[Json]:
        """Every listing of a search."""
        wanted = {"marketplaceIds": ",".join(MARKETS[self.code]), "pageSize": "20", **params}
        return [item for page in self.pages(listings_path(self.code), **wanted) for item in page["items"]]

    def stock(self, market: str, **params: str) -> list[Json]:
        """Every FBA stock summary of a marketplace."""
        return [
            summary
            for page in self.pages(INVENTORY, **stock_of(market), **params)
            for summary in page["payload"]["inventorySummaries"]
        ]

    def control(self, path: str, **params: str) -> Any:
        """Read the control side."""
        return self.http.get(f"/_control/{path}", params=params).raise_for_status().json()

    def tell(self, path: str, body: Json) -> Any:
        """Change something on the control side."""
        return self.http.post(f"/_control/{path}", json=body).raise_for_status().json()

    def faults(self, **probabilities: float) -> None:
        """Switch exactly these faults on, with short timeouts."""
        off = dict.fromkeys(("all", *APART), 0.0)
        self.tell("faults", {"faults": {**off, **probabilities}, "delay": 0.02})

    def truth(self, **params: str) -> dict[str, Json]:
        """What the world itself says about the account's orders, by order id."""
        orders = self.control("world/orders", store=self.code.upper(), **params)["orders"]
        return {order["orderId"]: order for order in orders}


def assert_refused(answer: httpx.Response, status: int, text: str = "") -> None:
    """Check that an answer is a refusal in Amazon's envelope that says `text`."""
    assert answer.status_code == status, answer.text
    [error] = answer.json()["errors"]
    assert error["code"] == {400: "InvalidInput", 403: "Unauthorized", 404: "NotFound", 429: "QuotaExceeded"}[status]
    assert text in f"{error['message']} {error['details']}"


def stock_of(market: str) -> dict[str, str]:
    """Parameters that ask for the FBA stock of one marketplace."""
    return {"granularityType": "Marketplace", "granularityId": market, "marketplaceIds": market}


def instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    assert moment.utcoffset() == timedelta(0), text
    return moment


# The official models -----------------------------------------------------------------------------------------------

MODELS = {
    "/orders/2026-01-01": "orders_2026-01-01",
    "/fba/inventory/v1": "fbaInventory",
    "/listings/2021-08-01": "listingsItems_2021-08-01",
    "/finances/2024-06-19": "finances_2024-06-19",
    "/reports/2021-06-30": "reports_2021-06-30",
}
FORMATS = FormatChecker(formats=())
FORMATS.checks("date-time", raises=(ValueError, AssertionError))(lambda text: bool(instant(text)))


def operation_of(method: str, url: str) -> Json:
    """The model's entry for a request: its operation, with the path template and the definitions."""
    path = httpx.URL(url).raw_path.decode().partition("?")[0]
    document = _model(next(name for prefix, name in MODELS.items() if path.startswith(prefix)))
    for template, operations in document["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return {**operations[method.lower()], "definitions": document["definitions"]}
    raise AssertionError(f"{path} is no path of the model")


def assert_fits_model(answer: httpx.Response) -> None:
    """Check an answer against the model's schema for its status; a field that the model does not know is wrong too."""
    _validator(answer.request.method, str(answer.url.copy_with(query=None)), answer.status_code).validate(answer.json())


def _validator(method: str, url: str, status: int) -> Draft4Validator:
    operation = operation_of(method, url)
    schema = operation["responses"][str(status)]["schema"]
    return Draft4Validator({**schema, "definitions": operation["definitions"]}, format_checker=FORMATS)


@cache
def _model(name: str) -> Json:
    document: Json = json.loads(shared_path("contracts", "amazon", f"{name}.json").read_text())
    definitions: Json = document["definitions"]
    document["definitions"] = {key: _closed(schema, definitions) for key, schema in definitions.items()}
    return document


def _closed(schema: Any, definitions: Json) -> Any:
    """Forbid fields that a schema does not name; one made of several (`allOf`) names those of all of them."""
    if isinstance(schema, list):
        return [_closed(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "allOf" in schema:
        parts = [definitions[part["$ref"].rpartition("/")[2]] if "$ref" in part else part for part in schema["allOf"]]
        merged = {name: rule for part in parts for name, rule in part["properties"].items()}
        required = [name for part in parts for name in part.get("required", [])]
        united = {"type": "object", "properties": merged, **({"required": required} if required else {})}
        return _closed(united, definitions)
    closed = {key: _closed(part, definitions) for key, part in schema.items()}
    if isinstance(schema.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed
