"""Records of a file of the catalogue: which land, and which cannot be taken, with row, column, value and reason.

Belongs here: how a record of a file is named, and judging the records of one file.
Does not belong here: reading files (`connectors/catalog_files.py`), or the rules for values (`cleaning.py`).
"""

from typing import Final

import polars as pl

from linkstar_pipelines.domain.products.cleaning import clean
from linkstar_pipelines.domain.products.cleaning_rules import CleaningRules
from linkstar_pipelines.domain.products.records import KINDS
from linkstar_pipelines.schemas.quality import ReasonType

_PROBLEM: Final = pl.Struct({"column": pl.String, "value": pl.String, "reason": pl.String})
DOUBTS: Final = pl.List(_PROBLEM)
"""What is wrong with values of a record: the column, the value as the file has it, and why."""

_FILE_DIGITS: Final = 12


def source_of(mapping: str) -> str:
    """Return the origin of records that were read by a mapping."""
    return f"file/{mapping}"


def source_key_prefix(mapping: str, file_sha256: str) -> str:
    """Return how the source keys of the rows of a file begin: `file/<mapping>/<12 digits of the file>/`."""
    return f"{source_of(mapping)}/{file_sha256[:_FILE_DIGITS]}/"


def judged(kind: str, records: pl.DataFrame, rules: CleaningRules) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the records of a file into those that can be taken and those that cannot.

    Every value must be right, not only the required ones: a file can be mended, and nobody would look for a value that
    was left out. Of a kit, all rows are taken or none.

    Args:
        kind: A key of `records.KINDS`.
        records: The columns of the kind, `file`, `row` and `doubts`.
        rules: The rules of cleaning.

    Returns:
        The records that can be taken, as they are; and the others in the form of the quarantine. Their reason names
        each column and value; their payload has `file`, `row`, `problems` (column, value, reason) and the `record`.
    """
    cleaned = clean(kind, records.select(KINDS[kind].names()), rules, strict=True)
    payload = pl.Struct({"problems": DOUBTS})
    refused = cleaned.rejected.select(
        "source_key", "reason_type", refusals=pl.col("payload").str.json_decode(payload).struct.field("problems")
    )
    all_told = records.join(refused, on="source_key", how="left", maintain_order="left").with_columns(
        problems=pl.concat_list(pl.col("doubts"), pl.col("refusals").fill_null([]))
    )
    if kind == "kits":
        all_told = _whole_kits(all_told)
    wrong = pl.col("problems").list.len() > 0
    return all_told.filter(~wrong).select(records.columns), _rejected(kind, all_told.filter(wrong))


def _whole_kits(rows: pl.DataFrame) -> pl.DataFrame:
    """Refuse with a row that the file cannot be believed in the other rows of its kit."""
    doubted = rows.filter(pl.col("doubts").list.len() > 0, pl.col("kit_sku").is_not_null())
    culprits = doubted.group_by("kit_sku").agg(culprit=pl.col("source_key").first())
    told = rows.join(culprits, on="kit_sku", how="left", maintain_order="left")
    reason = pl.concat_str(pl.lit("another row of it is wrong: "), "culprit")
    problem = pl.struct(column=pl.lit("kit_sku"), value="kit_sku", reason=reason)
    sound = pl.col("problems").list.len() == 0
    torn = pl.col("culprit").is_not_null() & sound
    return told.with_columns(
        problems=pl.when(torn).then(pl.concat_list(problem).cast(DOUBTS)).otherwise("problems")
    ).drop("culprit")


def _rejected(kind: str, rows: pl.DataFrame) -> pl.DataFrame:
    columns = [name for name in KINDS[kind] if name not in {"source", "source_key"}]
    element = pl.element().struct
    value = pl.concat_str(pl.lit("`"), element.field("value"), pl.lit("` ")).fill_null("")
    sentence = pl.concat_str(element.field("column"), pl.lit(" "), value, element.field("reason"))
    return rows.select(
        "source_key",
        reason=pl.col("problems").list.eval(sentence).list.join(", "),
        reason_type=pl.col("reason_type").fill_null(ReasonType.SCHEMA.value),
        payload=pl.struct("file", "row", "problems", record=pl.struct(columns)).struct.json_encode(),
    )
