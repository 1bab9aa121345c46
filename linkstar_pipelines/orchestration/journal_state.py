"""Whether the tables of the catalogue hold all decisions of the journal.

Belongs here: comparing what runs recorded with the journal. Does not belong here: making the tables (`assets/`).
"""

from typing import Final

import dagster as dg

from linkstar_pipelines.schemas.catalog import table_of
from linkstar_pipelines.schemas.products import ListingMap, RawCatalogDecisions, Skus
from linkstar_pipelines.storage.lake import Lake

DECISIONS_FOLDED: Final = "decisions_folded"
"""Metadata of a materialization: from how many decisions the table was made."""

_ENDS: Final = (Skus, ListingMap)
"""The first and the last table that listings are mapped by: a run that made both from a journal made all between."""


def unfolded(instance: dg.DagsterInstance, lake: Lake) -> int:
    """Return how many decisions the journal has if the tables were not made from all of them; else 0.

    The journal only ever grows: from as many decisions means from the same.
    """
    decisions = lake.count(RawCatalogDecisions)
    lags = any(_folded(instance, dg.AssetKey(table_of(schema).asset_key)) != decisions for schema in _ENDS)
    return decisions if lags else 0


def _folded(instance: dg.DagsterInstance, key: dg.AssetKey) -> object:
    event = instance.get_latest_materialization_event(key)
    if event is None or event.asset_materialization is None:
        return None
    folded = event.asset_materialization.metadata.get(DECISIONS_FOLDED)
    return folded.value if folded is not None else None
