"""What the tests of Tongtool share: an account's settings, a scripted platform, and answers in its envelope."""

import json
from typing import Any

import httpx
from pydantic import SecretStr

from linkstar_pipelines.connectors.tongtool.store import TongtoolAccount
from tests.connectors.support import Script, reply

SECRETS = ("the-secret-key", "the-app-token")
MERCHANT = {"partnerOpenId": "M-1", "appTokenExpireDate": 4_000_000_000_000}


def account_at(url: str, name: str = "house", **changes: Any) -> TongtoolAccount:
    """Settings of an account whose platform answers at `url`; it grants as much as anybody could want."""
    fields: dict[str, Any] = {
        "name": name,
        "access_key": "the-access-key",
        "secret_key": SecretStr(SECRETS[0]),
        "endpoint": url,
        "quota_seconds": 0.0006,
        "time_zone": "Asia/Shanghai",
        **changes,
    }
    return TongtoolAccount.model_validate(fields)


def sandbox_account(url: str, **changes: Any) -> TongtoolAccount:
    """Settings of the sandbox's account, at a sandbox whose minute is as short as here (`--rate-scale 100000`)."""
    keys = {"access_key": "sandbox-tongtool", "secret_key": SecretStr("sandbox-tongtool-secret")}
    return account_at(f"{url}/tongtool", **{**keys, **changes})


def page(*records: Any) -> httpx.Response:
    """A page of a query."""
    return reply({"code": 200, "message": "Success", "datas": {"array": list(records), "pageNo": 1, "pageSize": 100}})


def failure(code: int, message: str = "no", status: int = 200) -> httpx.Response:
    """A failure; with HTTP 200 unless told otherwise."""
    return reply({"code": code, "message": message, "datas": None}, status)


def told(datas: Any, *, success: bool = True) -> httpx.Response:
    """An answer of the open platform itself."""
    return reply({"success": success, "code": 0 if success else 1, "message": "", "datas": datas})


def body_of(request: httpx.Request) -> dict[str, Any]:
    """The query of a request."""
    found: dict[str, Any] = json.loads(request.content)
    return found


class Tongtool(Script):
    """A platform that answers what the test wrote down, and gives sessions beside."""

    def __init__(self) -> None:
        super().__init__()
        self.merchants: list[dict[str, Any]] = [MERCHANT]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/open-platform-service/"):
            self.token_requests.append(request)
            if self.token_steps:
                return self.token_steps.pop(0)
            return told(SECRETS[1] if request.url.path.endswith("/appToken") else self.merchants)
        return super().__call__(request)
