"""How the tests of this side speak to it: signed forms, without any code of the product."""

import hashlib
import hmac
import json
import time
from typing import Any

import httpx

Json = dict[str, Any]
WORLD = ("--accounts", "AE1", "--orders-per-day", "6", "--products", "30", "--rate-scale", "100000")


class Wire:
    """One shop's way to the gateway; asks for a token at the first call."""

    def __init__(self, url: str, code: str = "ae1") -> None:
        self.url = url
        self.code = code
        self.http = httpx.Client(base_url=f"{url}/aliexpress", timeout=30)
        self._token = ""

    def signed(self, parameters: Json, path: str = "", **changes: str) -> dict[str, str]:
        """Parameters with those of the system and the signature; `changes` come before signing."""
        told = {
            "app_key": f"sandbox-client-{self.code}",
            "sign_method": "sha256",
            "timestamp": str(int(time.time() * 1000)),
            **{name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()},
            **changes,
        }
        text = path + "".join(f"{name}{told[name]}" for name in sorted(told) if told[name])
        sign = hmac.new(f"sandbox-secret-{self.code}".encode(), text.encode(), hashlib.sha256).hexdigest().upper()
        return {**told, "sign": sign}

    def rest(self, path: str, parameters: dict[str, str]) -> Json:
        """Answer of a system call."""
        answer: Json = self.http.post(f"/rest{path}", data=self.signed(parameters, path)).json()
        return answer

    def refresh(self, refresh_token: str) -> Json:
        """Answer to a refresh."""
        return self.rest("/auth/token/refresh", {"refresh_token": refresh_token})

    def token(self) -> str:
        """The access token."""
        if not self._token:
            self._token = self.refresh(f"sandbox-refresh-{self.code}")["access_token"]
        return self._token

    def send(self, form: dict[str, str]) -> httpx.Response:
        """Send a form as it is."""
        return self.http.post("/sync", data=form)

    def call(self, method: str, **parameters: Any) -> Json:
        """What a method answers within its envelope."""
        answer = self.send(self.signed({"method": method, "session": self.token(), **parameters}))
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()[f"{method.replace('.', '_')}_response"]
        return body

    def orders(self, **query: Any) -> Json:
        """Result of the order list, all of the world's changes unless told otherwise."""
        bounds = {} if "create_date_start" in query else {"modified_date_start": "2026-02-28 00:00:00"}
        asked = {"current_page": 1, "page_size": 50, **bounds, **query}
        result: Json = self.call("aliexpress.solution.order.get", param0=asked)["result"]
        return result

    def every_order(self, **query: Any) -> list[Json]:
        """Orders of all pages."""
        first = self.orders(**query)
        pages = [first, *(self.orders(**query, current_page=n) for n in range(2, first["total_page"] + 1))]
        return [order for page in pages for order in page.get("target_list", {}).get("order_dto", [])]

    def truth(self) -> dict[str, Json]:
        """What the world itself says, by order id."""
        found = httpx.get(f"{self.url}/_control/world/orders", params={"store": self.code.upper()}, timeout=30).json()
        return {order["orderId"]: order for order in found["orders"]}

    def faults(self, **probabilities: float) -> None:
        """Switch exactly these faults on."""
        off = dict.fromkeys(("all", "malformed_order", "clock_skew"), 0.0)
        body = {"faults": {**off, **probabilities}, "delay": 0.02}
        httpx.post(f"{self.url}/_control/faults", json=body, timeout=30).raise_for_status()
