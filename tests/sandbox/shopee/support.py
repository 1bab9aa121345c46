"""How the tests of Shopee's side speak to it: signed calls, written down apart from the connector."""

import hashlib
import hmac
import json
import time
from typing import Any

import httpx

Json = dict[str, Any]
PARTNERS = {"SPSG": (2001887, 727720655), "SPMY": (2001888, 727720656)}


def sign(key: str, base: str) -> str:
    return hmac.new(key.encode(), base.encode(), hashlib.sha256).hexdigest()


class ShopeeWire:
    """One shop's way to a sandbox; logs in at the first call."""

    def __init__(self, url: str, code: str = "SPSG") -> None:
        self.url = url
        self.partner, self.shop = PARTNERS[code]
        self.key = f"sandbox-secret-{code.lower()}"
        self.refresh_token = f"sandbox-refresh-{code.lower()}"
        self.token = ""
        self.http = httpx.Client(base_url=f"{url}/shopee", timeout=30)

    def refresh(self, refresh_token: str | None = None) -> Json:
        """Ask for tokens with a refresh token (the present one unless given); keeps what comes."""
        path = "/api/v2/auth/access_token/get"
        body = {
            "refresh_token": refresh_token or self.refresh_token, "partner_id": self.partner, "shop_id": self.shop,
        }  # fmt: skip
        answer: Json = self.http.post(path, params=self.signed(path, public=True), json=body).json()
        if not answer["error"]:
            self.token, self.refresh_token = answer["access_token"], answer["refresh_token"]
        return answer

    def signed(self, path: str, *, public: bool = False, timestamp: int | None = None) -> Json:
        """The common parameters of a call."""
        stamp = int(time.time()) if timestamp is None else timestamp
        base = f"{self.partner}{path}{stamp}"
        common: Json = {"partner_id": self.partner, "timestamp": stamp}
        if not public:
            base += f"{self.token}{self.shop}"
            common |= {"access_token": self.token, "shop_id": self.shop}
        return {**common, "sign": sign(self.key, base)}

    def call(self, name: str, body: Json | None = None, *, public: bool = False, **params: Any) -> Json:
        """Make a call such as `order.get_order_list`; returns the envelope."""
        if not self.token and not public:
            self.refresh()
        path = "/api/v2/" + name.replace(".", "/")
        query = {**params, **self.signed(path, public=public)}
        answer = self.http.request("GET" if body is None else "POST", path, params=query, json=body)
        envelope: Json = answer.json()
        return envelope

    def good(self, name: str, body: Json | None = None, *, public: bool = False, **params: Any) -> Json:
        """Make a call that must succeed; returns its `response`."""
        envelope = self.call(name, body, public=public, **params)
        assert envelope["error"] == "", envelope
        response: Json = envelope.get("response", {})
        return response

    def orders(self, now: int, days: int = 15, **params: Any) -> list[str]:
        """Every order changed in the days before `now`."""
        found: list[str] = []
        cursor = ""
        while True:
            page = self.good(
                "order.get_order_list", time_range_field="update_time", time_from=now - days * 86400, time_to=now,
                **{"page_size": 20, "cursor": cursor, **params},
            )  # fmt: skip
            found += [row["order_sn"] for row in page["order_list"]]
            cursor = page["next_cursor"]
            assert bool(cursor) is page["more"]
            if not page["more"]:
                return found

    def tell(self, path: str, body: Json) -> None:
        """Change something on the control side."""
        httpx.post(f"{self.url}/_control/{path}", content=json.dumps(body)).raise_for_status()
