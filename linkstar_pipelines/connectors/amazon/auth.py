"""Login with Amazon (LWA): access tokens from the store's refresh token, kept in memory.

Belongs here: getting, keeping and renewing one store's access token.
Does not belong here: what the token is used for.
"""

import threading
import time
from typing import Any, Final
from urllib.parse import urlencode

from pydantic import SecretStr

from linkstar_pipelines.connectors.amazon.operations import PLATFORM, explain_error
from linkstar_pipelines.connectors.errors import CredentialError, RequestRejectedError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.request import Request, json_with
from linkstar_pipelines.settings import AmazonStore

_MARGIN_SECONDS: Final = 60.0  # renew before the platform's clock and ours can disagree about the expiry


class AmazonAuth:
    """Access tokens of one store; one refresher at a time, shared by the threads that share this object."""

    def __init__(self, store: AmazonStore, http: HttpCore) -> None:
        self._store = store
        self._http = http
        self._token = SecretStr("")
        self._renew_at = 0.0
        self._lock = threading.Lock()

    def token(self, *, not_this: SecretStr | None = None) -> SecretStr:
        """Return a valid access token, fetching one if there is none or it nears its end.

        Args:
            not_this: a token that the platform has just refused; it is replaced unless another thread did so.

        Raises:
            CredentialError: LWA does not accept the client id, client secret or refresh token.
        """
        with self._lock:
            if time.monotonic() >= self._renew_at or self._token == not_this:
                self._fetch()
            return self._token

    def _fetch(self) -> None:
        asked_at = time.monotonic()
        data = self._ask()
        lifetime = float(data["expires_in"])
        self._token = SecretStr(str(data["access_token"]))
        self._renew_at = asked_at + lifetime - min(_MARGIN_SECONDS, lifetime / 2)

    def _ask(self) -> dict[str, Any]:
        store = self._store
        form = {
            "grant_type": "refresh_token",
            "refresh_token": store.refresh_token.get_secret_value(),
            "client_id": store.client_id,
            "client_secret": store.client_secret.get_secret_value(),
        }
        request = Request(
            platform=PLATFORM,
            store=store.name,
            operation="token",
            method="POST",
            url=store.auth_url,
            headers={"content-type": "application/x-www-form-urlencoded;charset=UTF-8"},
            body=urlencode(form).encode(),
            idempotent=True,  # a refresh-token grant changes nothing: asked twice, it gives two valid tokens
            secrets=(store.client_secret, store.refresh_token),
            decode=json_with("access_token", "expires_in"),
            explain=explain_error,
        )
        try:
            answer: dict[str, Any] = self._http.call(request).data
        except RequestRejectedError as error:
            raise self._refused(error) from None
        return answer

    def _refused(self, error: RequestRejectedError) -> CredentialError:
        prefix = f"LINKSTAR_AMAZON_{self._store.name.upper()}"
        suspects = {
            "invalid_grant": f"{prefix}_REFRESH_TOKEN (revoked, or of another application)",
            "invalid_client": f"{prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET",
            "unauthorized_client": f"{prefix}_CLIENT_ID (not authorised for this kind of grant)",
        }
        suspect = suspects.get(
            error.code, f"{prefix}_CLIENT_ID, {prefix}_CLIENT_SECRET, {prefix}_REFRESH_TOKEN, {prefix}_AUTH_URL"
        )
        return CredentialError(
            f"Login with Amazon refused the credentials ({error.status} {error.code}). Check {suspect}; "
            "authorise the application again in Seller Central if need be.",
            platform=error.platform, store=error.store, operation=error.operation, trace_id=error.trace_id,
        )  # fmt: skip
