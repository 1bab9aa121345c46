"""Data Docs: Great Expectations' own pages about every table, on demand.

Belongs here: building the pages. Does not belong here: running checks as part of the graph (`checks.py`).

The pages load styles and fonts from outside hosts, so they are plain without a network, and looking at them tells
those hosts. They are never built by a run. Tables with personal columns show no values.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from linkstar_pipelines.quality.business import expectations_of
from linkstar_pipelines.quality.evaluation import parts
from linkstar_pipelines.quality.validate import new_context, new_suite, prepare
from linkstar_pipelines.schemas.catalog import TABLES, Table
from linkstar_pipelines.storage.lake import Lake

_SITE: Final = "data_docs"
_SHOWN_VALUES: Final = 20


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
    for table in tables:
        shown = 0 if table.personal else _SHOWN_VALUES
        for part in parts(table, expectations_of(table), lake):
            suite = context.suites.add(new_suite(part.name, part.expectations))
            batch = source.add_dataframe_asset(part.name).add_batch_definition_whole_dataframe("now")
            judging = gx.ValidationDefinition(name=part.name, data=batch, suite=suite)
            frame = prepare(part.frame, part.expectations).to_pandas(use_pyarrow_extension_array=True)
            context.validation_definitions.add(judging).run(
                batch_parameters={"dataframe": frame},
                result_format={"result_format": "SUMMARY", "partial_unexpected_count": shown},
            )
    context.build_data_docs(site_names=[_SITE])
    return index
