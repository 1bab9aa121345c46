"""The call log: batched, complete, prunable."""

from datetime import UTC, datetime, timedelta

from linkstar_pipelines.storage.call_log import CallLog, Exchange
from linkstar_pipelines.storage.postgres import Postgres


def exchange(started_at: datetime) -> Exchange:
    return Exchange("t", 1, "amazon", "na", "getOrder", "GET", "https://amazon.test/", "ok", started_at, 1.5, 200)


def count(postgres: Postgres) -> int:
    ((rows,),) = postgres.fetch("SELECT count(*) FROM ops.api_call")
    return int(rows)


def test_exchanges_are_written_in_batches_of_fifty_and_the_rest_on_flush(postgres: Postgres) -> None:
    log = CallLog(postgres)
    now = datetime.now(UTC)
    seen = []
    for _ in range(60):
        log.append(exchange(now))
        seen.append(count(postgres))
    assert seen[48:51] == [0, 50, 50]
    log.flush()
    assert count(postgres) == 60


def test_pruning_removes_only_what_is_older_and_tells_how_much(postgres: Postgres) -> None:
    log = CallLog(postgres)
    assert log.oldest() is None
    now = datetime.now(UTC).replace(microsecond=0)
    for days in (1, 89, 91, 200):
        log.append(exchange(now - timedelta(days=days)))
    log.flush()
    assert log.oldest() == now - timedelta(days=200)
    assert log.prune(90) == 2
    assert log.oldest() == now - timedelta(days=89)
