"""Which runs let held orders go."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from linkstar_pipelines.orchestration.releases import RETRY_AFTER, ReleasePlan, parse_asked, plan_releases

NOW = datetime(2026, 5, 24, 12, tzinfo=UTC)
LINES = {date(2026, 5, 22): ["a", "b"], date(2026, 5, 24): ["c"]}


def again(plan: ReleasePlan, lines: dict[date, list[str]], after: timedelta) -> ReleasePlan:
    """The next plan, with what the cursor remembered."""
    return plan_releases(lines, parse_asked(plan.dump()), NOW + after)


def test_nothing_to_let_go_asks_for_no_run() -> None:
    assert plan_releases({}, {}, NOW).releases == ()


def test_days_close_together_share_a_run() -> None:
    (release,) = plan_releases(LINES, {}, NOW).releases
    assert release.days == (date(2026, 5, 22), date(2026, 5, 24))
    assert release.lines == 3


def test_days_far_apart_have_runs_of_their_own() -> None:
    plan = plan_releases({**LINES, date(2025, 1, 5): ["old"]}, {}, NOW)
    assert [release.days[0] for release in plan.releases] == [date(2025, 1, 5), date(2026, 5, 22)]
    assert len({release.run_key for release in plan.releases}) == 2


def test_lines_on_their_way_are_not_asked_for_twice() -> None:
    assert again(plan_releases(LINES, {}, NOW), LINES, timedelta(minutes=1)).releases == ()


def test_another_line_of_the_same_day_does_not_wait_for_the_first() -> None:
    more = {**LINES, date(2026, 5, 24): ["c", "d"]}
    (release,) = again(plan_releases(LINES, {}, NOW), more, timedelta(minutes=1)).releases
    assert release.days == (date(2026, 5, 24), date(2026, 5, 24))


def test_lines_whose_run_was_lost_are_tried_again_under_another_key() -> None:
    first = plan_releases(LINES, {}, NOW)
    later = again(first, LINES, RETRY_AFTER)
    assert later.releases[0].days == first.releases[0].days
    assert later.releases[0].run_key != first.releases[0].run_key


def test_days_without_lines_are_forgotten() -> None:
    assert again(plan_releases(LINES, {}, NOW), {}, timedelta(minutes=1)).asked == {}


@given(st.permutations(["a", "b", "c", "d"]))
def test_the_order_of_the_lines_does_not_matter(keys: list[str]) -> None:
    day = date(2026, 5, 22)
    assert plan_releases({day: keys}, {}, NOW) == plan_releases({day: sorted(keys)}, {}, NOW)


def test_a_foreign_cursor_starts_anew() -> None:
    assert parse_asked("not json") == {}
    assert parse_asked('{"2026-05-22": 3}') == {}
