"""What the tests of the Shopee connector share: settings, scripted answers, raw rows."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import polars as pl
from pydantic import SecretStr

from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.shopee.forms import STREAMS
from linkstar_pipelines.connectors.shopee.store import ShopeeStore
from linkstar_pipelines.schemas.platforms import Stream

PARTNER_KEY, SEED = "the-partner-key", "the-refresh-token"
NOW = datetime(2026, 5, 24, tzinfo=UTC)
ACCOUNTS = {"SPSG": (2001887, 727720655, "SG"), "SPMY": (2001888, 727720656, "MY")}
"""Partner id, shop id and region of the sandbox's accounts."""


def shopee_store(name: str, url: str, **changes: Any) -> ShopeeStore:
    """Settings of a shop whose platform answers at `url`."""
    fields: dict[str, Any] = {
        "name": name,
        "partner_id": 2001887,
        "partner_key": SecretStr(PARTNER_KEY),
        "shop_id": 727720655,
        "refresh_token": SecretStr(SEED),
        "region": "SG",
        "endpoint": url,
        "push_url": "https://linkstar.example.com/hooks/shopee",
        "time_zone": "Asia/Singapore",
        **changes,
    }
    return ShopeeStore.model_validate(fields)


def sandbox_shop(url: str, code: str = "SPSG") -> ShopeeStore:
    """Settings of one of the sandbox's accounts."""
    partner, shop, region = ACCOUNTS[code]
    return shopee_store(
        code.lower(), f"{url}/shopee",
        partner_id=partner, partner_key=SecretStr(f"sandbox-secret-{code.lower()}"), shop_id=shop, region=region,
        refresh_token=SecretStr(f"sandbox-refresh-{code.lower()}"),
    )  # fmt: skip


def good(response: Any = None, **top: Any) -> httpx.Response:
    """A success in Shopee's envelope."""
    body = {"error": "", "message": "", "request_id": "r", **top}
    return httpx.Response(200, content=json.dumps(body if response is None else body | {"response": response}))


def bad(code: str, message: str = "no", status: int = 200) -> httpx.Response:
    """A failure in Shopee's envelope."""
    return httpx.Response(status, content=json.dumps({"error": code, "message": message, "request_id": "r"}))


class Shopee:
    """A platform that answers what the test wrote down, and gives tokens beside."""

    def __init__(self) -> None:
        self.steps: list[httpx.Response] = []
        self.requests: list[httpx.Request] = []
        self.token_requests: list[httpx.Request] = []
        self.token_steps: list[httpx.Response] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/auth/access_token/get"):
            self.token_requests.append(request)
            serial = len(self.token_requests)
            tokens = {"access_token": f"access-{serial}", "refresh_token": f"refresh-{serial}", "expire_in": 14400}
            return self.token_steps.pop(0) if self.token_steps else good(**tokens)
        self.requests.append(request)
        return self.steps.pop(0)

    @property
    def bodies(self) -> list[Any]:
        """Bodies of the requests, decoded."""
        return [json.loads(request.content) for request in self.requests if request.content]


def raw(stream: Stream, *payloads: Any) -> pl.DataFrame:
    """Raw rows of payloads; none may be refused."""
    rows, rejected = raw_rows("shopee", "spsg", stream, STREAMS[stream], payloads, NOW)
    assert rejected.is_empty(), rejected.to_dicts()
    return rows
