"""What of a table is looked at."""

from datetime import date, timedelta

import polars as pl

from linkstar_pipelines.quality.business import expectations_of
from linkstar_pipelines.quality.evaluation import evaluate
from linkstar_pipelines.schemas.catalog import table_named
from linkstar_pipelines.schemas.stock import Movements
from linkstar_pipelines.storage.lake import Lake
from linkstar_pipelines.storage.publishing import Mode
from tests.quality.frames import TODAY, valid_frame

TABLE = table_named("stock.movements")
YESTERDAY = TODAY - timedelta(days=1)


def _publish(lake: Lake, rows: int, day: date = TODAY, *, prefix: str = "L") -> None:
    frame = valid_frame(TABLE, 1).select(pl.all().repeat_by(rows).explode())
    frame = frame.with_columns(line_id=pl.format("{}{}", pl.lit(prefix), pl.int_range(rows)), changed_on=pl.lit(day))
    lake.publish(Movements, Movements.cast(frame), mode=Mode.ADD_NEW)


def test_a_small_table_is_looked_at_whole(lake: Lake) -> None:
    _publish(lake, 50)
    own = [e for e in expectations_of(TABLE) if e.source is None]
    outcomes = evaluate(TABLE, own, lake, most_rows=50)
    assert {(outcome.rows, outcome.tally.evaluated) for outcome in outcomes} == {(50, 50)}
    assert all(outcome.passed for outcome in outcomes)


def test_of_a_large_table_a_sample_serves_for_what_publishing_has_enforced(lake: Lake) -> None:
    _publish(lake, 3000)
    outcomes = evaluate(TABLE, [e for e in expectations_of(TABLE) if e.source is None], lake, most_rows=1000)
    looked_at = {outcome.check: outcome.tally.evaluated for outcome in outcomes}
    assert {outcome.rows for outcome in outcomes} == {3000}
    assert looked_at["no_duplicates"] == looked_at["quantities_believable"] == 3000
    assert 800 < looked_at["required_values"] < 1200
    assert looked_at["required_values"] == looked_at["row_rules"]


def test_only_the_partitions_of_the_run_are_looked_at(lake: Lake) -> None:
    _publish(lake, 5, YESTERDAY, prefix="Y")
    _publish(lake, 7, TODAY)
    _publish(lake, 9, TODAY + timedelta(days=1), prefix="T")
    expectations = [e for e in expectations_of(TABLE) if e.check == "quantities_believable"]
    (outcome,) = evaluate(TABLE, expectations, lake, [YESTERDAY, TODAY])
    assert outcome.rows == 12
    assert {day: tally.evaluated for day, tally in outcome.by_day.items()} == {YESTERDAY: 5, TODAY: 7}


def test_partitions_judged_some_at_a_time_come_to_the_same_as_all_at_once(lake: Lake) -> None:
    days = [TODAY - timedelta(days=back) for back in range(6)]
    for number, day in enumerate(days):
        _publish(lake, 5 + number, day, prefix=f"D{number}-")
    lake.publish(
        Movements,
        lake.table(Movements, days=days[:1]).with_columns(quantity=pl.lit(-500_000, pl.Int64)),
        mode=Mode.UPSERT,
    )
    judged = [e for e in expectations_of(TABLE) if not e.sampled]
    together, apart = (evaluate(TABLE, judged, lake, days, most_rows=most) for most in (1000, 12))
    assert len(together) == len(apart) == len(judged)
    for outcome, other in zip(together, apart, strict=True):
        assert (outcome.tally, outcome.rows, outcome.by_day) == (other.tally, other.rows, other.by_day)
    assert {outcome.check for outcome in apart if not outcome.passed} == {
        "quantities_believable", "movements_match_lines", "mapped_listings_move_stock",
    }  # fmt: skip


def test_every_expectation_of_a_table_has_one_outcome(lake: Lake) -> None:
    _publish(lake, 5)
    outcomes = evaluate(TABLE, expectations_of(TABLE), lake)
    assert sorted(o.expectation.description for o in outcomes) == sorted(e.description for e in expectations_of(TABLE))
    failed = [outcome for outcome in outcomes if not outcome.passed]
    # No order line shipped them, and no listing is mapped to what they moved.
    assert [outcome.check for outcome in failed] == ["movements_match_lines", "mapped_listings_move_stock"]
    assert failed[0].sample == ({"changed_on": str(TODAY), "shipped": "0", "moved": "10", "difference": "-10"},)
