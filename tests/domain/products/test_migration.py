"""Moving in, planned: what would change, who is believed, and what nobody can know."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from linkstar_pipelines.domain.products import catalogue, migration
from linkstar_pipelines.domain.products.catalogue import Catalogue
from linkstar_pipelines.domain.products.decisions import decision, journal
from linkstar_pipelines.domain.products.records import KINDS
from linkstar_pipelines.schemas.products import Skus, Suppliers
from tests.domain.products.said import listings, say

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ORIGIN = {"source": pl.String, "source_key": pl.String}
FORMS: dict[str, dict[str, Any]] = {
    "products": ORIGIN
    | {n: c.dtype for n, c in Skus.columns().items() if n not in {"merged_into", "is_kit", "source"}},
    "kits": ORIGIN | {"kit_sku": pl.String, "component_sku": pl.String, "quantity": pl.Int64},
    "pairings": dict.fromkeys(KINDS["pairings"], pl.String) | {"multiplier": pl.Int64},
    "suppliers": ORIGIN | {n: c.dtype for n, c in Suppliers.columns().items()},
}


def records(**kinds: list[dict[str, Any]]) -> dict[str, pl.DataFrame]:
    """Cleaned records; those that name no source are of a file."""
    found = {}
    for kind, form in FORMS.items():
        rows = [
            {"source": "file/a", **row, "source_key": f"{row.get('source', 'file/a')}/{kind}/{place}"}
            for place, row in enumerate(kinds.get(kind, []))
        ]
        full = [{name: row.get(name) for name in form} for row in rows]
        found[kind] = pl.DataFrame(full, schema=form)
    return found


def house(*rows: Any, codes: tuple[str, ...] = ()) -> Catalogue:
    """A catalogue of decisions, and of listings with these codes that nobody has matched."""
    return catalogue.fold(journal(rows), listings(*codes), None, from_codes=True)


def plan(of: dict[str, pl.DataFrame], present: Catalogue, **options: Any) -> migration.Plan:
    settings: dict[str, Any] = {"order": ["file", "mabang"], "stores": {}, "at": NOW} | options
    return migration.plan(of, present, **settings)


def apply(planned: migration.Plan, present: Catalogue) -> Catalogue:
    rows = [
        decision(kind, subject, json.loads(content), batch="migration:1", decided_at=NOW, decided_by="ana")
        for kind, subject, content in planned.decisions.iter_rows()
    ]
    decisions = pl.concat([present.decisions, journal(rows)])
    return catalogue.fold(decisions, present.listings, None, from_codes=True)


def what(planned: migration.Plan) -> dict[tuple[str, str], str]:
    return {
        (subject, field): change
        for subject, field, change in planned.changes.select("subject", "field", "what").iter_rows()
    }


WHOLE = records(
    products=[
        {"sku": "KETTLE", "name_en": "Travel kettle", "weight_g": 900, "cost": Decimal("31.5"), "cost_currency": "CNY",
         "length_mm": 200, "width_mm": 150, "height_mm": 140, "hs6": "851679", "battery": "none"},
        {"sku": "CUP", "name_zh": "杯子"},
    ],
    kits=[
        {"kit_sku": "SET", "component_sku": "KETTLE", "quantity": 1},
        {"kit_sku": "SET", "component_sku": "CUP", "quantity": 2},
    ],
    pairings=[{"sku": "KETTLE", "listing_sku": "kt-1", "multiplier": 3}],
    suppliers=[{"supplier": "Yiwu/7", "sku": "CUP", "lead_time_days": 12, "unit_cost": Decimal(4), "currency": "CNY"}],
)  # fmt: skip


def test_all_that_records_say_is_in_the_catalogue_after_it() -> None:
    after = apply(plan(WHOLE, house(codes=("KT-1",))), house(codes=("KT-1",)))
    assert after.rejected.filter(pl.col("source_key").str.starts_with("decision/")).is_empty()
    kettle = after.skus.row(by_predicate=pl.col("sku") == "KETTLE", named=True)
    assert (kettle["name_en"], kettle["weight_g"], kettle["cost"]) == ("Travel kettle", 900, Decimal("31.5"))
    assert (kettle["length_mm"], kettle["height_mm"], kettle["battery"]) == (200, 140, "none")
    assert after.kits.select("component_sku", "quantity").rows() == [("CUP", 2), ("KETTLE", 1)]
    assert after.skus.filter(pl.col("sku") == "SET")["is_kit"].item()
    mapped = after.listing_map.row(0, named=True)
    assert (mapped["listing_sku"], mapped["sku"], mapped["multiplier"]) == ("kt-1", "KETTLE", 3)
    assert (mapped["evidence"], mapped["approved_by"]) == ("erp", "ana")
    assert after.suppliers.row(0, named=True)["supplier"] == "Yiwu/7"


def test_a_plan_after_its_own_application_is_empty() -> None:
    after = apply(plan(WHOLE, house(codes=("KT-1",))), house(codes=("KT-1",)))
    again = plan(WHOLE, after)
    assert again.decisions.is_empty()
    assert again.changes.is_empty()


def test_only_what_differs_is_decided_and_an_amount_takes_its_currency_along() -> None:
    present = house(say("sku", "CUP", {"name_en": "Cup", "cost": "2", "cost_currency": "USD"}, batch="migration:0"))
    said = [{"sku": "CUP", "name_en": "Cup", "cost": Decimal(2), "cost_currency": "CNY"}]
    planned = plan(records(products=said), present)
    assert what(planned) == {("CUP", "cost"): "changed"}
    assert json.loads(planned.decisions["content"].item()) == {"cost": "2.0000", "cost_currency": "CNY"}


def test_what_is_not_said_clears_nothing() -> None:
    present = house(say("sku", "CUP", {"name_en": "Cup"}, batch="migration:0"))
    assert plan(records(products=[{"sku": "CUP"}]), present).changes.is_empty()


def test_what_a_person_decided_is_kept_and_told() -> None:
    present = house(
        say("sku", "CUP", {"name_en": "Mug"}),
        say("sku", "KETTLE"),
        say("map", "amazon/na/kt-1", {"sku": "CUP", "multiplier": 1}),
        codes=("KT-1",),
    )
    planned = plan(
        records(
            products=[{"sku": "CUP", "name_en": "Cup", "weight_g": 5}],
            pairings=[{"sku": "KETTLE", "listing_sku": "kt-1"}],
        ),
        present,
    )
    assert what(planned) == {
        ("CUP", "name_en"): "kept", ("CUP", "weight_g"): "changed", ("amazon/na/kt-1", "sells"): "kept",
    }  # fmt: skip
    assert planned.decisions["kind"].to_list() == ["sku"]


def test_of_two_sources_the_preferred_one_is_believed_and_the_other_told() -> None:
    said = records(products=[
        {"sku": "CUP", "name_en": "Cup of a file", "weight_g": 5},
        {"sku": "CUP", "name_en": "Cup of an ERP", "weight_g": 5, "source": "mabang/main"},
    ])  # fmt: skip
    planned = plan(said, house())
    assert json.loads(planned.decisions["content"].item())["name_en"] == "Cup of a file"
    assert planned.changes.filter(pl.col("what") == "conflict").select("field", "source").rows() == [
        ("name_en", "mabang/main")
    ]
    other = plan(said, house(), order=["mabang/main", "file"])
    assert json.loads(other.decisions["content"].item())["name_en"] == "Cup of an ERP"


def test_where_equal_sources_differ_nobody_is_believed() -> None:
    said = [{"sku": "CUP", "listing_sku": "kt-1"}, {"sku": "KETTLE", "listing_sku": "kt-1", "source": "file/b"}]
    planned = plan(records(products=[{"sku": "CUP"}, {"sku": "KETTLE"}], pairings=said), house(codes=("KT-1",)))
    assert "map" not in planned.decisions["kind"]
    assert planned.changes.filter(pl.col("kind") == "map")["what"].to_list() == ["conflict", "conflict"]


def test_a_pairing_without_a_listing_of_ours_is_a_problem_with_its_store() -> None:
    said = [{"sku": "CUP", "listing_sku": "kt-1", "platform": "amazon", "store": "Old name"}]
    planned = plan(records(products=[{"sku": "CUP"}], pairings=said), house(codes=("KT-1",)))
    problem = planned.problems.row(0, named=True)
    assert (problem["column"], problem["value"]) == ("listing_sku", "kt-1")
    assert "`Old name`" in problem["reason"]
    named = plan(records(products=[{"sku": "CUP"}], pairings=said), house(codes=("KT-1",)), stores={"Old name": "na"})
    assert named.problems.is_empty()
    assert named.decisions.filter(pl.col("kind") == "map")["subject"].to_list() == ["amazon/na/kt-1"]


def test_the_listing_of_a_known_store_may_have_ended() -> None:
    said = [{"sku": "CUP", "listing_sku": "gone", "platform": "amazon", "store": "na"}]
    planned = plan(records(products=[{"sku": "CUP"}], pairings=said), house(codes=("KT-1",)))
    assert planned.decisions.filter(pl.col("kind") == "map")["subject"].to_list() == ["amazon/na/gone"]


def test_a_listing_is_found_with_the_spaces_that_its_platform_keeps() -> None:
    spaced = listings("KT-1").with_columns(listing_sku=pl.lit("kt-1 "))
    present = catalogue.fold(journal([]), spaced, None, from_codes=True)
    said = [{"sku": "CUP", "listing_sku": "kt-1", "platform": "amazon", "store": "na"}]
    planned = plan(records(products=[{"sku": "CUP"}], pairings=said), present)
    assert planned.problems.is_empty()
    assert planned.decisions.filter(pl.col("kind") == "map")["subject"].to_list() == ["amazon/na/kt-1 "]


def test_units_that_a_source_does_not_state_are_those_of_the_others_or_one_with_a_note() -> None:
    cup = {"sku": "CUP", "listing_sku": "kt-1"}
    silent = {**cup, "source": "mabang/main"}
    said = records(products=[{"sku": "CUP"}], pairings=[silent])
    assumed = plan(said, house(codes=("KT-1",)))
    content = json.loads(assumed.decisions.filter(pl.col("kind") == "map")["content"].item())
    assert content["multiplier"] == 1
    assert content["reasons"] == "paired in mabang/main; units not stated: taken as 1"
    assert assumed.changes.filter(pl.col("kind") == "map")["note"].to_list() == ["units not stated: taken as 1"]

    both = records(products=[{"sku": "CUP"}], pairings=[silent, {**cup, "multiplier": 3}])
    told = plan(both, house(codes=("KT-1",)), order=["mabang", "file"])
    content = json.loads(told.decisions.filter(pl.col("kind") == "map")["content"].item())
    assert (content["multiplier"], content["reasons"]) == (3, "paired in mabang/main")
    assert "conflict" not in told.changes["what"]
    # What is known already is not forgotten because the next source does not say it.
    assert plan(said, apply(told, house(codes=("KT-1",)))).changes.is_empty()


def test_unknown_skus_are_problems_and_a_kit_that_lacks_a_component_is_not_made() -> None:
    said = records(
        products=[{"sku": "CUP"}],
        kits=[
            {"kit_sku": "SET", "component_sku": "CUP", "quantity": 1},
            {"kit_sku": "SET", "component_sku": "LID", "quantity": 1},
        ],
        suppliers=[{"supplier": "Yiwu", "sku": "POT"}],
    )
    planned = plan(said, house())
    assert "kit" not in planned.decisions["kind"]
    assert planned.problems.select("kind", "column", "value").rows() == [
        ("kits", "component_sku", "LID"), ("suppliers", "sku", "POT"),
    ]  # fmt: skip


def test_a_merged_sku_speaks_for_the_one_that_stands() -> None:
    present = house(say("sku", "CUP"), say("sku", "MUG"), say("merge", "MUG", {"into": "CUP"}), codes=("KT-1",))
    planned = plan(
        records(products=[{"sku": "MUG", "name_en": "Mug"}], pairings=[{"sku": "MUG", "listing_sku": "kt-1"}]), present
    )
    assert planned.decisions.select("kind", "subject").rows() == [("map", "amazon/na/kt-1")]
    assert json.loads(planned.decisions["content"].item())["sku"] == "CUP"
    assert plan(records(pairings=[{"sku": "MUG", "listing_sku": "kt-1"}]), apply(planned, present)).changes.is_empty()


def test_a_kit_that_is_made_otherwise_is_so_from_the_migration_on() -> None:
    present = house(
        say("sku", "CUP"), say("sku", "SET"), say("kit", "SET", {"components": {"CUP": 1}}, batch="migration:0")
    )
    planned = plan(records(kits=[{"kit_sku": "SET", "component_sku": "CUP", "quantity": 2}]), present)
    after = apply(planned, present)
    assert after.kits.sort("valid_from")["quantity"].to_list() == [1, 2]
    assert after.kits["valid_from"].max() == NOW


def test_the_plan_does_not_depend_on_the_order_of_records() -> None:
    turned = {kind: rows.reverse() for kind, rows in WHOLE.items()}
    present = house(codes=("KT-1",))
    assert plan(turned, present).decisions.equals(plan(WHOLE, present).decisions)


def test_counts_are_of_what_stands() -> None:
    gtin = {"gtin": "00012345678905"}
    present = house(
        say("sku", "CUP", gtin), say("sku", "MUG", gtin), say("sku", "OLD", gtin), say("merge", "OLD", {"into": "CUP"}),
        say("map", "amazon/na/kt-1", {"sku": "CUP"}), codes=("KT-1", "KT-2"),
    )  # fmt: skip
    assert catalogue.counts(present) == {
        "skus": 4, "kits": 0, "suppliers": 0, "mapped_listings": 1, "unmapped_listings": 1, "duplicate_gtins": 1,
    }  # fmt: skip
