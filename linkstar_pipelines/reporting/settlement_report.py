"""The settlement report for people: an Excel workbook and a web page, in English or Chinese.

Belongs here: the two ways to write it. Does not belong here: figures, layout, wording (the modules beside this one).
"""

from pathlib import Path

import dataframely as dy

from linkstar_pipelines.reporting import settlement_page, settlement_workbook
from linkstar_pipelines.reporting.settlement_figures import figures
from linkstar_pipelines.reporting.words import Language, words
from linkstar_pipelines.schemas.finance import SettlementLines, SettlementReport


def write_xlsx(
    path: Path, report: dy.DataFrame[SettlementReport], lines: dy.DataFrame[SettlementLines], language: Language
) -> None:
    """Write the workbook: Summary (with a chart and live sums over the lines), Lines, Suspense.

    Args:
        path: File to write; its folder is made if absent.
        report: Settlements to show.
        lines: Lines; those of other settlements are left out.
        language: Language of every word and sheet name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    settlement_workbook.write(path, figures(report, lines), words(language))


def write_html(
    path: Path, report: dy.DataFrame[SettlementReport], lines: dy.DataFrame[SettlementLines], language: Language
) -> None:
    """Write the page: one file that needs nothing else, with an SVG chart.

    Args:
        path: File to write; its folder is made if absent.
        report: Settlements to show.
        lines: Lines; those of other settlements are left out. The page lists only lines in suspense.
        language: Language of every word.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    settlement_page.write(path, figures(report, lines), words(language))
