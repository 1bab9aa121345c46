"""The code rules are read from the shipped file or the installation's own, and a wrong file says so."""

from pathlib import Path

import pytest

from linkstar_pipelines.rules.loading import RuleError
from linkstar_pipelines.rules.sku_codes import load_sku_code_rules


def test_the_shipped_rules_hold_marketplaces_to_the_house_form_and_files_to_a_loose_one() -> None:
    rules = load_sku_code_rules()
    assert rules.accepted("amazon") == "^LS-[A-Z]{2,8}-[0-9]{4}$"
    assert rules.accepted("import") != rules.accepted("amazon")


def test_the_installations_own_file_replaces_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "sku_codes.yaml").write_text("accept: {default: '^[A-Z]{3}$'}\n")
    assert load_sku_code_rules(tmp_path).accepted("amazon") == "^[A-Z]{3}$"


def test_a_wrong_file_names_the_key(tmp_path: Path) -> None:
    (tmp_path / "sku_codes.yaml").write_text("accept: {default: '^('}\n")
    with pytest.raises(RuleError, match=r"(?s)sku_codes\.yaml.*accept\.default.*no regular expression"):
        load_sku_code_rules(tmp_path)
