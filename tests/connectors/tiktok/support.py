"""What the tests of the TikTok Shop connector share: settings, scripted answers, payloads, raw rows."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import httpx
import polars as pl
from pydantic import SecretStr

from linkstar_pipelines.connectors.observations import raw_rows
from linkstar_pipelines.connectors.tiktok.forms import STREAMS
from linkstar_pipelines.connectors.tiktok.store import TikTokStore
from linkstar_pipelines.schemas.platforms import Stream

APP_SECRET, SEED, CIPHER = "the-app-secret", "the-refresh-token", "the-shop-cipher"
NOW = datetime(2026, 5, 24, tzinfo=UTC)
SHOPS = {"TTUS": ("7494000000000000001", "TIKTOK_US"), "TTGB": ("7494000000000000002", "TIKTOK_GB")}
"""Shop id and marketplace of the sandbox's accounts."""


def tiktok_store(name: str, url: str, **changes: Any) -> TikTokStore:
    """Settings of a shop whose platform answers at `url`."""
    fields: dict[str, Any] = {
        "name": name,
        "app_key": "the-app-key",
        "app_secret": SecretStr(APP_SECRET),
        "refresh_token": SecretStr(SEED),
        "shop_cipher": CIPHER,
        "shop_id": "7494049642642441621",
        "marketplace_id": "TIKTOK_US",
        "endpoint": url,
        "auth_url": url,
        "time_zone": "UTC",
        **changes,
    }
    return TikTokStore.model_validate(fields)


def sandbox_shop(url: str, code: str = "TTUS") -> TikTokStore:
    """Settings of one of the sandbox's accounts."""
    low, (shop, market) = code.lower(), SHOPS[code]
    return tiktok_store(
        low, f"{url}/tiktok",
        app_key=f"sandbox-client-{low}", app_secret=SecretStr(f"sandbox-secret-{low}"), shop_id=shop,
        refresh_token=SecretStr(f"sandbox-refresh-{low}"), shop_cipher=f"SBX_{low}-cipher", marketplace_id=market,
    )  # fmt: skip


def good(data: Any = None) -> httpx.Response:
    """A success in TikTok's envelope."""
    return httpx.Response(200, content=json.dumps({"code": 0, "message": "Success", "request_id": "r", "data": data}))


def bad(code: int, message: str = "no", status: int = 200) -> httpx.Response:
    """A failure in TikTok's envelope."""
    body = {"code": code, "message": message, "request_id": "r", "data": None}
    return httpx.Response(status, content=json.dumps(body))


class TikTok:
    """A platform that answers what the test wrote down, and gives tokens beside."""

    def __init__(self) -> None:
        self.steps: list[httpx.Response | Exception] = []
        self.requests: list[httpx.Request] = []
        self.token_requests: list[httpx.Request] = []
        self.token_steps: list[httpx.Response] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token/refresh"):
            self.token_requests.append(request)
            return self.token_steps.pop(0) if self.token_steps else self.tokens(len(self.token_requests))
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    @staticmethod
    def tokens(serial: int, lifetime: int = 7 * 86400) -> httpx.Response:
        """Tokens whose ends are instants, as TikTok writes them."""
        end = int(time.time()) + lifetime
        return good({
            "access_token": f"access-{serial}", "access_token_expire_in": end,
            "refresh_token": f"refresh-{serial}", "refresh_token_expire_in": end + 86400,
        })  # fmt: skip

    @property
    def bodies(self) -> list[Any]:
        """Bodies of the requests, decoded."""
        return [json.loads(request.content) for request in self.requests if request.content]

    @property
    def queries(self) -> list[dict[str, str]]:
        """Query parameters of each request."""
        return [dict(request.url.params) for request in self.requests]


def unit(number: str = "5761", sku: str = "1729", **changes: Any) -> dict[str, Any]:
    """One unit of an order, as TikTok writes it."""
    return {
        "id": number, "sku_id": sku, "seller_sku": f"LS-{sku}", "product_name": "Tea Strainer",
        "display_status": "AWAITING_SHIPMENT", "currency": "USD", "original_price": "12.50", "sale_price": "11.00",
        "seller_discount": "1.00", "platform_discount": "0.50",
        "item_tax": [{"tax_type": "SALES_TAX", "tax_amount": "0.90"}], "tracking_number": "", "package_id": "",
        **changes,
    }  # fmt: skip


def order(*units: Any, **changes: Any) -> dict[str, Any]:
    """An order of one unit unless units are given, as `read` yields it."""
    return {
        "marketplace_id": "TIKTOK_US",
        "order": {
            "id": "576461413038785752", "status": "AWAITING_SHIPMENT", "create_time": 1779000000,
            "update_time": 1779003600, "fulfillment_type": "FULFILLMENT_BY_SELLER", "user_id": "7213489962827123654",
            "buyer_email": "v2b2b@scs.example.com", "buyer_message": "ring twice",
            "payment": {"currency": "USD", "total_amount": "16.89"},
            "recipient_address": {
                "name": "Casey Sample", "phone_number": "(+1)555010203", "address_line1": "1 Demo St",
                "full_address": "1 Demo St, Austin", "postal_code": "78701", "region_code": "US",
                "district_info": [{"address_level_name": "City", "address_name": "Austin"}],
            },
            "line_items": list(units) or [unit()],
            **changes,
        },
    }  # fmt: skip


def raw(stream: Stream, *payloads: Any) -> pl.DataFrame:
    """Raw rows of payloads; none may be refused."""
    rows, rejected = raw_rows("tiktok", "ttus", stream, STREAMS[stream], payloads, NOW)
    assert rejected.is_empty(), rejected.to_dicts()
    return rows
