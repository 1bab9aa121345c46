"""Writing the settlement report for people.

Belongs here: reading the tables and naming the files. How they look: `reporting/`.
"""

from pathlib import Path

from linkstar_pipelines.reporting.settlement_report import write_html, write_xlsx
from linkstar_pipelines.schemas.finance import SettlementLines, SettlementReport
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.lake import open_lake


def write_settlement_report(settings: Settings) -> tuple[Path, Path]:
    """Write the settlement report as XLSX and HTML into the data folder; returns the two files."""
    lake = open_lake(settings)
    report, lines = lake.table(SettlementReport), lake.table(SettlementLines)
    folder = settings.data_dir / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    workbook, page = folder / "settlement-report.xlsx", folder / "settlement-report.html"
    write_xlsx(workbook, report, lines, settings.language)
    write_html(page, report, lines, settings.language)
    return workbook, page
