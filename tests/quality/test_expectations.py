"""What is expected of each table: complete, in few named checks, kept by good rows and broken by bad ones."""

import polars as pl
import pytest

from linkstar_pipelines.quality.business import business, expectations_of
from linkstar_pipelines.quality.expectations import Expectation, structural
from linkstar_pipelines.quality.validate import validate
from linkstar_pipelines.schemas.catalog import TABLES, Table, table_named
from tests.quality.frames import broken_frame, valid_frame

every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)


def _of_rows(table: Table) -> list[Expectation]:
    return [expectation for expectation in expectations_of(table) if expectation.source is None]


@every_table
def test_a_table_has_four_to_eight_checks_of_one_severity_each(table: Table) -> None:
    severities: dict[str, set[str]] = {}
    for expectation in expectations_of(table):
        severities.setdefault(expectation.check, set()).add(expectation.severity)
    assert 4 <= len(severities) <= 8
    assert all(len(found) == 1 for found in severities.values())


@every_table
def test_structure_blocks(table: Table) -> None:
    assert {expectation.severity for expectation in structural(table)} == {"critical"}


@every_table
def test_every_rule_of_the_schema_is_expected(table: Table) -> None:
    rules = table.schema._validation_rules(with_cast=False)
    found = [expectation.check for expectation in structural(table)]
    assert found.count("required_values") == sum(rule.endswith("|nullability") for rule in rules)
    of_one_column = {tuple(rule.split("|")) for rule in rules if "|" in rule and not rule.endswith("|nullability")}
    bounded = {column for column, kind in of_one_column if kind in {"min", "max", "min_exclusive", "nan", "inf"}}
    formed = {column for column, kind in of_one_column if kind in {"regex", "min_length"}}
    judged = {column for e in structural(table) if e.check == "valid_values" for column in e.columns}
    assert bounded | formed <= judged
    assert found.count("row_rules") == sum("|" not in rule and rule != "primary_key" for rule in rules)
    assert found.count("no_duplicates") == 1


@every_table
def test_names_made_by_rules_are_no_columns_and_stand_once(table: Table) -> None:
    made = [expectation.target[0] for expectation in _of_rows(table) if expectation.rule is not None]
    assert len(made) == len(set(made))
    assert not set(made) & set(table.schema.column_names())


@every_table
def test_expectations_name_columns_that_exist(table: Table) -> None:
    for expectation in _of_rows(table):
        assert set(expectation.columns) <= set(table.schema.column_names()), expectation.description


@every_table
def test_good_rows_keep_everything(table: Table) -> None:
    outcomes = validate(valid_frame(table, 20), _of_rows(table))
    assert [(o.check, o.expectation.description) for o in outcomes if not o.passed or o.tally.unexpected] == []


@every_table
def test_each_expectation_finds_the_row_that_breaks_it(table: Table) -> None:
    expectations = _of_rows(table)
    outcomes = validate(broken_frame(table, expectations), expectations)
    assert [(o.check, o.expectation.description) for o in outcomes if not o.tally.unexpected] == []
    assert [o.check for o in outcomes if o.passed and o.expectation.mostly == 1] == []


def test_a_type_that_judges_no_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="judges no rows"):
        Expectation("rows", "ExpectTableRowCountToBeBetween", {"min_value": 1}, "warning", "There are rows.")


def test_a_rule_names_the_columns_it_needs() -> None:
    (ties_out,) = (e for e in business(table_named("finance.settlement_report")) if e.check == "ties_out")
    assert ties_out.columns == ("difference", "tied_out")
    assert ties_out.target == ("ties_out",)


def test_a_line_that_is_not_goods_needs_no_clean_sku() -> None:
    table = table_named("core.order_lines")
    (mapped,) = (e for e in business(table) if e.check == "skus_mapped")
    charges = valid_frame(table, 4).with_columns(line_kind=pl.lit("charge"), sku=pl.lit(None, pl.String))
    (outcome,) = validate(charges, [mapped])
    assert outcome.passed
    assert outcome.tally.evaluated == 0


@pytest.mark.parametrize(("unmapped", "passed"), [(5, True), (6, False)])
def test_one_line_in_twenty_may_lack_a_clean_sku(unmapped: int, passed: bool) -> None:
    table = table_named("core.order_lines")
    (mapped,) = (e for e in business(table) if e.check == "skus_mapped")
    is_mapped = pl.int_range(pl.len()) >= unmapped
    lines = valid_frame(table, 100).with_columns(
        sku=pl.when(is_mapped).then(pl.lit("LS-1")), multiplier=pl.when(is_mapped).then(1)
    )
    (outcome,) = validate(lines, [mapped])
    assert outcome.passed is passed
    assert (outcome.tally.evaluated, outcome.tally.unexpected, outcome.tally.percent) == (100, unmapped, unmapped)
