"""Tokens of stores: one refresher for all, the successor stored before it is used, nothing readable without the key."""

import stat
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from linkstar_pipelines.storage.postgres import Postgres
from linkstar_pipelines.storage.tokens import FreshTokens, StoreTokens, TokenKeyError, token_key
from tests.support import TOKEN_KEY

HOUR = timedelta(hours=1)
SEED = SecretStr("refresh-0")


class SingleUse:
    """A platform whose refresh tokens can be spent once: a second use of one loses the store."""

    def __init__(self, lifetime: timedelta = HOUR) -> None:
        self.valid = "refresh-0"
        self.lifetime = lifetime
        self.renewals = 0

    def renew(self, refresh: SecretStr) -> FreshTokens:
        if refresh.get_secret_value() != self.valid:
            raise LookupError(f"{refresh.get_secret_value()} was spent before")
        self.renewals += 1
        self.valid = f"refresh-{self.renewals}"
        return FreshTokens(SecretStr(f"access-{self.renewals}"), self.lifetime, SecretStr(self.valid))


@pytest.fixture
def tokens(database_url: str) -> StoreTokens:
    postgres = Postgres(database_url)
    postgres.migrate()
    return StoreTokens(postgres, TOKEN_KEY)


def test_a_token_is_fetched_once_and_kept(tokens: StoreTokens) -> None:
    platform = SingleUse()
    seen = {tokens.access("shopee", "sg", SEED, platform.renew).get_secret_value() for _ in range(3)}
    assert seen == {"access-1"}
    assert platform.renewals == 1


def test_a_token_near_its_end_is_renewed_with_the_stored_successor(tokens: StoreTokens) -> None:
    platform = SingleUse(timedelta(0))
    seen = [tokens.access("shopee", "sg", SEED, platform.renew).get_secret_value() for _ in range(3)]
    assert seen == ["access-1", "access-2", "access-3"]


def test_many_threads_with_a_refused_token_spend_one_refresh_token(tokens: StoreTokens) -> None:
    platform = SingleUse()
    refused = tokens.access("shopee", "sg", SEED, platform.renew)
    seen: list[str] = []

    def ask() -> None:
        seen.append(tokens.access("shopee", "sg", SEED, platform.renew, refused=refused).get_secret_value())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["access-2"] * 8
    assert platform.renewals == 2


def test_a_failed_renewal_leaves_the_stored_tokens_as_they_are(tokens: StoreTokens) -> None:
    platform = SingleUse(timedelta(0))
    tokens.access("shopee", "sg", SEED, platform.renew)

    def broken(_: SecretStr) -> FreshTokens:
        raise ConnectionError("no answer")

    with pytest.raises(ConnectionError):
        tokens.access("shopee", "sg", SEED, broken)
    assert tokens.access("shopee", "sg", SEED, platform.renew).get_secret_value() == "access-2"


def test_a_new_authorisation_replaces_what_is_stored(tokens: StoreTokens) -> None:
    platform = SingleUse()
    tokens.access("shopee", "sg", SEED, platform.renew)
    platform.valid = "authorised-again"
    assert tokens.access("shopee", "sg", SecretStr("authorised-again"), platform.renew).get_secret_value() == "access-2"


def test_stores_do_not_share_tokens(tokens: StoreTokens) -> None:
    first, second = SingleUse(), SingleUse()
    tokens.access("shopee", "sg", SEED, first.renew)
    tokens.access("shopee", "my", SEED, second.renew)
    assert (first.renewals, second.renewals) == (1, 1)


def test_the_table_holds_no_readable_token(tokens: StoreTokens, database_url: str) -> None:
    tokens.access("shopee", "sg", SEED, SingleUse().renew)
    (row,) = Postgres(database_url).fetch("SELECT access_token, refresh_token, seed FROM ops.store_token")
    kept = b" ".join(bytes(value) if not isinstance(value, str) else value.encode() for value in row)
    assert not any(word in kept for word in (b"access-1", b"refresh-1", b"refresh-0"))


def test_another_key_is_refused_with_the_remedy(tokens: StoreTokens, database_url: str) -> None:
    tokens.access("shopee", "sg", SEED, SingleUse().renew)
    stranger = StoreTokens(Postgres(database_url), SecretStr(Fernet.generate_key().decode()))
    with pytest.raises(TokenKeyError, match="LINKSTAR_TOKEN_KEY"):
        stranger.access("shopee", "sg", SEED, SingleUse().renew)


def test_the_key_file_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    keys = {token_key(None, tmp_path).get_secret_value() for _ in range(2)}
    assert len(keys) == 1
    assert stat.S_IMODE((tmp_path / "token.key").stat().st_mode) == 0o600
    (tmp_path / "token.key").chmod(0o644)
    with pytest.raises(TokenKeyError, match="chmod 600"):
        token_key(None, tmp_path)


def test_a_word_is_no_key(database_url: str) -> None:
    with pytest.raises(TokenKeyError, match="is no key"):
        StoreTokens(Postgres(database_url), SecretStr("secret"))
