"""The business rules as a Dagster resource."""

import dagster as dg

from linkstar_pipelines.rules.loading import Rules, load_rules
from linkstar_pipelines.settings import load_settings


class RulesResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # hands out rules, not itself
    """Reads the shipped rules, or the installation's own."""

    def load(self) -> Rules:
        """All rules.

        Raises:
            RuleError: a rule file is wrong.
        """
        return load_rules(load_settings())
