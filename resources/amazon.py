"""The connected Amazon stores as a Dagster resource."""

from collections.abc import Callable, Collection
from typing import Final

import dagster as dg

from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.amazon.pulls import Pull, Pulls, pull_stores
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.settings import load_settings

STORES_TAG: Final = "linkstar/stores"
"""Run tag that limits a run to some stores, comma-separated."""


class AmazonResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # does the pulling, hands out nothing
    """Pulls from the stores named in `LINKSTAR_AMAZON_STORES`."""

    def pull(self, only: Collection[str] | None, pull: Callable[[AmazonClient], Pull]) -> Pulls:
        """Pull one stream from all stores, or from those named.

        A store that lacks a variable or does not answer is named in the result and keeps no other from being read.
        """
        settings = load_settings()
        stores = [name for name in settings.amazon_stores if only is None or name in only]
        with HttpCore.of(settings) as http:
            return pull_stores(stores, lambda name: pull(AmazonClient(settings.amazon_store(name), http)))
