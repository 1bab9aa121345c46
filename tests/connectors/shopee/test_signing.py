"""Signatures: the documented base strings, and the calls as they are signed."""

import hmac
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.errors import ThrottledError
from linkstar_pipelines.connectors.platform import Push, PushRefusedError
from linkstar_pipelines.connectors.shopee import calls
from linkstar_pipelines.connectors.shopee.client import ShopeeClient
from linkstar_pipelines.connectors.shopee.push import event_of, receive
from linkstar_pipelines.connectors.shopee.signing import public_base, push_base, shop_base, signature
from linkstar_pipelines.connectors.shopee.store import ShopeeStore
from linkstar_pipelines.schemas.platforms import Stream
from tests.connectors.shopee.support import Shopee, bad, good

KEY = SecretStr("0123456789abcdef" * 4)
TOKEN = SecretStr("59777174636562737266615546704c6d")
BODY = (
    b'{"data":{"items":[],"ordersn":"220810QSK8S7BX","status":"PROCESSED","completed_scenario":"",'
    b'"update_time":1660123127},"shop_id":727720655,"code":3,"timestamp":1660123127}'
)
URL = "https://linkstar.example.com/hooks/shopee"
PUSHED = "0e2d9dd51464040c5ceb8d67b7f324f537039a3a1a40267aa95465508178d846"


def test_the_call_for_a_shop_is_signed_over_partner_path_time_token_and_shop() -> None:
    base = shop_base(2001887, "/api/v2/shop/get_shop_info", 1655714431, TOKEN, 14701711)
    assert base == b"2001887/api/v2/shop/get_shop_info165571443159777174636562737266615546704c6d14701711"
    assert signature(KEY, base) == "77ec56b3b3e47dc373c3a1c57170a3209463cd3543279b2be64a0ad0b077fb08"


def test_the_public_call_is_signed_over_partner_path_and_time() -> None:
    base = public_base(2001887, "/api/v2/public/get_shops_by_partner", 1655714431)
    assert base == b"2001887/api/v2/public/get_shops_by_partner1655714431"
    assert signature(KEY, base) == "da6fea93a13029e73295909d16cf9e7b7d06b3b8c3dcd1db28892da23f1d8793"


def test_the_primitive_gives_the_value_of_an_independent_library() -> None:
    message = b"/api/v2/auth/token/get123456test_partner_idtest_shop_idtest_main_account_id"
    expected = "37c864bd9821ff5f2c2f46b2faca14eb1811a718d1fdc6dcf383cba7c74bf9e9"
    assert signature(SecretStr("test_partner_key"), message) == expected


def test_the_push_is_signed_over_the_registered_address_and_the_raw_body() -> None:
    assert signature(KEY, push_base(URL, BODY)) == PUSHED


def test_every_exchange_is_signed_anew_over_the_path_without_host_or_prefix(
    shopee_client: ShopeeClient, shopee: Shopee, shop: ShopeeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(1_700_000_000, 1_700_000_100))
    monkeypatch.setattr(f"{calls.__name__}.time.time", lambda: float(next(seconds)))
    mounted = ShopeeClient(shop.model_copy(update={"endpoint": "https://proxy.test/mount"}), shopee_client.http)
    shopee.steps = [bad("error_rate_limit"), good(shop_name="s")]
    mounted.check_access()
    assert [request.url.path for request in shopee.requests] == ["/mount/api/v2/shop/get_shop_info"] * 2
    stamps = []
    for request in shopee.requests:
        query = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        base = f"2001887/api/v2/shop/get_shop_info{query['timestamp']}access-1727720655"
        assert query["sign"] == hmac.new(b"the-partner-key", base.encode(), "sha256").hexdigest()
        stamps.append(query["timestamp"])
    assert stamps[0] != stamps[1]


def test_a_rate_limit_inside_http_200_is_waited_out_and_then_said(shopee_client: ShopeeClient, shopee: Shopee) -> None:
    shopee.steps = [bad("error_rate_limit")] * 3
    with pytest.raises(ThrottledError, match="error_rate_limit"):
        shopee_client.check_access()
    assert len(shopee.pauses) == 2


@pytest.fixture
def signed_shop(shop: ShopeeStore) -> ShopeeStore:
    return shop.model_copy(update={"partner_key": KEY})


def test_a_genuine_push_tells_order_shop_and_time(signed_shop: ShopeeStore, shopee_client: ShopeeClient) -> None:
    push = Push("POST", "http://behind.a.proxy/x", {"authorization": PUSHED}, BODY)
    (event,) = receive(signed_shop, shopee_client.http, push)
    assert (event.account, event.stream, event.record_id, event.topic) == (
        "727720655", Stream.ORDERS, "220810QSK8S7BX", "3",
    )  # fmt: skip
    assert event.changed_at is not None
    assert event.changed_at.timestamp() == 1660123127


def test_a_push_delivered_again_later_is_the_same_event() -> None:
    def event(status: str, timestamp: int) -> str:
        data = {"ordersn": "1", "status": status, "update_time": 5}
        return event_of({"data": data, "shop_id": 7, "code": 3, "timestamp": timestamp}).event_id

    first, again, other = event("SHIPPED", 10), event("SHIPPED", 310), event("COMPLETED", 10)
    assert first == again != other


@pytest.mark.parametrize(
    ("url", "header", "body"),
    [
        (URL, "0" * 64, BODY),
        (URL, "", BODY),
        (URL, PUSHED.upper(), BODY),
        (URL, PUSHED, BODY + b" "),
        ("https://linkstar.example.com/other", PUSHED, BODY),
    ],
)
def test_a_push_that_is_not_what_it_claims_is_refused(
    signed_shop: ShopeeStore, shopee_client: ShopeeClient, url: str, header: str, body: bytes
) -> None:
    store = signed_shop.model_copy(update={"push_url": url})
    with pytest.raises(PushRefusedError, match=r"not signed .* LINKSTAR_SHOPEE_SPSG_PUSH_URL"):
        receive(store, shopee_client.http, Push("POST", URL, {"authorization": header}, body))


def test_a_shop_without_an_address_of_its_own_is_signed_for_at_the_receivers(
    signed_shop: ShopeeStore, shopee_client: ShopeeClient
) -> None:
    store = signed_shop.model_copy(update={"push_url": ""})
    assert receive(store, shopee_client.http, Push("POST", URL, {"authorization": PUSHED}, BODY))
    with pytest.raises(PushRefusedError, match="LINKSTAR_PUSH_URL"):
        receive(store, shopee_client.http, Push("POST", f"{URL}/other", {"authorization": PUSHED}, BODY))


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"{", "no JSON"), (b"[]", "no code"), (BODY.replace(b"727720655", b"1"), "another shop")],
)
def test_a_signed_push_that_makes_no_sense_is_refused(
    signed_shop: ShopeeStore, shopee_client: ShopeeClient, body: bytes, reason: str
) -> None:
    push = Push("POST", URL, {"authorization": signature(KEY, push_base(URL, body))}, body)
    with pytest.raises(PushRefusedError, match=reason):
        receive(signed_shop, shopee_client.http, push)


def test_a_push_about_the_authorisation_is_no_stream(signed_shop: ShopeeStore, shopee_client: ShopeeClient) -> None:
    body = b'{"code":12,"data":{"expire_before":1},"timestamp":1660123127}'
    push = Push("POST", URL, {"authorization": signature(KEY, push_base(URL, body))}, body)
    (event,) = receive(signed_shop, shopee_client.http, push)
    assert (event.stream, event.record_id, event.topic) == (None, None, "12")
