"""The rules of cleaning are read from the shipped file or the installation's own, and a wrong file says so."""

from pathlib import Path

import pytest

from linkstar_pipelines.rules.cleaning import load_cleaning_rules
from linkstar_pipelines.rules.loading import SHIPPED, RuleError


def own(folder: Path, old: str, new: str) -> Path:
    shipped = (SHIPPED / "cleaning.yaml").read_text(encoding="utf-8")
    assert old in shipped
    (folder / "cleaning.yaml").write_text(shipped.replace(old, new), encoding="utf-8")
    return folder


def test_without_a_table_any_subheading_of_an_existing_chapter_is_taken() -> None:
    assert load_cleaning_rules().subheadings is None


@pytest.mark.parametrize("codes", ["hscode\n8517.13\n010121\n85\n", "hscode,level\n851713,6\n010121,6\nTOTAL,5\n"])
def test_a_table_of_tariff_codes_is_read_from_beside_the_rules(tmp_path: Path, codes: str) -> None:
    (tmp_path / "hs.csv").write_text(codes)
    folder = own(tmp_path, "hs_country: CN", "hs_country: CN\nhs_table: {path: hs.csv, column: hscode}")
    assert load_cleaning_rules(folder).subheadings == frozenset({"851713", "010121"})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("hs_country: CN", "hs_table: {path: none.csv, column: a}", "none.csv.*cannot be read"),
        ("products: [sku]", "products: [name_en]", "must name sku"),
        ("products: [sku]", "products: [sku, colour]", "colour is no column of products"),
        ("  UK: GB", "  UK: UK", "UK is no ISO 3166 alpha-2 code"),
        ("  RMB: CNY", "  RMB: RMB", "RMB is no ISO 4217 code"),
        ("  AMZ: amazon", "  AMZ: amazn", "amazn is no platform"),
        ("  kg: [kgs,", "  kg: [gr, kgs,", "`gr` stands for both"),
        ("  oz: [ounce,", "  stone: [ounce,", "weight_units.stone is unknown"),
    ],
)
def test_a_wrong_file_names_the_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(RuleError, match=f"(?s){message}"):
        load_cleaning_rules(own(tmp_path, old, new))
