"""Mapping files: what is wrong is said in one message that names the key and the remedy."""

from pathlib import Path

import pytest
import yaml

from linkstar_pipelines.domain.order_mapping import MappingError
from linkstar_pipelines.rules.order_mapping import SHIPPED, load_mapping

GOOD = """
name: shop
store: shop
columns: {order_id: No, listing_sku: Code, quantity: Qty, unit_price: Price, ordered_at: When}
formats: {time_zone: Europe/Berlin, currency: EUR}
"""


def load(folder: Path, content: str) -> None:
    path = folder / "shop.yaml"
    path.write_text(content)
    load_mapping(path)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_mapping_is_found_by_its_bare_name(path: Path) -> None:
    assert load_mapping(Path(path.stem)).name == path.stem


def test_columns_whose_names_mean_something_in_yaml_are_text(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(GOOD.replace("Qty", "On").replace("Code", "2024").replace("EUR}", "EUR, decimal_comma: true}"))
    mapping = load_mapping(path)
    columns = mapping.columns
    assert (columns.order_id, columns.quantity, columns.listing_sku) == ("No", "On", "2024")
    assert mapping.formats.decimal_comma is True


def test_a_mapping_needs_no_conventions(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(GOOD)
    mapping = load_mapping(path)
    assert mapping.store == "shop"
    assert mapping.conventions.cancel is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (GOOD.replace("Europe/Berlin", "Berlin"), "formats.time_zone: unknown time zone 'Berlin'; use an IANA name"),
        (
            GOOD.replace("quantity:", "quantitty:"),
            "columns.quantitty: is no key of a mapping. Did you mean 'quantity'?",
        ),
        (GOOD.replace("quantity: Qty, ", ""), "columns.quantity: is missing"),
        (GOOD.replace("store: shop\n", ""), "store: is missing"),
        (GOOD.replace(", currency: EUR", ""), "give the currency once"),
        (GOOD + "conventions: {cancel: 'quantity <'}", "conventions.cancel: `quantity <` is no SQL condition"),
        (GOOD + "convention: {}", "convention: is no key of a mapping. Did you mean 'conventions'?"),
    ],
)
def test_a_wrong_key_is_named_with_the_file_and_the_remedy(tmp_path: Path, wrong: str, message: str) -> None:
    with pytest.raises(MappingError) as caught:
        load(tmp_path, wrong)
    assert message in str(caught.value)
    assert str(tmp_path / "shop.yaml") in str(caught.value)
    assert "docs/how-to/import-history.md" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [("a: [1", "is no valid YAML"), ("", "is empty or no list of keys"), ("- 1", "is empty or no list of keys")],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        load(tmp_path, content)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_bytes(b"name: caf\xe9")
    with pytest.raises(MappingError, match="is not UTF-8 text"):
        load_mapping(path)


def test_an_absent_file_is_named_with_the_shipped_mappings() -> None:
    with pytest.raises(MappingError) as caught:
        load_mapping(Path("online_retail_2"))
    assert "There is no mapping file online_retail_2. Did you mean 'online_retail_ii'?" in str(caught.value)


def test_the_guide_shows_a_mapping_that_loads(tmp_path: Path) -> None:
    guide = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "import-history.md"
    example = guide.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    assert yaml.safe_load(example)["conventions"]
    load(tmp_path, example)
