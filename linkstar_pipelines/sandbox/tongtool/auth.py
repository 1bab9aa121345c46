"""App tokens, merchants and signatures.

Here: `devApp/appToken`, `partnerOpenInfo/getAppBuyerList`, and the check of token, time and signature of every call.
Tokens are signed and carry their end (real time), so they outlive a restart of the sandbox. Both units of the
timestamp are taken: clients with either are known to work.
Not here: what a call asks for.
"""

import hashlib
import hmac
import time
from itertools import count
from typing import Final

from starlette.requests import Request

from linkstar_pipelines.sandbox.tongtool.wire import BAD_SIGN, TOKEN_EXPIRED, refused
from linkstar_pipelines.sandbox.wire import RefusedError, Reply

ACCESS_KEY: Final = "sandbox-tongtool"
SECRET_KEY: Final = "sandbox-tongtool-secret"  # noqa: S105 - the sandbox's; it opens nothing else
MERCHANT: Final = "sandbox-tongtool-merchant"
MOST_SKEW: Final = 600
_MILLISECONDS_FROM: Final = 10**12


class TokenDesk:
    """Issues and checks app tokens that live `ttl` real seconds."""

    def __init__(self, seed: int, ttl: float) -> None:
        self._key = f"tongtool-{seed}".encode()
        self._ttl = ttl
        self._serial = count(1)

    def token(self, request: Request) -> Reply:
        """Answer `devApp/appToken`."""
        asked = request.query_params
        if asked.get("accessKey") != ACCESS_KEY or asked.get("secretAccessKey") != SECRET_KEY:
            raise _refused_login("accessKey或secretAccessKey错误")
        text = f"{time.time() + self._ttl:.3f}.{next(self._serial)}"
        return _told(f"{text}.{self._sign(text)}")

    def merchants(self, request: Request) -> Reply:
        """Answer `partnerOpenInfo/getAppBuyerList`: the one merchant of the app, and when the token ends."""
        self.check(request)
        ends = float(request.query_params["app_token"].rsplit(".", 2)[0])
        merchant = {"partnerOpenId": MERCHANT, "appTokenExpireDate": int(ends * 1000), "userName": "sandbox"}
        return _told([{**merchant, "price": 0.0, "createdBy": "sandbox"}])

    def check(self, request: Request) -> None:
        """Check token, timestamp and signature of a call; refuses any that is wrong."""
        asked = request.query_params
        token, stamp = asked.get("app_token", ""), asked.get("timestamp", "")
        text, _, proof = token.rpartition(".")
        if not hmac.compare_digest(self._sign(text).encode(), proof.encode()):
            raise refused(TOKEN_EXPIRED)
        if float(text.rpartition(".")[0]) < time.time():
            raise refused(TOKEN_EXPIRED)
        signed = f"app_token{token}timestamp{stamp}{SECRET_KEY}"
        if asked.get("sign") != hashlib.md5(signed.encode()).hexdigest() or not _near(stamp):  # noqa: S324 - its choice
            raise refused(BAD_SIGN)

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:32]


def _near(stamp: str) -> bool:
    """Tell whether a timestamp, in milliseconds or seconds, is near the present."""
    if not stamp.isdecimal():
        return False
    seconds = int(stamp) / 1000 if int(stamp) >= _MILLISECONDS_FROM else int(stamp)
    return abs(time.time() - seconds) <= MOST_SKEW


def _told(datas: str | list[dict[str, object]]) -> Reply:
    return Reply({"success": True, "code": 0, "message": "success", "datas": datas, "other": None})


def _refused_login(message: str) -> RefusedError:
    return RefusedError(Reply({"success": False, "code": 1, "message": message, "datas": None, "other": None}), message)
