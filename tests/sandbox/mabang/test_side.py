"""Mabang's side of the sandbox, asked with nothing but HTTP: what it refuses, and how it cuts its lists.

No official model of the gateway is at hand: what is tested is what public programs rely on.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import running_sandbox

FLAGS = (
    "--opens", "2026-05-01", "--closes", "2026-05-08", "--accounts", "NA,TTUS", "--orders-per-day", "6",
    "--products", "30", "--rate-scale", "100000",
)  # fmt: skip


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_sandbox(tmp_path_factory.mktemp("mabang-side"), *FLAGS) as url:
        yield f"{url}/mabang/api/v2"


def ask(
    url: str, api: str, *, key: str = "sandbox-mabang-key", app: str = "sandbox-mabang", skew: int = 0, **data: str
) -> dict[str, Any]:
    body = json.dumps({"api": api, "appkey": app, "data": data, "timestamp": int(time.time()) + skew}).encode()
    signed = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    answer = httpx.post(url, content=body, headers={"Authorization": signed})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key": "wrong"}, "签名错误"),
        ({"app": "wrong"}, "appkey不存在"),
        ({"skew": 660}, "timestamp与服务器时间相差超过10分钟"),
        ({"skew": -660}, "timestamp与服务器时间相差超过10分钟"),
        ({"maxRows": "1001"}, "参数错误：maxRows必须是1到1000的整数"),
        ({"cursor": "forged"}, "参数错误：cursor无效"),
    ],
)
def test_what_is_wrong_is_refused_inside_a_good_status(url: str, changes: dict[str, Any], message: str) -> None:
    told = ask(url, "stock-do-search-sku-list-new", **changes)
    assert (told["code"], told["message"], told["data"]) == ("500", message, None)


def test_a_clock_nine_minutes_off_is_let_in(url: str) -> None:
    assert ask(url, "pur-do-get-provider", skew=540)["code"] == "200"


def test_a_cursor_holds_only_for_what_it_was_given_for(url: str) -> None:
    first = ask(url, "stock-do-search-sku-list-new", maxRows="20")["data"]
    assert (len(first["data"]), first["hasNext"], first["total"]) == (20, True, 30)
    second = ask(url, "stock-do-search-sku-list-new", maxRows="20", cursor=first["nextCursor"])["data"]
    assert (len(second["data"]), second["hasNext"], second["nextCursor"]) == (10, False, "")
    other = ask(url, "stock-do-search-sku-list-new", maxRows="10", cursor=first["nextCursor"])
    assert other["message"] == "参数错误：cursor与查询条件不符"


def test_orders_of_all_shops_come_in_the_order_of_their_change(url: str) -> None:
    found: list[dict[str, Any]] = []
    place: dict[str, Any] = {}
    while True:
        data = ask(
            url, "order-get-order-list-new", updateTimeStart="2026-04-30 00:00:00", maxRows="7", **place
        )["data"]  # fmt: skip
        found += data["data"]
        if not data["hasNext"]:
            break
        place = {"cursor": data["nextCursor"]}
    assert len({order["platformOrderId"] for order in found}) == len(found) == data["total"]
    assert {order["platformId"] for order in found} == {"Amazon", "TikTok"}
    changed = [order["updateTime"] for order in found]
    assert changed == sorted(changed)
    middle = changed[len(changed) // 2]
    span: dict[str, Any] = {"updateTimeStart": changed[0], "updateTimeEnd": middle}
    earlier = ask(url, "order-get-order-list-new", maxRows="1000", **span)["data"]["data"]
    assert [order["updateTime"] for order in earlier] == [at for at in changed if at <= middle]


def test_stock_is_told_of_named_skus_or_of_a_day(url: str) -> None:
    codes = [one["stockSku"].strip() for one in ask(url, "stock-do-search-sku-list-new", maxRows="3")["data"]["data"]]
    named = ask(url, "stock-get-stock-quantity", stockSkus=",".join(codes))["data"]
    assert [one["stockSku"].strip() for one in named["data"]] == codes
    assert {place["warehouseName"] for one in named["data"] for place in one["warehouse"]} == {"深圳仓", "海外仓"}
    assert ask(url, "stock-get-stock-quantity")["message"] == "参数错误：stockSkus和updateTime不能同时为空"
    too_many = ",".join(f"S{n}" for n in range(101))
    assert ask(url, "stock-get-stock-quantity", stockSkus=too_many)["message"] == "参数错误：stockSkus最多100个"
    assert ask(url, "no-such-interface")["code"] == "404"


def test_a_rate_limit_is_met_like_a_fault_of_the_gateway(tmp_path: Path) -> None:
    slow = ("--orders-per-day", "0", "--products", "8", "--accounts", "NA", "--rate-scale", "0.001")
    with running_sandbox(tmp_path, *slow) as root:
        told = [ask(f"{root}/mabang/api/v2", "pur-do-get-provider") for _ in range(11)]
    assert [one["code"] for one in told] == ["200"] * 10 + ["0"]
    assert told[-1] == {"code": "0", "message": "请求过于频繁，请稍后再试", "data": None}
