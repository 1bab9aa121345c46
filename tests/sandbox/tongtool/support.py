"""How the tests of Tongtool's side speak to it: raw HTTP, whole lists page by page."""

import hashlib
import time
from functools import cached_property
from typing import Any

import httpx

Json = dict[str, Any]
WORLD = ("--accounts", "EBUS,SPSG", "--orders-per-day", "6", "--products", "30", "--rate-scale", "100000")


class Wire:
    """Requests of the account, signed by the documented rule."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=f"{url}/tongtool", timeout=30)

    def login(self, secret: str = "sandbox-tongtool-secret") -> Json:  # noqa: S107 - the sandbox's
        """Ask for an app token."""
        keys = {"accessKey": "sandbox-tongtool", "secretAccessKey": secret}
        found: Json = self.http.get("/open-platform-service/devApp/appToken", params=keys).json()
        return found

    @cached_property
    def token(self) -> str:
        """A good app token."""
        return str(self.login()["datas"])

    def signed(self, **changes: str) -> dict[str, str]:
        """The query of a call: token, timestamp, signature."""
        asked = {"app_token": self.token, "timestamp": str(time.time_ns() // 1_000_000), **changes}
        text = f"app_token{asked['app_token']}timestamp{asked['timestamp']}sandbox-tongtool-secret"
        return {"sign": hashlib.md5(text.encode()).hexdigest(), **asked}  # noqa: S324 - its choice

    def merchants(self) -> Any:
        """Ask whom the app serves."""
        path = "/open-platform-service/partnerOpenInfo/getAppBuyerList"
        return self.http.get(path, params=self.signed()).json()["datas"]

    def ask(self, query: str, params: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        """Make one call."""
        return self.http.post(
            f"/api-service/openapi/tongtool/{query}",
            params=params or self.signed(),
            headers={"api_version": "3.0"},
            json={"merchantId": "sandbox-tongtool-merchant", **body},
        )

    def rows(self, query: str, size: int = 100, **body: Any) -> list[Json]:
        """A whole list."""
        found: list[Json] = []
        while True:
            answer = self.ask(query, pageNo=len(found) // size + 1, pageSize=size, **body).json()
            assert answer["code"] == 200
            found += answer["datas"]["array"]
            if len(answer["datas"]["array"]) < size:
                return found


def code_of(answer: httpx.Response) -> tuple[int, int]:
    """Status and code of an answer."""
    return answer.status_code, answer.json()["code"]
