"""What the tests of the wire share: a store's settings and a scripted platform."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import SecretStr

from linkstar_pipelines.settings import AmazonStore

SECRETS = ("the-client-secret", "the-refresh-token", "the-access-token")
Step = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def amazon_store(name: str, url: str, **changes: Any) -> AmazonStore:
    """Settings of a store whose platform answers at `url`."""
    fields: dict[str, Any] = {
        "name": name,
        "seller_id": "A1SELLER",
        "marketplace_ids": ("ATVPDKIKX0DER",),
        "client_id": "the-client-id",
        "client_secret": SecretStr(SECRETS[0]),
        "refresh_token": SecretStr(SECRETS[1]),
        "endpoint": url,
        "auth_url": f"{url}/auth/o2/token",
        "time_zone": "UTC",
        **changes,
    }
    return AmazonStore.model_validate(fields)


def sandbox_store(url: str, code: str = "na") -> AmazonStore:
    """Settings of one of the sandbox's accounts."""
    marketplaces = {"na": ("ATVPDKIKX0DER",), "eu": ("A1F83G8C2ARO7P", "A1PA6795UKMFR9")}[code]
    return amazon_store(
        code,
        url,
        seller_id=f"A1LINKSTAR{code.upper()}",
        marketplace_ids=marketplaces,
        client_id=f"sandbox-client-{code}",
        client_secret=SecretStr(f"sandbox-secret-{code}"),
        refresh_token=SecretStr(f"sandbox-refresh-{code}"),
    )


def utc(year: int, month: int, day: int, hour: int = 0) -> datetime:
    """An instant in UTC."""
    return datetime(year, month, day, hour, tzinfo=UTC)


def reply(body: Any, status: int = 200, **headers: str) -> httpx.Response:
    """A JSON answer; header names with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=json.dumps(body).encode(), headers=named)


def error(status: int, code: str, message: str = "no") -> httpx.Response:
    """An error in Amazon's envelope."""
    return reply({"errors": [{"code": code, "message": message}]}, status)


class Script:
    """A platform that answers what the test wrote down, and hands out access tokens beside."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.requests: list[httpx.Request] = []
        self.token_requests: list[httpx.Request] = []
        self.token_steps: list[httpx.Response] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/o2/token":
            self.token_requests.append(request)
            if self.token_steps:
                return self.token_steps.pop(0)
            return reply({"access_token": SECRETS[2], "token_type": "bearer", "expires_in": 3600})
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step(request) if callable(step) else step

    @property
    def queries(self) -> list[dict[str, str]]:
        """Query parameters of each request."""
        return [dict(request.url.params) for request in self.requests]
