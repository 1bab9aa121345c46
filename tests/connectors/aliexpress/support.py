"""What the tests of AliExpress share: a store's settings, a scripted gateway, and answers in its envelope."""

import json
from typing import Any
from urllib.parse import parse_qsl

import httpx
from pydantic import SecretStr

from linkstar_pipelines.connectors.aliexpress.store import AliExpressStore
from tests.connectors.support import Script, reply

SECRETS = ("the-app-secret", "the-refresh-token", "the-access-token")
TOKENS = {
    "access_token": SECRETS[2], "refresh_token": SECRETS[1], "expires_in": 2592000, "refresh_expires_in": 5184000,
    "code": "0",
}  # fmt: skip


def store_at(url: str, name: str = "ae1", **changes: Any) -> AliExpressStore:
    """Settings of a store whose gateway answers at `url`."""
    fields: dict[str, Any] = {
        "name": name,
        "seller_id": "2671514005",
        "app_key": "123456",
        "app_secret": SecretStr(SECRETS[0]),
        "refresh_token": SecretStr(SECRETS[1]),
        "endpoint": url,
        "time_zone": "UTC",
        **changes,
    }
    return AliExpressStore.model_validate(fields)


def sandbox_store(url: str, code: str = "ae1") -> AliExpressStore:
    """Settings of one of the sandbox's accounts."""
    return store_at(
        f"{url}/aliexpress",
        code,
        seller_id={"ae1": "2671514005", "ae2": "2671514006"}[code],
        app_key=f"sandbox-client-{code}",
        app_secret=SecretStr(f"sandbox-secret-{code}"),
        refresh_token=SecretStr(f"sandbox-refresh-{code}"),
    )


def answer(method: str, body: dict[str, Any]) -> httpx.Response:
    """What a method answers, in its envelope."""
    return reply({f"{method.replace('.', '_')}_response": {**body, "request_id": "1"}})


def refusal(code: str, kind: str = "ISV", message: str = "no") -> httpx.Response:
    """A refusal of the gateway: HTTP 200."""
    return reply({"type": kind, "code": code, "message": message, "request_id": "1"})


def form_of(request: httpx.Request) -> dict[str, str]:
    """The parameters of a request."""
    return dict(parse_qsl(request.content.decode()))


def query_of(request: httpx.Request, name: str = "param0") -> dict[str, Any]:
    """A parameter that holds JSON."""
    found: dict[str, Any] = json.loads(form_of(request)[name])
    return found


class Gateway(Script):
    """A gateway that answers what the test wrote down, and gives tokens beside."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/rest/auth/token"):
            self.token_requests.append(request)
            return self.token_steps.pop(0) if self.token_steps else reply(TOKENS)
        return super().__call__(request)
