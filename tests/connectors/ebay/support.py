"""Stores of eBay for tests, and its platform scripted."""

from collections.abc import Callable
from typing import Any

import httpx
from pydantic import SecretStr

from linkstar_pipelines.connectors.ebay.store import EbayStore
from tests.connectors.support import reply

SECRETS = ("the-client-secret", "the-refresh-token", "the-access-token")
TEST_KEY = "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"
"""eBay's published test key (Ed25519), and the JWE that stands for it."""
TEST_JWE = (
    "eyJ6aXAiOiJERUYiLCJlbmMiOiJBMjU2R0NNIiwidGFnIjoiSXh2dVRMb0FLS0hlS0Zoa3BxQ05CUSIsImFsZyI6IkEyNTZHQ01LVyIsIml2Ijoi"
    "aFd3YjNoczk2QzEyOTNucCJ9.2o02pR9SoTF4g_5qRXZm6tF4H52TarilIAKxoVUqjd8.3qaF0KJN-rFHHm_P.AMUAe9PPduew09mANIZ-O_68CC"
    "uv6EIx096rm9WyLZnYz5N1WFDQ3jP0RBkbaOtQZHImMSPXIHVaB96RWshLuJsUgCKmTAwkPVCZv3zhLxZVxMXtPUuJ-ppVmPIv0NzznWCOU5Kvb9"
    "Xux7ZtnlvLXgwOFEix-BaWNomUAazbsrUCbrp514GIea3butbyxXLNi6R9TJUNh8V2uan-optT1MMyS7eMQnVGL5rYBULk.9K5ucUqAu0DqkkhgubsHHw"
)
SITES = {"ebus": ("EBAY_US",), "ebeu": ("EBAY_GB", "EBAY_DE")}
Step = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def ebay_store(name: str = "us", url: str = "https://ebay.test", **changes: Any) -> EbayStore:
    """Settings of a store whose platform answers at `url`."""
    fields: dict[str, Any] = {
        "name": name,
        "seller_id": "the-seller",
        "marketplace_ids": ("EBAY_US",),
        "client_id": "the-client-id",
        "client_secret": SecretStr(SECRETS[0]),
        "refresh_token": SecretStr(SECRETS[1]),
        "api_url": url,
        "apiz_url": url.replace("ebay.test", "apiz.ebay.test"),
        "time_zone": "UTC",
        **changes,
    }
    return EbayStore.model_validate(fields)


def sandbox_store(url: str, code: str, **changes: Any) -> EbayStore:
    """Settings of one of the sandbox's accounts."""
    european = {"signing_private_key": SecretStr(TEST_KEY), "signing_jwe": SecretStr(TEST_JWE)}
    fields: dict[str, Any] = {
        "seller_id": {"ebus": "linkstar_us", "ebeu": "linkstar_eu"}[code],
        "marketplace_ids": SITES[code],
        "client_id": f"sandbox-client-{code}",
        "client_secret": SecretStr(f"sandbox-secret-{code}"),
        "refresh_token": SecretStr(f"sandbox-refresh-{code}"),
        **(european if code == "ebeu" else {}),
        **changes,
    }
    return ebay_store(code, f"{url}/ebay", **fields)


def refusal(status: int, error_id: int, message: str = "no") -> httpx.Response:
    """An error in eBay's envelope."""
    return reply(
        {"errors": [{"errorId": error_id, "domain": "API", "category": "REQUEST", "message": message}]}, status
    )


class EbayScript:
    """A platform that answers what the test wrote down, and hands out access tokens beside."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.requests: list[httpx.Request] = []
        self.token_requests: list[httpx.Request] = []
        self.token_steps: list[httpx.Response] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/identity/v1/oauth2/token":
            self.token_requests.append(request)
            if self.token_steps:
                return self.token_steps.pop(0)
            return reply({"access_token": SECRETS[2], "token_type": "User Access Token", "expires_in": 7200})
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step(request) if callable(step) else step

    @property
    def queries(self) -> list[dict[str, str]]:
        """Query parameters of each request."""
        return [dict(request.url.params) for request in self.requests]
