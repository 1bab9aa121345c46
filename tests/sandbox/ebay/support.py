"""How tests speak to eBay's side of the sandbox: raw HTTP, with a signature of their own making."""

import base64
import time
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from linkstar_pipelines.sandbox.ebay.signatures import JWE
from tests.sandbox.support import NO_TLS, OPENS, Json

ORDERS = "/sell/fulfillment/v1/order"
ITEMS = "/sell/inventory/v1/inventory_item"
OFFERS = "/sell/inventory/v1/offer"
PUSH = "/sell/inventory/v1/bulk_update_price_quantity"
TRANSACTIONS = "/sell/finances/v1/transaction"
RETURNS = "/post-order/v2/return"
KEYS = "/commerce/notification/v1/public_key"
TOKEN = "/identity/v1/oauth2/token"  # noqa: S105  # a path
ALL_TIME = f"lastmodifieddate:[{OPENS}..]"
TEST_KEY = "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"
"""eBay's published test key."""


class EbayWire:
    """One seller account's way to the sandbox; logs in at the first call."""

    def __init__(self, url: str, code: str = "ebus") -> None:
        self.url = f"{url}/ebay"
        self.code = code
        self.http = httpx.Client(timeout=30, verify=NO_TLS)
        self._tokens: dict[str, str] = {}

    def login(self, secret: str | None = None, **form: str) -> httpx.Response:
        """Ask the token endpoint."""
        keyset = (f"sandbox-client-{self.code}", secret or f"sandbox-secret-{self.code}")
        wanted = {"grant_type": "refresh_token", "refresh_token": f"sandbox-refresh-{self.code}", **form}
        return self.http.post(self.url + TOKEN, data=wanted, auth=keyset)

    def token(self, **form: str) -> str:
        """The access token of a grant; the seller's unless told otherwise."""
        grant = form.get("grant_type", "")
        if grant not in self._tokens:
            self._tokens[grant] = self.login(**form).json()["access_token"]
        return self._tokens[grant]

    def send(self, method: str, path: str, params: Json | None = None, **request: Any) -> httpx.Response:
        """Send one request with the seller's token, in the scheme that the API wants."""
        scheme = "IAF" if path.startswith(RETURNS) else "Bearer"
        headers = {"authorization": f"{scheme} {self.token()}", **request.pop("headers", {})}
        return self.http.request(method, self.url + path, params=params, headers=headers, **request)

    def get(self, path: str, **params: Any) -> httpx.Response:
        """Get one answer."""
        return self.send("GET", path, params)

    def pages(self, path: str, part: str, **params: Any) -> list[Json]:
        """Follow the `next` addresses of a listing to its end."""
        answer, found = self.get(path, **params), []
        while True:
            body = answer.raise_for_status().json()
            found += body[part]
            if "next" not in body:
                return found
            answer = self.http.get(body["next"], headers=dict(answer.request.headers))

    def signed(self, path: str, /, **changes: str) -> dict[str, str]:
        """The headers that sign a GET request; `changes` replace what is signed."""
        place = httpx.URL(self.url + path)
        created = changes.get("created", str(int(time.time())))
        values = {
            "x-ebay-signature-key": JWE, "@method": "GET", "@path": place.path, "@authority": place.netloc.decode(),
        }  # fmt: skip
        inputs = "(" + " ".join(f'"{name}"' for name in values) + f");created={created}"
        signed = values | {f"@{name}": value for name, value in changes.items() if name != "created"}
        base = "\n".join([*(f'"{name}": {value}' for name, value in signed.items()), f'"@signature-params": {inputs}'])
        key = load_der_private_key(base64.b64decode(TEST_KEY), None)
        assert isinstance(key, Ed25519PrivateKey)
        signature = base64.b64encode(key.sign(base.encode())).decode()
        return {
            "x-ebay-signature-key": JWE, "signature-input": f"sig1={inputs}", "signature": f"sig1=:{signature}:",
        }  # fmt: skip


def error_of(answer: httpx.Response) -> tuple[int, int]:
    """Status and error id of a refusal."""
    return answer.status_code, answer.json()["errors"][0]["errorId"]
