"""The lake as a Dagster resource."""

import dagster as dg
import polars as pl

from linkstar_pipelines.settings import Settings, load_settings
from linkstar_pipelines.storage.lake import Lake, open_lake
from linkstar_pipelines.storage.postgres import Postgres, open_postgres


class LakeResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # hands out `open()`, not itself
    """Opens the lake of this installation."""

    def settings(self) -> Settings:
        """The installation's settings, read from the environment of the run."""
        return load_settings()

    def postgres(self) -> Postgres:
        """The operational database."""
        return open_postgres(self.settings())

    def open(self) -> Lake:
        """The lake; one connection per thread, shared by all steps of a run."""
        return open_lake(self.settings())

    def time_zones(self) -> pl.DataFrame:
        """Time zone of every store that is or was connected: columns `store`, `time_zone`."""
        settings = self.settings()
        zones = dict.fromkeys(
            self.open().query("SELECT DISTINCT store FROM core.orders WHERE platform <> 'import'")["store"],
            settings.time_zone,
        )
        zones |= settings.time_zones()
        return pl.DataFrame(
            {"store": list(zones), "time_zone": list(zones.values())},
            schema={"store": pl.String, "time_zone": pl.String},
        )
