"""The rules of cleaning, from `cleaning.yaml`, the code rules, and the table of tariff codes that it names.

Belongs here: reading these files. Does not belong here: their shape and use (`domain/products/`).
"""

from pathlib import Path

import polars as pl

from linkstar_pipelines.domain.products.cleaning_rules import CleaningRules, CleaningTerms, HsTable
from linkstar_pipelines.rules.loading import SHIPPED, RuleError, read_rules
from linkstar_pipelines.rules.sku_codes import load_sku_code_rules


def load_cleaning_rules(folder: Path | None = None) -> CleaningRules:
    """Read the rules of cleaning: files of the installation's own rules folder, else the shipped ones.

    Raises:
        RuleError: a file is wrong or absent; the message names the key.
    """
    terms = read_rules("cleaning.yaml", CleaningTerms, folder)
    table = None if terms.hs_table is None else _subheadings(terms.hs_table, folder or SHIPPED)
    return CleaningRules(terms, load_sku_code_rules(folder), table)


def _subheadings(table: HsTable, folder: Path) -> frozenset[str]:
    path = folder / table.path
    read = pl.read_parquet if path.suffix == ".parquet" else _read_csv
    try:
        codes = read(path, columns=[table.column])[table.column].cast(pl.String)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RuleError(
            f"cleaning.yaml names the table of tariff codes {path} (hs_table), which cannot be read: {error}. "
            "Mend hs_table.path and hs_table.column, or take hs_table out to judge form and chapter alone."
        ) from None
    digits = codes.str.replace_all(".", "", literal=True)
    listed = frozenset(digits.filter(digits.str.contains(r"^[0-9]{6}$")))
    if not listed:
        raise RuleError(
            f"Column {table.column} of {path} (hs_table in cleaning.yaml) has no code of six digits. Name the column "
            "of the subheadings; in a CSV file leading zeros must be kept."
        )
    return listed


def _read_csv(path: Path, columns: list[str]) -> pl.DataFrame:
    return pl.read_csv(path, columns=columns, infer_schema=False)
