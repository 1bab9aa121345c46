"""The connected accounts of all ERPs as a Dagster resource."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from linkstar_pipelines.connectors.erp_registry import erp_named
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.observations import spare_the_collector
from linkstar_pipelines.connectors.pulls import Pull, Pulls, pull_stores
from linkstar_pipelines.settings import load_settings


class ErpsResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # does the pulling, hands out nothing
    """Pulls from the connected accounts; an ERP is history, so a floor of every rate budget is left to others."""

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 - Dagster's interface
        """Prepare the process for many payloads."""
        spare_the_collector()

    def pull(self, erp_name: str, pull: Callable[[Any], Pull]) -> Pulls:
        """Pull one stream from all accounts of an ERP.

        An account that lacks a variable or does not answer is named in the result and keeps no other from being read.
        """
        settings, erp = load_settings(), erp_named(erp_name)
        with HttpCore.of(settings, yielding=True) as http:
            return pull_stores(
                settings.erp_accounts.get(erp_name, ()), lambda name: pull(erp.client(erp.store.load(name), http))
            )
