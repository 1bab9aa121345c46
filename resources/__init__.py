"""Dagster resources: thin adapters that open what assets need (the lake, the platforms, the rules).

Belongs here: `ConfigurableResource` classes that read the settings at run time and hand out plain objects.
Does not belong here: any logic; it lives in `storage/`, `connectors/` and `rules/`.
"""
