"""Kits: what they are made of and when, and what cannot be."""

from datetime import UTC, datetime
from typing import Any

import pytest

from linkstar_pipelines.domain.products.decisions import journal
from linkstar_pipelines.domain.products.kits import kits
from tests.domain.products.said import make_skus, say

EVER = datetime(1970, 1, 1, tzinfo=UTC)
MARCH, JUNE = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
SKUS = [say("sku", sku) for sku in ("K", "L", "M", "A", "B", "C")]


def _kit(sku: str, since: datetime | None = None, /, *, hour: int = 0, **components: int) -> Any:
    content = {"components": components, "valid_from": since and since.isoformat()}
    return say("kit", sku, content, hour=hour)


def _made(*rows: Any) -> tuple[list[tuple[Any, ...]], list[str]]:
    said = journal([*SKUS, *rows])
    made, refused = kits(said, make_skus(*SKUS, *rows)[0])
    columns = ("kit_sku", "component_sku", "quantity", "valid_from", "valid_to")
    return made.select(columns).sort(columns).rows(), refused["reason"].to_list()


def test_a_kit_has_its_components_since_ever() -> None:
    assert _made(_kit("K", A=2, B=1)) == ([("K", "A", 2, EVER, None), ("K", "B", 1, EVER, None)], [])


def test_a_later_composition_replaces_the_one_before_from_its_day_on() -> None:
    rows, _ = _made(_kit("K", A=2, B=1), _kit("K", JUNE, hour=1, A=2, C=1))
    assert rows == [("K", "A", 2, EVER, None), ("K", "B", 1, EVER, JUNE), ("K", "C", 1, JUNE, None)]


def test_what_is_decided_later_covers_what_holds_later() -> None:
    rows, _ = _made(_kit("K", JUNE, A=1), _kit("K", MARCH, hour=1, B=1))
    assert rows == [("K", "B", 1, MARCH, None)]


def test_no_components_make_it_a_kit_no_more() -> None:
    assert _made(_kit("K", A=1), _kit("K", JUNE, hour=1))[0] == [("K", "A", 1, EVER, JUNE)]


def test_the_sku_knows_that_it_is_a_kit() -> None:
    made, _ = make_skus(*SKUS, _kit("K", A=1))
    assert made.filter("is_kit")["sku"].to_list() == ["K"]


def test_kits_may_lie_in_kits_but_not_in_themselves() -> None:
    rows, refused = _made(_kit("K", L=1), _kit("L", hour=1, M=2), _kit("M", hour=2, K=1), _kit("A", hour=3, A=1))
    assert [row[:3] for row in rows] == [("K", "L", 1), ("L", "M", 2)]
    assert len(refused) == 2
    assert all("the kit would contain itself" in reason for reason in refused)


def test_what_is_covered_for_good_closes_no_circle() -> None:
    rows, refused = _made(_kit("K", L=1), _kit("K", hour=1, A=1), _kit("L", hour=2, K=1))
    assert [row[:2] for row in rows] == [("K", "A"), ("L", "K")]
    assert refused == []


def test_five_levels_are_allowed_and_six_are_not() -> None:
    deep = [say("sku", f"D-{level}") for level in range(8)]
    chain = [say("kit", f"D-{n}", {"components": {f"D-{n + 1}": 1}}, hour=n) for n in range(6)]
    assert _made(*deep, *chain[:5])[1] == []
    assert _made(*deep, *chain)[1] == ["kit of `D-5`: kits would lie more than 5 levels deep in each other"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (_kit("K", X=1), "there is no SKU `X`"),
        (_kit("X", A=1), "there is no SKU `X`"),
        (_kit("K", A=0), "components.A: Input should be greater than or equal to 1"),
        (say("kit", "K", {"components": {"A": "two"}}), "components.A: Input should be a valid integer"),
        (say("kit", "K", {"parts": {"A": 1}}), "components: Field required"),
    ],
)
def test_a_wrong_composition_is_refused_with_its_reason(row: Any, why: str) -> None:
    rows, refused = _made(row, _kit("L", A=1))
    assert [found[:2] for found in rows] == [("L", "A")]
    assert len(refused) == 1
    assert why in refused[0]


def test_of_two_merged_kits_the_composition_of_the_one_that_stands_counts() -> None:
    rows, _ = _made(_kit("K", A=1), _kit("L", hour=1, B=1), say("merge", "L", {"into": "K"}, hour=2))
    assert [row[:2] for row in rows] == [("K", "A")]
    rows, _ = _made(_kit("L", B=1), say("merge", "L", {"into": "K"}, hour=2))
    assert [row[:2] for row in rows] == [("K", "B")]


def test_a_merge_that_would_put_a_kit_into_itself_drops_its_composition() -> None:
    said = (_kit("K", A=1), say("merge", "A", {"into": "K"}, hour=1))
    assert _made(*said) == ([], ["kit of `K`: the kit would contain itself"])
    assert not make_skus(*SKUS, *said)[0].filter("is_kit").height


def test_many_kits_are_made_in_time() -> None:
    many = [say("sku", f"N-{n}") for n in range(500)]
    rows, refused = _made(*many, *(say("kit", f"N-{n}", {"components": {"A": 1, "B": 2}}) for n in range(500)))
    assert (len(rows), refused) == (1000, [])
