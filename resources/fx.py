"""The source of reference exchange rates as a Dagster resource."""

from datetime import date

import dagster as dg

from linkstar_pipelines.connectors.ecb import ReferenceRate, fetch_rates
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.settings import load_settings


class FxResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # hands out rates, not itself
    """Fetches the rates from `LINKSTAR_FX_URL`."""

    def rates(self, *, since: date) -> list[ReferenceRate]:
        """Rates from `since` on.

        Raises:
            ConnectorError: the source does not answer, or its file is not in the expected form.
        """
        settings = load_settings()
        with HttpCore.of(settings) as http:
            return fetch_rates(settings.fx_url, http, since=since)
