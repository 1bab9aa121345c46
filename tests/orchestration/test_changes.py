"""Which order changes call for a run."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from linkstar_pipelines.orchestration.changes import RETRY_AFTER, Change, Cursor, plan_changes

NOW = datetime(2026, 5, 24, 12, tzinfo=UTC)


def change(order: str, hour: int = 1, day: int = 24) -> Change:
    return Change("na", order, datetime(2026, 5, day, hour, tzinfo=UTC))


def test_nothing_changed_means_no_run() -> None:
    assert plan_changes([], set(), {}, NOW).days is None


def test_what_has_landed_calls_for_no_run() -> None:
    seen = [change("1")]
    assert plan_changes(seen, {seen[0].key}, {}, NOW).days is None


def test_one_run_covers_just_the_days_that_changed() -> None:
    plan = plan_changes([change("1", day=22), change("2", day=24)], set(), {}, NOW)
    assert plan.days == (date(2026, 5, 22), date(2026, 5, 24))
    assert plan.changes == 2
    assert plan.stores == ("na",)


def test_a_change_on_its_way_is_not_run_twice() -> None:
    first = plan_changes([change("1")], set(), {}, NOW)
    again = plan_changes([change("1")], set(), first.pending, NOW + timedelta(minutes=1))
    assert again.days is None


def test_a_change_whose_run_was_lost_is_tried_again_under_another_key() -> None:
    first = plan_changes([change("1")], set(), {}, NOW)
    later = plan_changes([change("1")], set(), first.pending, NOW + RETRY_AFTER)
    assert later.days == first.days
    assert later.run_key != first.run_key


def test_a_landed_change_is_forgotten() -> None:
    first = plan_changes([change("1")], set(), {}, NOW)
    assert plan_changes([], {change("1").key}, first.pending, NOW).pending == {}


@given(st.permutations([change(str(number)) for number in range(6)]))
def test_the_order_in_which_changes_are_seen_does_not_matter(seen: list[Change]) -> None:
    plan = plan_changes([*seen, *seen], set(), {}, NOW)
    assert plan == plan_changes(sorted(seen), set(), {}, NOW)


def test_a_cursor_survives_being_stored() -> None:
    cursor = Cursor({"na": NOW}, {change("1").key: NOW}, {"na": NOW})
    assert Cursor.parse(cursor.dump()) == cursor


def test_a_foreign_cursor_starts_anew() -> None:
    assert Cursor.parse("not json") == Cursor()
    assert Cursor.parse('{"watermarks": 3}') == Cursor()
