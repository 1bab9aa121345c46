"""The platforms by name: each package in `connectors/` that `schemas/platforms.py` registers.

Belongs here: finding a platform's `PLATFORM`. Does not belong here: anything about one of them.
"""

from functools import cache
from importlib import import_module

from linkstar_pipelines.connectors.platform import Platform


@cache
def platform_named(name: str) -> Platform:
    """Return a registered platform; its package is imported on first use.

    Raises:
        ModuleNotFoundError: there is no such platform.
    """
    platform: Platform = import_module(f"linkstar_pipelines.connectors.{name}.platform").PLATFORM
    return platform
