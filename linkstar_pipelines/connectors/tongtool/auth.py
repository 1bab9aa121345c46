"""Tongtool's app token and the merchant that it opens, and what is put on a call just before it goes.

Belongs here: getting and renewing an account's session, signing, and whom a refused login accuses.
Does not belong here: what is asked (`client.py`), keeping tokens (`storage/tokens.py`).

A session takes two calls: the token, and the app's list of merchants, which tells when the token ends. Both parts are
kept as one, encrypted, so that all processes use the same.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from pydantic import SecretStr

from linkstar_pipelines.connectors.errors import CredentialError, RequestRejectedError
from linkstar_pipelines.connectors.fields import instant_of
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.request import Request
from linkstar_pipelines.connectors.tongtool import operations as op
from linkstar_pipelines.connectors.tongtool.signing import sign
from linkstar_pipelines.connectors.tongtool.store import TongtoolAccount
from linkstar_pipelines.storage.tokens import FreshTokens

_REFUSED: Final = (200, 400, 401, 403)
"""Statuses with which a login is refused: mostly 200, with the failure in the body."""
_LIFETIME: Final = timedelta(hours=1)
"""How long a token is used whose end Tongtool does not tell; one that ends earlier is renewed when it is refused."""


@dataclass(frozen=True)
class Session:
    """A token and the merchant whose data it opens."""

    token: SecretStr
    merchant_id: str = field(repr=False)

    def sealed(self) -> SecretStr:
        """Write it as one text, to be kept."""
        return SecretStr(json.dumps([self.token.get_secret_value(), self.merchant_id]))

    @classmethod
    def opened(cls, kept: SecretStr) -> Self:
        """Read what `sealed` wrote."""
        token, merchant_id = json.loads(kept.get_secret_value())
        return cls(SecretStr(token), merchant_id)


class TongtoolAuth:
    """What proves to Tongtool that an account asks."""

    def __init__(self, store: TongtoolAccount, http: HttpCore) -> None:
        self._store = store
        self._http = http

    def session(self, refused: Session | None = None) -> Session:
        """Return a valid session; `refused` is one whose token Tongtool has just refused.

        Raises:
            CredentialError: Tongtool does not accept the app, or the app has no such merchant.
        """
        store = self._store
        # Another merchant or app is another session: the mark of what is kept depends on all three.
        seed = SecretStr(f"{store.access_key}\n{store.secret_key.get_secret_value()}\n{store.merchant_id}")
        kept = self._http.tokens.access(
            op.PLATFORM, store.name, seed, lambda _: self._renew(), refused=refused.sealed() if refused else None
        )
        return Session.opened(kept)

    def signed(self, request: Request, token: SecretStr) -> Request:
        """Return the request with token, the moment's timestamp and signature in its query."""
        moment = time.time_ns() // (1_000_000 if self._store.timestamp_unit == "ms" else 1_000_000_000)
        signature = sign(token, str(moment), self._store.secret_key)
        params = {"app_token": token.get_secret_value(), "timestamp": str(moment), "sign": signature}
        return replace(request, params=params)

    def _renew(self) -> FreshTokens:
        store = self._store
        secret = {"accessKey": store.access_key, "secretAccessKey": store.secret_key.get_secret_value()}
        asked = self._request("appToken", op.TOKEN_PATH, (store.secret_key,))
        token = SecretStr(self._answer(replace(asked, params=secret, decode=op.platform_answer(str))))
        asked = self._request("getAppBuyerList", op.BUYERS_PATH, (store.secret_key, token))
        signed = replace(asked, sign=lambda r: self.signed(r, token), decode=op.platform_answer(list))
        merchant = self._merchant([one for one in self._answer(signed) if isinstance(one, dict)])
        session = Session(token, str(merchant["partnerOpenId"]))
        return FreshTokens(session.sealed(), _lifetime(merchant))

    def _request(self, operation: str, path: str, secrets: tuple[SecretStr, ...]) -> Request:
        return Request(
            platform=op.PLATFORM,
            store=self._store.name,
            operation=operation,
            method="GET",
            url=self._store.endpoint.rstrip("/") + path,
            headers={"Accept": "application/json"},
            secrets=secrets,
            explain=op.explain,
        )

    def _answer(self, request: Request) -> Any:
        try:
            return self._http.call(request).data
        except RequestRejectedError as error:
            if error.status not in _REFUSED:
                raise
            name = self._store.variable
            raise CredentialError(
                f"Tongtool refuses the app ({error.code or error.status}). Check {name('access_key')} and "
                f"{name('secret_key')} against your app on open.tongtool.com; if they are right, set "
                f"{name('timestamp_unit')} to the other unit.",
                platform=error.platform, store=error.store, operation=error.operation, trace_id=error.trace_id,
            ) from None  # fmt: skip

    def _merchant(self, merchants: list[dict[str, Any]]) -> Mapping[str, Any]:
        wanted = self._store.merchant_id
        known = [one for one in merchants if one.get("partnerOpenId") and wanted in {"", str(one["partnerOpenId"])}]
        if known:
            return known[0]
        raise CredentialError(
            f"the app has no such merchant among its {len(merchants)}. Have the merchant authorise the app on "
            f"open.tongtool.com, or correct {self._store.variable('merchant_id')}.",
            platform=op.PLATFORM, store=self._store.name, operation="getAppBuyerList",
        )  # fmt: skip


def _lifetime(merchant: Mapping[str, Any]) -> timedelta:
    """How long the token holds by `appTokenExpireDate` (milliseconds), if that is ahead."""
    told = merchant.get("appTokenExpireDate")
    ends = instant_of(told // 1000) if isinstance(told, int) else None
    left = ends - datetime.now(UTC) if ends else timedelta()
    return left if left > timedelta() else _LIFETIME
