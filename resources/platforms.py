"""The connected stores of all platforms as a Dagster resource."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import dagster as dg
from pydantic import PrivateAttr

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.observations import spare_the_collector
from linkstar_pipelines.connectors.pulls import Pull, Pulls, pull_stores, seal
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.settings import load_settings
from linkstar_pipelines.storage.ingest_windows import IngestWindows, StreamOf
from linkstar_pipelines.storage.postgres import open_postgres
from resources.yielding import yields

STORES_TAG: Final = "linkstar/stores"
"""Run tag that limits a run to some stores, comma-separated."""


@dataclass(frozen=True)
class Proof:
    """How far a stream is proven whole.

    Attributes:
        cursor: Instant up to which every day of history is sealed.
        newest: Newest sealed instant; later than the cursor where there is a hole.
        unsealed: Windows of the run that are not sealed, with their state.
        missing: Records that are known to be missing now.
    """

    store: str
    cursor: datetime
    newest: datetime | None
    unsealed: dict[date, str]
    missing: list[str]

    @property
    def whole(self) -> bool:
        """Whether nothing of the run is open and nothing is known to be missing."""
        return not self.unsealed and not self.missing

    @property
    def hole(self) -> bool:
        """Whether a day before the newest sealed instant is not sealed."""
        return self.newest is not None and self.newest > self.cursor


class PlatformsResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # does the pulling, hands out nothing
    """Pulls from the connected stores; in runs over history, leaving a floor of every rate budget to others."""

    _yielding: bool = PrivateAttr(default=False)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Look whether the run yields, and prepare the process for many payloads."""
        spare_the_collector()
        tags = context.run.tags if context.run is not None else {}
        self._yielding = yields(tags, load_settings().reconcile_days)

    def pull(self, platform_name: str, only: Collection[str] | None, pull: Callable[[Any], Pull]) -> Pulls:
        """Pull one stream from all stores of a platform, or from those named.

        A store that lacks a variable or does not answer is named in the result and keeps no other from being read.
        """
        settings, platform = load_settings(), platform_named(platform_name)
        stores = [name for name in settings.stores_of(platform_name) if only is None or name in only]
        with HttpCore.of(settings, yielding=self._yielding) as http:
            return pull_stores(stores, lambda name: pull(platform.client(platform.store.load(name), http)))

    def seal(self, platform_name: str, stream: Stream, pulled: Pulls, late: Mapping[str, Collection[str]]) -> None:
        """Seal the windows of a pull whose rows are published (`connectors.pulls.seal`)."""
        seal(IngestWindows(open_postgres(load_settings())), platform_name, stream, pulled, late)

    def proofs(
        self, platform_name: str, stream: Stream, start: date, days: Collection[date], only: Collection[str] | None
    ) -> list[Proof]:
        """How far each store's stream is proven whole, for the stores of a run.

        Args:
            platform_name: Platform.
            stream: Its stream.
            start: First day of history.
            days: The run's days.
            only: The run's stores; None for all.
        """
        settings = load_settings()
        windows = IngestWindows(open_postgres(settings))
        stores = [store for store in settings.stores_of(platform_name) if only is None or store in only]
        found = [StreamOf(platform_name, store, stream.value) for store in stores]
        return [
            Proof(
                where.store,
                windows.cursor(where, start),
                max(windows.sealed_until(where).values(), default=None),
                windows.unsealed(where, days),
                windows.open_gaps(where),
            )
            for where in found
        ]
