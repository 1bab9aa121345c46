"""Logging in: tokens for the right credentials alone, and each token opens its own account alone."""

from pathlib import Path

import httpx
import pytest

from tests.sandbox.support import (
    INVENTORY,
    MARKETS,
    OPENS,
    ORDERS,
    SMALL,
    Wire,
    assert_refused,
    credentials,
    item_path,
    listings_path,
    stock_of,
)
from tests.support import running_sandbox


def login(url: str, **changes: str | None) -> httpx.Response:
    form = {name: value for name, value in {**credentials("na"), **changes}.items() if value is not None}
    return httpx.post(f"{url}/auth/o2/token", data=form)


def test_the_right_credentials_give_a_bearer_token_for_an_hour(small_url: str) -> None:
    body = login(small_url).json()
    assert body["access_token"].startswith("Atza|")
    assert (body["token_type"], body["expires_in"]) == ("bearer", 3600)
    assert body["refresh_token"] == "sandbox-refresh-na"  # noqa: S105 - the sandbox's documented constant


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "unknown"}, 401, "invalid_client"),
        ({"refresh_token": "wrong"}, 400, "invalid_grant"),
        ({"refresh_token": "sandbox-refresh-eu"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"refresh_token": None}, 400, "invalid_request"),
        ({"client_secret": None}, 400, "invalid_request"),
    ],
)
def test_wrong_credentials_are_refused_the_way_the_token_endpoint_does(
    small_url: str, changes: dict[str, str | None], status: int, error: str
) -> None:
    answer = login(small_url, **changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"]
    assert "access_token" not in answer.json()


@pytest.mark.parametrize("spoil", ["", "Atza|na.9999999999.1.0", "x"])
def test_a_missing_or_forged_token_opens_nothing(small_url: str, spoil: str) -> None:
    token = login(small_url).json()["access_token"]
    headers = {"x-amz-access-token": token + spoil if spoil == "x" else spoil}
    answer = httpx.get(f"{small_url}{ORDERS}", params={"lastUpdatedAfter": OPENS}, headers=headers)
    assert_refused(answer, 403)


def test_a_token_ends_after_its_time(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, *SMALL, "--token-ttl", "0") as url:
        assert login(url).json()["expires_in"] == 0
        assert_refused(Wire(url).get(ORDERS, lastUpdatedAfter=OPENS), 403, "expired")


def test_a_token_outlives_a_restart_of_the_sandbox(small_url: str, fresh_url: str) -> None:
    headers = {"x-amz-access-token": Wire(small_url).token()}
    answer = httpx.get(f"{fresh_url}{ORDERS}", params={"lastUpdatedAfter": OPENS}, headers=headers)
    assert answer.status_code == 200


def test_a_token_of_one_account_opens_nothing_of_another(small_url: str) -> None:
    na, eu = Wire(small_url, "na"), Wire(small_url, "eu")
    [foreign, *_] = eu.orders()
    sku = eu.listings()[0]["sku"]
    market = MARKETS["eu"][0]
    assert_refused(na.get(f"{ORDERS}/{foreign['orderId']}"), 404)
    assert_refused(na.get(ORDERS, lastUpdatedAfter=OPENS, marketplaceIds=market), 403)
    assert_refused(na.get(ORDERS, lastUpdatedAfter=OPENS, marketplaceIds=f"{MARKETS['na'][0]},{market}"), 403)
    assert_refused(na.get(listings_path("eu"), marketplaceIds=MARKETS["na"][0]), 403)
    assert_refused(na.get(item_path("eu", sku), marketplaceIds=market), 403)
    assert_refused(na.get(INVENTORY, **stock_of(market)), 403)
