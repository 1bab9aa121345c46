"""How the tests of Walmart's side speak to it: raw HTTP, and whole lists by its cursors."""

import base64
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import httpx

Json = dict[str, Any]
OPENS = "2026-03-01T00:00:00Z"
WORLD = (
    *("--accounts", "WM1,WM2", "--orders-per-day", "6", "--products", "30", "--rate-scale", "100000"),
    *("--clock", "frozen:2026-05-20T20:00:00Z"),
)


class Wire:
    """Requests of one account."""

    def __init__(self, url: str, code: str) -> None:
        self.url = url
        self.code = code
        self.http = httpx.Client(base_url=f"{url}/walmart", timeout=30)

    def ask_token(self, secret: str | None = None, **changes: str) -> httpx.Response:
        """Ask for an access token."""
        pair = f"sandbox-client-{self.code}:{secret or f'sandbox-secret-{self.code}'}"
        headers = {
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "Accept": "application/json",
            "WM_SVC.NAME": "test",
            "WM_QOS.CORRELATION_ID": "c-1",
            **changes,
        }
        return self.http.post("/v3/token", data={"grant_type": "client_credentials"}, headers=headers)

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers of a good request."""
        token = self.ask_token().raise_for_status().json()["access_token"]
        return {"WM_SEC.ACCESS_TOKEN": token, "WM_SVC.NAME": "test", "WM_QOS.CORRELATION_ID": "c-2"}

    def ask(self, path: str, /, body: Any = None, method: str = "", **params: str) -> httpx.Response:
        """Make one request; a body is posted unless another method is named."""
        method = method or ("GET" if body is None else "POST")
        return self.http.request(method, path, params=params or None, json=body, headers=self.headers)

    def get(self, path: str, **params: str) -> Any:
        """Read what must be there."""
        return self.ask(path, **params).raise_for_status().json()

    def order_pages(self, **params: str) -> Iterator[Json]:
        """Follow an order list from its first page."""
        wanted = {"lastModifiedStartDate": OPENS, "createdStartDate": OPENS, **params}
        page = self.get("/v3/orders", **wanted)["list"]
        yield page
        while cursor := page["meta"].get("nextCursor"):
            page = self.get(f"/v3/orders{cursor}")["list"]
            yield page

    def orders(self, **params: str) -> list[Json]:
        """Every order of a list."""
        return [order for page in self.order_pages(**params) for order in page["elements"]["order"]]

    def truth(self) -> dict[str, Json]:
        """What the world itself says about the account's orders, by order id."""
        found = httpx.get(f"{self.url}/_control/world/orders", params={"store": self.code.upper()}).json()["orders"]
        return {order["orderId"]: order for order in found}


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal in Walmart's envelope."""
    (error,) = answer.json()["errors"]
    assert error["severity"] == "ERROR"
    assert error["description"]
    return answer.status_code, error["code"]
