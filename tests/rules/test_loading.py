"""Rule files: the shipped ones are complete, own ones replace them, and a wrong one says what is wrong."""

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from linkstar_pipelines.rules.loading import SHIPPED, RuleError, Rules, load_rules
from linkstar_pipelines.schemas.finance import CATEGORIES
from linkstar_pipelines.settings import Settings

DEFAULTS = """
defaults:
  lead_time_days: 30
  review_days: 7
  service_level: 0.95
  minimum_order: 1
  order_multiple: 1
  unit_cost_share_of_price: 0.4
"""


def rules(folder: Path | None = None, **files: str) -> Rules:
    if folder is not None:
        for name, text in files.items():
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_rules(Settings(rules_dir=folder))


def terms(found: Rules, node: str, sku: str) -> dict[str, object]:
    return found.replenishment.terms(pl.DataFrame({"node": [node], "sku": [sku]})).row(0, named=True)


def categories(found: Rules) -> list[str]:
    return found.settlement_fees.frame()["category"].unique().sort().to_list()


def test_the_shipped_terms_are_the_documented_defaults() -> None:
    found = terms(rules(), "platform:na:US", "A")
    assert {key: found[key] for key in list(found)[2:]} == {
        "lead_time_days": 30, "review_days": 7, "service_level": 0.95, "minimum_order": 1, "order_multiple": 1,
    }  # fmt: skip
    assert rules().replenishment.cost_share == Decimal("0.40")


def test_the_shipped_fee_rules_reach_every_category_but_suspense() -> None:
    assert categories(rules()) == sorted(set(CATEGORIES) - {"suspense"})


def test_terms_of_a_sku_beat_those_of_its_store_term_by_term(tmp_path: Path) -> None:
    found = rules(
        tmp_path,
        replenishment=DEFAULTS
        + "stores: {na: {lead_time_days: 45, minimum_order: 5}}\nskus: {A: {lead_time_days: 60}}\n",
    )
    assert terms(found, "platform:na:US", "A")["lead_time_days"] == 60
    assert terms(found, "platform:na:US", "A")["minimum_order"] == 5
    assert terms(found, "seller:na:US", "B")["lead_time_days"] == 45
    assert terms(found, "seller:eu:DE", "B")["lead_time_days"] == 30


def test_each_pair_has_its_terms_once(tmp_path: Path) -> None:
    pairs = pl.DataFrame({"node": ["platform:na:US"] * 2, "sku": ["A"] * 2})
    assert rules().replenishment.terms(pairs).height == 1


def test_the_protection_interval_is_lead_time_plus_review() -> None:
    found = rules().replenishment
    protection = found.protection(found.terms(pl.DataFrame({"node": ["n:s:m"], "sku": ["A"]})))
    assert protection.row(0) == ("n:s:m", "A", 37)


def test_an_own_file_replaces_the_shipped_one_and_the_others_stay(tmp_path: Path) -> None:
    own = rules(tmp_path, settlement_fees="rules:\n  - {amount_type: Levy, category: other_fee}\n")
    assert categories(own) == ["other_fee"]
    assert own.replenishment == rules().replenishment


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DEFAULTS.replace("0.95", "0.999"), "defaults.service_level: Input should be less than or equal to 0.98"),
        (DEFAULTS.replace("  review_days: 7\n", ""), "defaults.review_days: missing; add it."),
        (DEFAULTS + "stores: {na: {leadtime_days: 3}}", "leadtime_days: unknown key; did you mean 'lead_time_days'?"),
        (DEFAULTS + "colors: 1", "colors: unknown key;"),
        ("defaults: [", "is no valid YAML"),
        ("", "holds no keys"),
    ],
)  # fmt: skip
def test_a_wrong_file_names_itself_the_key_and_the_remedy(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RuleError) as error:
        rules(tmp_path, replenishment=text)
    assert message in str(error.value)
    assert str(tmp_path / "replenishment.yaml") in str(error.value)


def test_a_file_in_another_encoding_is_refused_clearly(tmp_path: Path) -> None:
    (tmp_path / "replenishment.yaml").write_bytes("说明: 1".encode("gbk"))
    with pytest.raises(RuleError, match="not UTF-8"):
        rules(tmp_path)


@pytest.mark.parametrize("rule", ["{category: other_fee}", "{amount_type: '*', category: other_fee}"])
def test_a_catch_all_is_refused_because_unknown_labels_must_stay_in_suspense(tmp_path: Path, rule: str) -> None:
    with pytest.raises(RuleError, match=r"rules\.0: the rule fits every label"):
        rules(tmp_path, settlement_fees=f"rules:\n  - {rule}\n")


def test_an_unknown_category_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"rules\.0\.category: Input should be 'sales'"):
        rules(tmp_path, settlement_fees="rules:\n  - {amount_type: Levy, category: suspense}\n")


def test_a_rules_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"LINKSTAR_RULES_DIR is .*absent, which is no folder"):
        rules(tmp_path / "absent")


def test_patterns_are_texts_with_stars_and_not_regular_expressions(tmp_path: Path) -> None:
    found = rules(tmp_path, settlement_fees="rules:\n  - {amount_type: 'Fee (a.b)*', category: other_fee}\n")
    pattern = found.settlement_fees.frame()["amount_type"][0]
    labels = pl.Series(["fee (A.B) 2026", "Fee (axb)", "My Fee (a.b)"])
    assert labels.str.contains(pattern).to_list() == [True, False, False]


def test_the_shipped_files_are_beside_the_code() -> None:
    assert {"replenishment.yaml", "settlement_fees.yaml"} <= {path.name for path in SHIPPED.glob("*.yaml")}
