"""The connected Amazon stores as a Dagster resource."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

import dagster as dg

from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.settings import Settings, load_settings
from linkstar_pipelines.storage.postgres import open_postgres

STORES_TAG: Final = "linkstar/stores"
"""Run tag that limits a run to some stores, comma-separated."""


def http_core(settings: Settings) -> HttpCore:
    """The HTTP core of these settings: budget, retries, call log."""
    return HttpCore(
        open_postgres(settings),
        timeout=settings.http_timeout_seconds,
        max_attempts=settings.http_max_attempts,
        max_wait=settings.http_max_wait_seconds,
    )


class AmazonResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # hands out clients, not itself
    """Opens one client per store named in `LINKSTAR_AMAZON_STORES`."""

    @contextmanager
    def clients(self, only: Collection[str] | None = None) -> Iterator[list[AmazonClient]]:
        """Lend the clients of all stores, or of those named; the call log is flushed at the end.

        Raises:
            ConfigurationError: a store lacks one of its variables.
        """
        settings = load_settings()
        with http_core(settings) as http:
            yield [AmazonClient(store, http) for store in settings.amazon() if only is None or store.name in only]
