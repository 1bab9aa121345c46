"""How the tests of TikTok Shop's side speak to it: signed calls, written down apart from the connector."""

import hashlib
import hmac
import json
import time
from typing import Any

import httpx

Json = dict[str, Any]
SEARCH = "/order/202309/orders/search"


def sign(secret: str, path: str, query: Json, body: bytes) -> str:
    pairs = "".join(f"{name}{query[name]}" for name in sorted(query))
    message = f"{secret}{path}{pairs}".encode() + body + secret.encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


class TikTokWire:
    """One shop's way to a sandbox; logs in at the first call."""

    def __init__(self, url: str, code: str = "TTUS") -> None:
        low = code.lower()
        self.key, self.secret, self.cipher = f"sandbox-client-{low}", f"sandbox-secret-{low}", f"SBX_{low}-cipher"
        self.refresh_token = f"sandbox-refresh-{low}"
        self.token = ""
        self.http = httpx.Client(base_url=f"{url}/tiktok", timeout=30)

    def refresh(self, refresh_token: str | None = None, **changes: str) -> Json:
        """Ask for tokens with a refresh token (the present one unless given); keeps what comes."""
        query = {
            "app_key": self.key, "app_secret": self.secret, "grant_type": "refresh_token",
            "refresh_token": refresh_token or self.refresh_token, **changes,
        }  # fmt: skip
        answer: Json = self.http.get("/api/v2/token/refresh", params=query).json()
        if answer["code"] == 0:
            self.token, self.refresh_token = answer["data"]["access_token"], answer["data"]["refresh_token"]
        return answer

    def send(self, path: str, body: Json | None = None, changes: Json | None = None, **query: Any) -> httpx.Response:
        """Make a call; `changes` spoil its parameters after they were signed."""
        if not self.token:
            self.refresh()
        content = b"" if body is None else json.dumps(body).encode()
        params: Json = {
            "app_key": self.key, "timestamp": str(int(time.time())), "shop_cipher": self.cipher,
            **{name: str(value) for name, value in query.items()},
        }  # fmt: skip
        params["sign"] = sign(self.secret, path, params, content)
        headers = {"x-tts-access-token": self.token}
        method = "GET" if body is None else "POST"
        return self.http.request(method, path, params=params | (changes or {}), content=content, headers=headers)

    def good(self, path: str, body: Json | None = None, **query: Any) -> Json:
        """Make a call that must succeed; returns its data."""
        answer: Json = self.send(path, body, **query).json()
        assert answer["code"] == 0, answer
        data: Json = answer["data"]
        return data

    def orders(self, body: Json, size: int = 20, **query: Any) -> tuple[list[Json], set[int]]:
        """Every order of a search, and the totals that its pages state."""
        found: list[Json] = []
        totals, token = set(), ""
        while True:
            page = self.good(SEARCH, body, page_size=size, **({"page_token": token} if token else {}), **query)
            found += page.get("orders", [])
            totals.add(page["total_count"])
            token = page["next_page_token"]
            if not token:
                return found, totals
