"""Amazon's settlement reports (flat file V2) as raw rows: every field stays the text it was.

Belongs here: the columns of the file and how a line is cut into fields.
Does not belong here: numbers, dates and meaning of the fields (`settlement.py`), which follow the account's locale.
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain import quarantine
from linkstar_pipelines.schemas.raw import RawAmazonSettlements

# Columns of GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2 that are kept; the file has more.
_COLUMNS: Final = (
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency",
    "transaction-type", "order-id", "shipment-id", "marketplace-name", "amount-type", "amount-description", "amount",
    "posted-date-time", "order-item-code", "sku", "quantity-purchased",
)  # fmt: skip


class ReportFormatError(ValueError):
    """A settlement report is not in the form of flat file V2; the message names the report and the columns."""


def settlement_rows(
    platform: str, store: str, report_id: str, text: str
) -> tuple[dy.DataFrame[RawAmazonSettlements], pl.DataFrame]:
    """Cut a settlement report into raw rows.

    Args:
        platform: Platform of the store.
        store: Store the report belongs to.
        report_id: The platform's id of the report.
        text: The decoded file: tab-separated, column names in the first line, no quoting.

    Returns:
        One row per line, numbered from 1 below the column names (so 1 is the settlement's header line, which carries
        the total), and the lines with another number of fields than there are columns or without a settlement id.
        Empty fields are null; empty lines are skipped.

    Raises:
        ReportFormatError: the file is empty or lacks a column.
    """
    lines = pl.Series("line", text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"), dtype=pl.String)
    names = [name.strip().lower() for name in lines[0].split("\t")]
    _check_columns(names, f"Settlement report {report_id} of {platform} store '{store}'")
    field = {name: pl.col("fields").list.get(names.index(name), null_on_oob=True) for name in _COLUMNS}
    frame = (
        pl.DataFrame({"line": lines, "fields": lines.str.split("\t")})
        .with_row_index("line_number")
        .filter(pl.col("line_number") > 0, pl.col("line").str.strip_chars() != "")
        .with_columns(
            *(text.replace("", None).alias(name.replace("-", "_")) for name, text in field.items()),
            platform=pl.lit(platform),
            store=pl.lit(store),
            report_id=pl.lit(report_id),
            line_number=pl.col("line_number").cast(pl.Int64),
        )
    )
    whole = pl.col("fields").list.len() == len(names)
    key = pl.concat_str(
        pl.lit(platform), pl.lit(store), pl.lit(report_id), pl.col("line_number").cast(pl.String), separator="/"
    )
    cut_off = frame.filter(~whole).select(
        source_key=key,
        reason=pl.format("line has {} fields where the file has {} columns", pl.col("fields").list.len(), len(names)),
        payload=pl.struct("line").struct.json_encode(),
    )
    good, rejected = quarantine.split(frame.filter(whole), RawAmazonSettlements, key)
    return good, quarantine.concat_rejects(cut_off, rejected)


def _check_columns(names: list[str], report: str) -> None:
    if not any(names):
        raise ReportFormatError(f"{report} is empty. Fetch it again; if it stays empty, ask Seller Support.")
    missing = [name for name in _COLUMNS if name not in names]
    if missing:
        raise ReportFormatError(
            f"{report} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; it has "
            f"{', '.join(names)}. If it is not flat file V2, fetch that report type; if Amazon renamed a column, "
            "domain/amazon_settlements.py must learn the new name."
        )
