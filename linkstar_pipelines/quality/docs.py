"""Data Docs: Great Expectations' own pages about every table, on demand.

Belongs here: building the pages. Does not belong here: running checks as part of the graph (`checks.py`).

The pages load styles, fonts and scripts from outside hosts, so they are plain without a network, and looking at them
tells those hosts. They are never built by a run. Tables with personal columns show no values. The library's own first
page stays empty without its scripts; a plain one of ours takes its place.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import quote

from linkstar_pipelines.quality.business import expectations_of
from linkstar_pipelines.quality.evaluation import parts
from linkstar_pipelines.quality.validate import new_context, new_suite, prepare
from linkstar_pipelines.schemas.catalog import TABLES, Table
from linkstar_pipelines.storage.lake import Lake

_SITE: Final = "data_docs"
_SHOWN_VALUES: Final = 20
_FIRST_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Data Docs</title><style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 56rem; color: #1c2733; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .4rem .8rem; border-bottom: 1px solid #dde3ea; }}
td:nth-child(n+2), th:nth-child(n+2) {{ text-align: right; }} b {{ color: #b3261e; }}
</style></head><body><h1>What is expected of each table</h1>
<table><tr><th>Table</th><th>Rows looked at</th><th>Expectations kept</th><th>All kept</th></tr>
{rows}
</table></body></html>
"""


def build_data_docs(lake: Lake, folder: Path, tables: Sequence[Table] = TABLES) -> Path:
    """Judge tables as they are now and write the pages.

    Args:
        lake: The lake.
        folder: Folder for the pages; what is in it is replaced.
        tables: The tables to judge; all by default.

    Returns:
        The first page, `index.html`.

    Raises:
        ExpectationError: a rule could not be evaluated.
        FileExistsError: the folder holds something that is not Data Docs.
    """
    index = folder / "index.html"
    if folder.exists() and any(folder.iterdir()):
        if not (index.exists() and (folder / "validations").exists()):
            raise FileExistsError(f"{folder} holds other files than Data Docs; name an empty or a new folder.")
        shutil.rmtree(folder)
    context = new_context()
    import great_expectations as gx

    context.add_data_docs_site(
        _SITE,
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.resolve())},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )
    source = context.data_sources.add_pandas("lake")
    lines = []
    for table in tables:
        shown = 0 if table.personal else _SHOWN_VALUES
        for part in parts(table, expectations_of(table), lake):
            suite = context.suites.add(new_suite(part.name, part.expectations))
            batch = source.add_dataframe_asset(part.name).add_batch_definition_whole_dataframe("now")
            judging = gx.ValidationDefinition(name=part.name, data=batch, suite=suite)
            frame = prepare(part.frame, part.expectations).to_pandas(use_pyarrow_extension_array=True)
            result = context.validation_definitions.add(judging).run(
                batch_parameters={"dataframe": frame},
                result_format={"result_format": "SUMMARY", "partial_unexpected_count": shown},
            )
            kept = result.statistics["successful_expectations"]
            lines.append(_Line(part.name, part.frame.height, len(part.expectations), kept))
    context.build_data_docs(site_names=[_SITE])
    index.write_text(_first_page(folder, lines))
    return index


@dataclass(frozen=True)
class _Line:
    """What the first page says about a table: rows looked at, expectations, and how many of them are kept."""

    name: str
    rows: int
    expectations: int
    kept: int

    @property
    def verdict(self) -> str:
        """Whether all are kept, as HTML."""
        return "yes" if self.kept == self.expectations else "<b>NO</b>"


def _first_page(folder: Path, lines: Sequence[_Line]) -> str:
    rows = "\n".join(
        f"<tr><td><a href='{quote(_page_of(folder, line.name))}'>{escape(line.name)}</a></td><td>{line.rows:,}</td>"
        f"<td>{line.kept} / {line.expectations}</td><td>{line.verdict}</td></tr>"
        for line in lines
    )
    return _FIRST_PAGE.format(rows=rows)


def _page_of(folder: Path, name: str) -> str:
    """Address of the page with a table's results: Great Expectations makes folders of the parts of a name."""
    page = next(folder.joinpath("validations", *name.split(".")).rglob("*.html"))
    return page.relative_to(folder).as_posix()
