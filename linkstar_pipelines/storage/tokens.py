"""Tokens of stores: one place and one refresher for all processes on all machines.

Belongs here: keeping a store's current tokens in `ops.store_token`, encrypted, and renewing them under a row lock, so
that a refresh token that may be spent only once is spent once, and its successor is stored before anything uses it.
Does not belong here: how a platform gives tokens (each platform's `auth.py`).

The key is `LINKSTAR_TOKEN_KEY` where it is set (several machines need the same one), else a file in the data folder
that only its owner may read, made on first use. Without the key the table opens nothing.
"""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr

from linkstar_pipelines.storage.postgres import Postgres

KEY_FILE: Final = "token.key"
_MARGIN_SECONDS: Final = 60.0  # renew before the platform's clock and ours can disagree about the end

_CLAIM: Final = b"""
    INSERT INTO ops.store_token (platform, store, seed) VALUES (%s, %s, %s)
    ON CONFLICT (platform, store) DO UPDATE SET platform = excluded.platform
    RETURNING seed, access_token, refresh_token, extract(epoch FROM access_ends_at - clock_timestamp())::float8
"""
_KEEP: Final = b"""
    UPDATE ops.store_token SET
        seed = %s, access_token = %s, refresh_token = %s,
        access_ends_at = clock_timestamp() + %s,
        refresh_ends_at = COALESCE(clock_timestamp() + %s, refresh_ends_at),
        updated_at = clock_timestamp()
    WHERE platform = %s AND store = %s
"""


@dataclass(frozen=True)
class FreshTokens:
    """What a platform's token endpoint gave.

    Attributes:
        access: The new access token.
        lifetime: How long it holds.
        refresh: The refresh token to use from now on; None where the old one stays.
        refresh_lifetime: How long that one holds, where the platform tells.
    """

    access: SecretStr
    lifetime: timedelta
    refresh: SecretStr | None = None
    refresh_lifetime: timedelta | None = None


Renew = Callable[[SecretStr], FreshTokens]
"""Asks a platform for tokens with a refresh token."""


class TokenKeyError(Exception):
    """The key of the stored tokens is missing, wrong, or readable by others; the message says what to do."""


class StoreTokens:
    """The tokens in `ops.store_token`."""

    def __init__(self, postgres: Postgres, key: SecretStr) -> None:
        self._postgres = postgres
        self._remembered: dict[tuple[str, str, str], tuple[SecretStr, float]] = {}
        try:
            self._box = Fernet(key.get_secret_value())
        except ValueError:
            raise TokenKeyError(
                'LINKSTAR_TOKEN_KEY is no key. Make one with `python -c "from cryptography.fernet import Fernet; '
                'print(Fernet.generate_key().decode())"` and give it to every machine.'
            ) from None

    def access(
        self,
        platform: str,
        store: str,
        seed: SecretStr,
        renew: Renew,
        *,
        refused: SecretStr | None = None,
    ) -> SecretStr:
        """Return a valid access token, renewing it if there is none, it nears its end, or it was refused.

        While one process renews, the others wait for its result. What `renew` raises passes through, and the stored
        tokens stay as they are.

        Args:
            platform: Platform of the store.
            store: Store.
            seed: The refresh token (or client secret) of the store's settings. A changed one replaces what is stored:
                the store was authorised again.
            renew: Asks the platform for tokens with a refresh token; called under the lock.
            refused: An access token that the platform has just refused; it is replaced unless another process did so.

        Raises:
            TokenKeyError: the stored tokens were written with another key.
        """
        mark = hashlib.sha256(seed.get_secret_value().encode()).hexdigest()[:16]
        remembered = self._remembered.get((platform, store, mark))
        if remembered is not None and remembered[1] > time.monotonic() and remembered[0] != refused:
            return remembered[0]
        current, left = self._from_table(platform, store, mark, seed, renew, refused)
        self._remembered[platform, store, mark] = (current, time.monotonic() + left)
        return current

    def _from_table(  # noqa: PLR0917  # the arguments of `access`
        self, platform: str, store: str, mark: str, seed: SecretStr, renew: Renew, refused: SecretStr | None
    ) -> tuple[SecretStr, float]:
        """Read or renew the token; returns it with the seconds it holds."""
        with self._postgres.connection() as connection:
            row = connection.execute(_CLAIM, (platform, store, mark)).fetchone()
            if row is None:
                raise AssertionError("the statement always returns a row")
            known_mark, access, refresh, left = row
            same = known_mark == mark
            if same and access is not None and left > 0:
                current = self._open(access)
                if refused is None or current != refused:
                    return current, left
            fresh = renew(self._open(refresh) if same and refresh is not None else seed)
            lifetime = fresh.lifetime - min(timedelta(seconds=_MARGIN_SECONDS), fresh.lifetime / 2)
            sealed, known = self._close(fresh.access), refresh if same else None
            successor = self._close(fresh.refresh) if fresh.refresh else known
            kept = (mark, sealed, successor, lifetime, fresh.refresh_lifetime, platform, store)
            connection.execute(_KEEP, kept)
            return fresh.access, lifetime.total_seconds()

    def _close(self, secret: SecretStr) -> bytes:
        return self._box.encrypt(secret.get_secret_value().encode())

    def _open(self, sealed: bytes) -> SecretStr:
        try:
            return SecretStr(self._box.decrypt(bytes(sealed)).decode())
        except InvalidToken:
            raise TokenKeyError(
                "The stored tokens were written with another key. Set LINKSTAR_TOKEN_KEY to that key, or empty "
                "ops.store_token and authorise the stores again."
            ) from None


def token_key(configured: SecretStr | None, data_dir: Path) -> SecretStr:
    """Return the configured key, or that of the data folder, made on first use and readable by its owner alone.

    Raises:
        TokenKeyError: others may read the key file.
    """
    if configured is not None:
        return configured
    path = data_dir / KEY_FILE
    data_dir.mkdir(parents=True, exist_ok=True)
    spare = path.with_name(f".{KEY_FILE}.{os.getpid()}")
    if not path.exists():
        descriptor = os.open(spare, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
        try:
            os.link(spare, path)  # of several processes that make a key at once, one wins
        except FileExistsError:
            pass
        finally:
            spare.unlink()
    if path.stat().st_mode & 0o077:
        raise TokenKeyError(f"{path} can be read by others. Run `chmod 600 {path}`.")
    return SecretStr(path.read_text().strip())
