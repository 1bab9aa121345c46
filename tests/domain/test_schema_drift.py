"""What the shape of payloads shows, what counts as a difference, and what never shows."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkstar_pipelines.domain.payload_shapes import shape, words_at
from linkstar_pipelines.domain.schema_drift import FACTS, Difference, accept, differences, learn, worded

DAY = datetime(2026, 5, 1, tzinfo=UTC)
Payload = dict[str, Any]


def order(number: int) -> Payload:
    return {
        "orderId": f"114-{number:07d}",
        "status": ["SHIPPED", "PENDING", "CANCELED"][number % 3],
        "buyer": {"name": ["SMITH", "JONES"][number % 2], "country": "DE"},
        "lines": [
            {
                "sku": f"AB-{number % 7}",
                "quantity": part,
                "price": {"amount": f"{number % 90 + 10}.50", "currency": "EUR"},
            }
            for part in range(1, 3)
        ],
        "notes": [],
        "cancelReason": "late" if number % 40 == 0 else None,
    }


def frame(*payloads: Payload) -> pl.DataFrame:
    rows = [(f"o{number:05d}", json.dumps(payload)) for number, payload in enumerate(payloads)]
    return pl.DataFrame(rows, schema=["record_id", "payload"], orient="row")


def book(change: Callable[[Payload], object] = lambda _: None, size: int = 120) -> pl.DataFrame:
    """The payloads of some orders, each changed in the same way."""
    orders = [order(number) for number in range(size)]
    for each in orders:
        change(each)
    return frame(*orders)


BASELINE = learn(FACTS.to_frame(), shape(book()), DAY)


def landed(facts: pl.DataFrame, payloads: pl.DataFrame, days: int = 1) -> pl.DataFrame:
    return learn(facts, shape(payloads, worded(facts)), DAY + timedelta(days=days))


def told(facts: pl.DataFrame) -> list[tuple[str, str, str, str]]:
    return [(d.kind, d.path, d.known, d.found) for d in differences(facts)]


# --- the shape ----------------------------------------------------------------------------------------


def test_a_shape_names_every_field_with_its_type_and_its_words() -> None:
    found = {(path, kind, word) for path, kind, word, *_ in shape(book()).iter_rows()}
    assert {
        ("", "object", ""), ("lines", "array", ""), ("lines[]", "object", ""), ("lines[].price.amount", "text", ""),
        ("lines[].quantity", "number", ""), ("status", "text", "SHIPPED"), ("status", "text", "CANCELED"),
    } <= found  # fmt: skip
    assert not [path for path, _, _ in found if path.startswith("notes[]")]


def test_ids_codes_and_names_of_persons_are_never_words_and_show_their_form_alone() -> None:
    found = shape(book())
    assert set(found.filter(pl.col("word") != "")["path"]) == {"status"}
    shown = json.dumps(found.drop("record_id").to_dicts())
    assert "SMITH" not in shown
    assert "114-" not in shown
    assert dict(found.filter(pl.col("word") == "").select("path", "sample").iter_rows())["orderId"] == "999-9999999"


def test_field_names_that_are_data_are_not_kept() -> None:
    found = shape(frame({"seen": {"ann@example.com": 1, "1142233": 2}}))
    assert set(found["path"]) == {"", "seen", "seen.*"}


def test_values_of_several_types_under_one_name_are_told_apart() -> None:
    found = shape(frame({"a": 1}, {"a": "x"}, {"a": {"b": True}}, {"a": [1]}, {"a": {}}, {"a": None}))
    types = {(path, kind): seen for path, kind, _, seen, *_ in found.iter_rows()}
    assert types == {
        ("", "object"): 6, ("a", "number"): 1, ("a", "text"): 1, ("a", "object"): 2, ("a.b", "boolean"): 1,
        ("a", "array"): 1, ("a[]", "number"): 1,
    }  # fmt: skip


def test_of_names_that_differ_in_case_alone_one_is_looked_at() -> None:
    assert set(shape(frame({"a": {"id": 1, "ID": None}}, {"a": {"Id": 2}}))["path"]) <= {
        "",
        "a",
        "a.id",
        "a.Id",
        "a.ID",
    }
    assert set(shape(frame({"a": {"id": 1, "Ib": 2}}))["path"]) == {"", "a", "a.id", "a.Ib"}


def test_what_is_no_json_is_left_out() -> None:
    broken = pl.DataFrame({"record_id": ["a", "b"], "payload": ['{"a":1}', '{"a":']})
    assert shape(broken).filter(pl.col("path") == "a")["seen"].to_list() == [1]
    assert shape(broken.tail(1)).is_empty()
    assert shape(broken.clear()).is_empty()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**12) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abAB_-.1", max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=50)
@given(payloads=st.lists(st.dictionaries(st.sampled_from("abc"), _VALUES, max_size=3), max_size=6), seed=st.integers())
def test_the_shape_of_a_permutation_is_the_same_and_never_differs_from_itself(
    payloads: list[Payload], seed: int
) -> None:
    rows = frame(*payloads)
    once = shape(rows)
    assert shape(rows.sample(fraction=1, shuffle=True, seed=abs(seed) % 2**32)).equals(once)
    baseline = learn(FACTS.to_frame(), once, DAY)
    assert differences(learn(baseline, once, DAY)) == []


def test_words_can_be_read_alone() -> None:
    whole = shape(book())
    paths = {"status", "lines[].price.currency"}
    alone = words_at(book(), paths)
    assert set(alone["path"]) == paths
    assert alone.filter(pl.col("path") == "status").equals(whole.filter(pl.col("word") != ""))
    assert words_at(book(), set()).is_empty()


# --- differences --------------------------------------------------------------------------------------


def test_the_first_landing_is_the_baseline_and_the_same_again_is_no_difference() -> None:
    assert differences(BASELINE) == []
    assert differences(landed(BASELINE, book())) == []


_CASES: dict[str, tuple[Callable[[Payload], object], list[tuple[str, str, str, str]]]] = {
    "a new field": (
        lambda o: o.update(giftWrap={"paper": "RED", "cost": 3}),
        [("new", "giftWrap", "", "object")],
    ),
    "a vanished field": (lambda o: o.pop("buyer"), [("vanished", "buyer", "object", "")]),
    "a renamed field, by its words": (
        lambda o: o.update(phase=o.pop("status")),
        [("renamed", "phase", "status", "text, such as AAAAAAA")],
    ),
    "a renamed field, by the form of its values": (
        lambda o: o.update(reference=o.pop("orderId")),
        [("renamed", "reference", "orderId", "text, such as 999-9999999")],
    ),
    "a renamed field in every line, by its name": (
        lambda o: [line.update(quantityOrdered=line.pop("quantity")) for line in o["lines"]],
        [("renamed", "lines[].quantityOrdered", "lines[].quantity", "number, such as 9")],
    ),
    "a changed type": (
        lambda o: [line["price"].update(amount=float(line["price"]["amount"])) for line in o["lines"]],
        [("type_changed", "lines[].price.amount", "text", "number, such as 99.9")],
    ),
    "a text that became an object": (
        lambda o: o.update(status={"code": o["status"]}),
        [("type_changed", "status", "text", "object")],
    ),
    "a new value": (
        lambda o: o.update(status="RETURNED" if o["orderId"].endswith("77") else o["status"]),
        [("new_value", "status", "CANCELED, PENDING, SHIPPED", "RETURNED")],
    ),
    "a value that is no word": (
        lambda o: o.update(status="Ann Smith, Berlin" if o["orderId"].endswith("77") else o["status"]),
        [("new_value", "status", "CANCELED, PENDING, SHIPPED", "*")],
    ),
}


@pytest.mark.parametrize(("change", "expected"), _CASES.values(), ids=_CASES)
def test_each_kind_of_difference(
    change: Callable[[Payload], object], expected: list[tuple[str, str, str, str]]
) -> None:
    facts = landed(BASELINE, book(change))
    assert told(facts) == expected
    (found,) = differences(facts)
    assert found.record_id.startswith("o0")
    assert found.since == (DAY if found.kind == "vanished" else DAY + timedelta(days=1))
    assert told(landed(facts, book(change), 2)) == expected, "it stays"
    assert differences(accept(facts)) == []
    assert differences(landed(accept(facts), book(change), 2)) == [], "what was accepted is known"


@pytest.mark.parametrize("name", ["a vanished field", "a renamed field, by its words", "a new field", "a changed type"])
def test_a_difference_is_gone_when_the_payloads_are_again_as_they_were(name: str) -> None:
    facts = landed(BASELINE, book(_CASES[name][0]))
    assert differences(landed(facts, book(), 2)) == []


def test_a_rare_new_value_stays_until_enough_payloads_came_without_it() -> None:
    facts = landed(BASELINE, book(lambda o: o.update(status="LOST") if o["orderId"].endswith("77") else None))
    after = landed(facts, book(size=60), 2)
    assert [d.found for d in differences(after)] == ["LOST"]


def test_a_landing_of_few_payloads_shows_new_values_and_no_absence() -> None:
    few = [order(number) for number in range(5)]
    few[3]["status"] = "LOST"
    few[4].pop("buyer")
    assert [(d.kind, d.found) for d in differences(landed(BASELINE, frame(*few)))] == [("new_value", "LOST")]


def test_small_landings_add_up_to_an_absence() -> None:
    facts = BASELINE
    for day in range(10):
        facts = landed(facts, book(lambda o: o.pop("buyer"), size=4), day)
    assert [(d.kind, d.path) for d in differences(facts)] == [("vanished", "buyer")]


def test_a_field_that_was_never_in_every_object_may_stay_away() -> None:
    assert differences(landed(BASELINE, book(lambda o: o.pop("cancelReason")))) == []


def test_a_field_is_new_only_where_its_object_had_been_seen_often() -> None:
    small = learn(FACTS.to_frame(), shape(book(size=3)), DAY)
    assert differences(landed(small, book(lambda o: o.update(giftWrap="RED")))) == []


def test_a_text_that_was_free_does_not_become_words_by_a_landing_of_few_different_ones() -> None:
    def free(o: Payload) -> None:
        o["kind"] = f"Any text {o['orderId']}"

    facts = landed(learn(FACTS.to_frame(), shape(book(free, size=400)), DAY), book(lambda o: o.update(kind="WORD")))
    assert "kind" not in worded(facts)
    assert differences(landed(facts, book(free), 2)) == []


def test_the_order_of_landings_and_of_facts_does_not_matter_for_what_is_told() -> None:
    facts = landed(BASELINE, book(_CASES["a new field"][0]))
    shuffled = facts.sample(fraction=1, shuffle=True, seed=1)
    assert differences(shuffled) == differences(facts)
    assert all(isinstance(difference, Difference) for difference in differences(facts))
