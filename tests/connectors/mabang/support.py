"""What the tests of the Mabang connector share: settings, scripted answers, payloads, raw rows."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import polars as pl
from pydantic import SecretStr

from linkstar_pipelines.connectors.erp_pulls import raw_rows
from linkstar_pipelines.connectors.mabang.forms import FORMS
from linkstar_pipelines.connectors.mabang.store import MabangAccount
from linkstar_pipelines.schemas.erps import ErpStream

KEY = "the-developer-key"
NOW = datetime(2026, 5, 24, tzinfo=UTC)


def mabang_account(url: str, **changes: Any) -> MabangAccount:
    """Settings of an account whose gateway answers at `url`."""
    fields: dict[str, Any] = {
        "name": "main", "app_key": "201501", "developer_key": SecretStr(KEY), "endpoint": url,
        "calls_per_minute": 60_000_000, **changes,
    }  # fmt: skip
    return MabangAccount.model_validate(fields)


def sandbox_account(url: str) -> MabangAccount:
    """Settings of the sandbox's account."""
    return mabang_account(
        f"{url}/mabang/api/v2", app_key="sandbox-mabang", developer_key=SecretStr("sandbox-mabang-key")
    )


def answer(data: Any = None, code: str = "200", message: str = "成功", status: int = 200) -> httpx.Response:
    """An answer in the gateway's envelope."""
    return httpx.Response(status, content=json.dumps({"code": code, "message": message, "data": data}))


def page(*records: Any, following: str = "", total: int | None = None) -> httpx.Response:
    """A page of a list with a cursor."""
    place = {"hasNext": bool(following), "nextCursor": following}
    return answer({"data": list(records), **place, **({} if total is None else {"total": total})})


class Gateway:
    """A gateway that answers what the test wrote down."""

    def __init__(self) -> None:
        self.steps: list[httpx.Response | Exception] = []
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """Bodies of the requests, decoded."""
        return [json.loads(request.content) for request in self.requests]

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The parameters of each request."""
        return [body["data"] for body in self.bodies]


def sku(code: str = "LS-KITCH-0001", **changes: Any) -> dict[str, Any]:
    """A SKU, as the gateway writes it."""
    return {
        "stockSku": code, "salesSku": "LS-KITCH-0001, ls_kitch_0001 \n ＬＳ－１", "originalSku": "6901234567892",
        "nameCN": "竹砧板", "nameEN": "Bamboo Cutting Board", "stockPicture": "https://images.example.com/1.jpg",
        "status": "3", "defaultCost": "12.50", "purchasePrice": "13.00", "parentCategoryName": "厨房",
        "categoryName": "砧板", "thirdCategoryName": "", "declareName": "砧板", "declareEname": "cutting board",
        "declareValue": "3.20", "declareCode": "4419110000", "weight": "820", "length": "38.0", "width": "25.5",
        "height": "2.0", "hasBattery": "2", "powder": "2", "updateTime": "2026-05-01 08:00:00",
        "provider": [
            {
                "providerId": "77", "providerName": "佛山厨具厂", "price": "11.80", "purchaseDays": "12",
                "minPurchaseQuantity": "50", "cartonQuantity": "24", "contactPerson": "somebody",
                "productLinkAddress": "https://suppliers.example.com/1",
            }
        ],
        **changes,
    }  # fmt: skip


def order(number: str = "114-1", *items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An order of one line unless lines are given, as the gateway writes it."""
    line = {"stockSku": "LS-KITCH-0001", "platformSku": "ls_kitch_0001 ", "quantity": "2", "sellPrice": "19.99"}
    return {
        "platformOrderId": number, "platformId": "Amazon", "shopId": "9", "currencyId": "USD", "orderFee": "39.98",
        "buyerName": "Casey Sample", "phone1": "555", "street1": "1 Demo St", "email": "c@example.com",
        "countryCode": "US", "updateTime": "2026-05-02 09:30:00", "orderItem": list(items) or [line], **changes,
    }  # fmt: skip


def raw(stream: ErpStream, *records: Any) -> pl.DataFrame:
    """Raw rows of records; none may be refused."""
    rows, rejected = raw_rows("mabang", "main", FORMS[stream], records, NOW)
    assert rejected.is_empty(), rejected.to_dicts()
    return rows
