"""The lake: what each way of publishing leaves behind, whoever else writes, and whoever is killed."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from linkstar_pipelines.domain.quarantine import REJECTED
from linkstar_pipelines.schemas.quality import Quarantine
from linkstar_pipelines.schemas.raw import RawFxRates
from linkstar_pipelines.storage.lake import Lake, LakeUnavailableError, _s3_secret
from linkstar_pipelines.storage.postgres import Postgres
from linkstar_pipelines.storage.publishing import Mode
from tests.storage.support import finish, running, start

DAY = date(2026, 3, 14)
KEY = ["day", "currency"]

PUBLISH = """
import sys
from linkstar_pipelines.schemas.raw import RawFxRates
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.postgres import Postgres
from linkstar_pipelines.storage.publishing import Mode
from tests.storage.test_lake import rates
lake, number = Lake(Postgres(sys.argv[1]), sys.argv[2]), int(sys.argv[3])
sys.stdin.readline()
for turn in range(2):
    own = rates({f"{letter}{'ABCD'[number]}{'ABCD'[turn]}": 1 for letter in "QRSTUVWXYZ"})
    lake.publish(RawFxRates, own, mode=Mode.UPSERT)
    lake.publish(RawFxRates, rates({"CO" + "ABCD"[turn]: 1}), mode=Mode.ADD_NEW)
    lake.publish(RawFxRates, rates({"MIX": number + 1}), mode=Mode.UPSERT)
"""
HANG_BEFORE_COMMIT = """
import sys
from linkstar_pipelines.schemas.raw import RawFxRates
from linkstar_pipelines.storage import lake as module
from linkstar_pipelines.storage.postgres import Postgres
from linkstar_pipelines.storage.publishing import Mode, write
from tests.storage.test_lake import history
def write_and_hang(*arguments):
    write(*arguments)
    print("written, not committed", flush=True)
    sys.stdin.readline()
module.write = write_and_hang
module.Lake(Postgres(sys.argv[1]), sys.argv[2]).publish(RawFxRates, history(2), mode=Mode.REPLACE)
"""


def rates(values: dict[str, int], source: str = "ECB") -> dy.DataFrame[RawFxRates]:
    """One rate per currency, all of one day."""
    return RawFxRates.cast(
        pl.DataFrame(
            {
                "day": [DAY] * len(values),
                "currency": list(values),
                "units_per_eur": [Decimal(value) for value in values.values()],
                "source": [source] * len(values),
            },
            schema={name: column.dtype for name, column in RawFxRates.columns().items()},
        )
    )


def history(value: int) -> dy.DataFrame[RawFxRates]:
    """Two thousand days of one rate: enough to be written as a file."""
    days = [DAY - timedelta(days=back) for back in range(2000)]
    frame = pl.DataFrame({"day": days, "currency": "USD", "units_per_eur": Decimal(value), "source": "ECB"})
    return RawFxRates.cast(frame)


def refused(**reasons: str) -> pl.DataFrame:
    """Rejected rows by source key (`__` for `/`)."""
    keys = [key.replace("__", "/") for key in reasons]
    columns = {"source_key": keys, "reason": list(reasons.values()), "reason_type": "schema", "payload": "{}"}
    return pl.DataFrame(columns, schema=REJECTED)


@pytest.fixture(scope="module")
def opened(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """One lake for all tests of this module: opening takes longer than any of them."""
    import psycopg

    name = f"lake_{tmp_path_factory.mktemp('lake').parent.name.replace('-', '_')}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    postgres = Postgres(server_url.replace("/linkstar?", f"/{name}?"))
    postgres.migrate()
    lake = Lake(postgres, str(tmp_path_factory.mktemp("lake")))
    yield lake
    lake.close()
    postgres.close()


@pytest.fixture
def lake(opened: Lake) -> Lake:
    """That lake with nothing in the two tables used here."""
    for schema in (RawFxRates, Quarantine):
        opened.publish(schema, schema.create_empty(), mode=Mode.REPLACE)
    return opened


def stored(lake: Lake) -> dict[str, int]:
    rows = lake.read(RawFxRates, columns=["currency", "units_per_eur"]).rows()
    assert len(rows) == len(dict(rows)), "a key is there twice"
    return {currency: int(value) for currency, value in rows}


def held(lake: Lake) -> set[str]:
    return set(lake.read(Quarantine, columns=["source_key"])["source_key"])


def snapshot(lake: Lake) -> int:
    return int(lake.query("SELECT max(snapshot_id) AS n FROM ducklake_snapshots('lake')").item())


# --- the three modes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", list(Mode))
def test_the_same_frame_published_twice_leaves_the_same_table(lake: Lake, mode: Mode) -> None:
    frame = rates({"USD": 1, "JPY": 166})
    first, second = (lake.publish(RawFxRates, frame, mode=mode) for _ in range(2))
    assert lake.table(RawFxRates).sort(KEY).equals(frame.sort(KEY))
    assert (first.written, second.table_rows) == (2, 2)
    assert second.written == (2 if mode is Mode.REPLACE else 0)


def test_add_new_never_touches_a_row_that_is_there(lake: Lake) -> None:
    lake.publish(RawFxRates, rates({"USD": 1}, source="first"), mode=Mode.ADD_NEW)
    result = lake.publish(RawFxRates, rates({"USD": 9, "JPY": 166}, source="second"), mode=Mode.ADD_NEW)
    assert result.written == 1
    assert stored(lake) == {"USD": 1, "JPY": 166}


def test_upsert_writes_only_the_rows_that_differ(lake: Lake) -> None:
    lake.publish(RawFxRates, rates({"USD": 1, "JPY": 166, "GBP": 2}), mode=Mode.UPSERT)
    result = lake.publish(RawFxRates, rates({"USD": 1, "JPY": 167, "CHF": 3}), mode=Mode.UPSERT)
    assert result.written == 2
    assert stored(lake) == {"USD": 1, "JPY": 167, "GBP": 2, "CHF": 3}


def test_replace_leaves_nothing_of_what_was_there(lake: Lake) -> None:
    lake.publish(RawFxRates, rates({"USD": 1, "JPY": 166}), mode=Mode.REPLACE)
    lake.publish(RawFxRates, rates({"CHF": 3}), mode=Mode.REPLACE)
    assert stored(lake) == {"CHF": 3}


currencies = st.sampled_from(["USD", "JPY", "GBP", "CHF", "SEK"])
frames = st.lists(st.dictionaries(currencies, st.integers(1, 3)), min_size=1, max_size=3)


def test_upserts_are_updates_of_a_dictionary(lake: Lake) -> None:
    @hypothesis_settings(max_examples=8, deadline=None)
    @given(frames)
    def holds(updates: list[dict[str, int]]) -> None:
        lake.publish(RawFxRates, RawFxRates.create_empty(), mode=Mode.REPLACE)
        expected: dict[str, int] = {}
        for update in updates:
            differing = {key for key, value in update.items() if expected.get(key) != value}
            expected |= update
            assert lake.publish(RawFxRates, rates(update), mode=Mode.UPSERT).written == len(differing)
        assert stored(lake) == expected

    holds()


def test_a_frame_that_breaks_its_schema_writes_nothing_at_all(lake: Lake) -> None:
    lake.publish(RawFxRates, rates({"USD": 1}), mode=Mode.UPSERT)
    before = snapshot(lake)
    twice = pl.concat([rates({"JPY": 166}), rates({"JPY": 167})])
    with pytest.raises(dy.exc.ValidationError):
        lake.publish(RawFxRates, twice, mode=Mode.UPSERT, rejected=refused(SEK="bad"))
    assert (stored(lake), held(lake), snapshot(lake)) == ({"USD": 1}, set(), before)


# --- quarantine --------------------------------------------------------------------------------------


def test_a_quarantined_row_leaves_when_its_key_or_its_parents_is_made(lake: Lake) -> None:
    key = pl.col("currency")
    bad = refused(USD="bad", USD__1="bad line", JPY__1="bad line", JPYX="other")
    lake.publish(RawFxRates, rates({}), mode=Mode.UPSERT, rejected=bad, source_key=key)
    assert held(lake) == {"USD", "USD/1", "JPY/1", "JPYX"}
    lake.publish(RawFxRates, rates({"USD": 1}), mode=Mode.UPSERT, source_key=key)
    assert held(lake) == {"JPY/1", "JPYX"}


def test_a_row_refused_again_is_held_once_with_its_newest_reason(lake: Lake) -> None:
    for reason in ("first", "second"):
        lake.publish(
            RawFxRates, rates({}), mode=Mode.UPSERT, rejected=refused(USD=reason), source_key=pl.col("currency")
        )
    assert lake.read(Quarantine, columns=["source_key", "reason"]).rows() == [("USD", "second")]


def test_a_line_refused_again_stays_while_its_order_is_made(lake: Lake) -> None:
    for _ in range(2):
        bad = refused(USD__1="bad line")
        lake.publish(RawFxRates, rates({"USD": 1}), mode=Mode.UPSERT, rejected=bad, source_key=pl.col("currency"))
    assert held(lake) == {"USD/1"}


def test_a_table_made_whole_holds_only_what_it_refused_this_time(lake: Lake) -> None:
    lake.publish(RawFxRates, rates({}), mode=Mode.REPLACE, rejected=refused(USD="bad", JPY="bad"))
    lake.publish(RawFxRates, rates({}), mode=Mode.REPLACE, rejected=refused(JPY="bad"))
    assert held(lake) == {"JPY"}


def test_a_publication_releases_nothing_of_another_table(lake: Lake) -> None:
    lake.publish(RawFxRates, rates({}), mode=Mode.UPSERT, rejected=refused(USD="bad"))
    lake.query("UPDATE quality.quarantine SET table_name = 'core.orders'")
    lake.publish(RawFxRates, rates({"USD": 1}), mode=Mode.REPLACE)
    assert held(lake) == {"USD"}


# --- others at the same time, and kills --------------------------------------------------------------


def test_four_processes_publishing_to_one_table_lose_nothing_and_double_nothing(lake: Lake) -> None:
    writers = [start(PUBLISH, lake._postgres.url, lake.root, number) for number in range(4)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    finish(writers)
    own = {f"{letter}{number}{turn}" for letter in "QRSTUVWXYZ" for number in "ABCD" for turn in "AB"}
    found = stored(lake)
    assert set(found) == own | {"COA", "COB", "MIX"}
    assert found["MIX"] in {1, 2, 3, 4}


def test_a_writer_killed_before_its_commit_leaves_the_table_whole(lake: Lake) -> None:
    lake.publish(RawFxRates, history(1), mode=Mode.REPLACE)
    with running(HANG_BEFORE_COMMIT, lake._postgres.url, lake.root) as writer:
        writer.kill()
        writer.wait()
    assert lake.table(RawFxRates).sort(KEY).equals(history(1).sort(KEY))
    lake.publish(RawFxRates, history(3), mode=Mode.REPLACE)
    assert lake.table(RawFxRates).sort(KEY).equals(history(3).sort(KEY))


# --- reading -----------------------------------------------------------------------------------------


def test_an_older_snapshot_reads_as_the_table_was(lake: Lake) -> None:
    lake.publish(RawFxRates, rates({"USD": 1}), mode=Mode.UPSERT)
    then = snapshot(lake)
    lake.publish(RawFxRates, rates({"USD": 2}), mode=Mode.UPSERT)
    older = lake.query(f"SELECT units_per_eur FROM raw.fx_rates AT (VERSION => {then})")  # noqa: S608  # a number
    assert (int(older.item()), stored(lake)) == (1, {"USD": 2})


def test_the_fingerprint_is_of_the_content_and_not_of_its_order(lake: Lake) -> None:
    def published(frame: pl.DataFrame) -> pl.DataFrame:
        lake.publish(RawFxRates, frame, mode=Mode.REPLACE)
        return lake.fingerprint()

    frame = history(1)
    assert published(frame).equals(published(frame.reverse()))
    changed = published(pl.concat([frame[:-1], frame[-1:].with_columns(source=pl.lit("other"))]))
    same = changed["content"] == published(frame)["content"]
    assert changed.filter(~same)["table_name"].to_list() == ["raw.fx_rates"]


def test_a_column_new_in_the_schema_widens_the_table_and_keeps_its_rows(lake: Lake) -> None:
    lake.publish(RawFxRates, rates({"USD": 1}), mode=Mode.UPSERT)
    lake.query("ALTER TABLE raw.fx_rates DROP COLUMN source")  # as if the schema had not known it yet
    newer = Lake(lake._postgres, lake.root)
    assert newer.read(RawFxRates).select("currency", "source").rows() == [("USD", None)]
    newer.close()


# --- opening -----------------------------------------------------------------------------------------


def test_a_read_only_lake_reads_and_refuses_to_write(lake: Lake) -> None:
    import duckdb

    lake.publish(RawFxRates, rates({"USD": 1}), mode=Mode.UPSERT)
    reader = Lake(lake._postgres, lake.root, read_only=True)
    assert stored(reader) == {"USD": 1}
    with pytest.raises(duckdb.Error, match="read-only"):
        reader.publish(RawFxRates, rates({"USD": 2}), mode=Mode.UPSERT)
    reader.close()


def test_a_lake_looked_for_in_another_place_is_refused_with_the_setting_to_check(lake: Lake, tmp_path: Path) -> None:
    url = lake._postgres.url.replace("linkstar@", "linkstar:top%40secret@")
    postgres = Postgres(url)
    with pytest.raises(LakeUnavailableError, match="LINKSTAR_LAKE_PATH") as caught:
        Lake(postgres, str(tmp_path)).query("SELECT 1")
    postgres.close()
    assert "secret" not in str(caught.value)


def test_an_object_store_is_opened_with_the_credentials_of_the_environment(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {
        "AWS_ACCESS_KEY_ID": "the-key", "AWS_SECRET_ACCESS_KEY": "it's secret", "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
    }  # fmt: skip
    for name in ("AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    lake = Lake(postgres, "s3://bucket/prefix")
    assert lake.count(RawFxRates) == 0
    (secret,) = lake.query("SELECT secret_string FROM duckdb_secrets()")["secret_string"]
    lake.close()
    fields = dict(part.split("=", 1) for part in secret.split(";"))
    assert (fields["key_id"], fields["secret"], fields["region"]) == ("the-key", "redacted", "eu-central-1")
    assert "SECRET 'it''s secret'" in _s3_secret()
    assert (fields["endpoint"], fields["url_style"], fields["use_ssl"]) == ("127.0.0.1:9", "path", "false")
    catalog = postgres.fetch("SELECT value FROM lake.ducklake_metadata WHERE key = 'data_path'")
    assert catalog == [("s3://bucket/prefix/",)]
