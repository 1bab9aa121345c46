"""What a person needs to connect a store: where the console shows what, what to grant, and the platform's quotas.

Belongs here: the types that the `guide.py` of every platform's package fills in, and finding it.
Does not belong here: asking, testing or showing anything (`operations/connect.py`).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.schemas.platforms import Stream
from linkstar_pipelines.storage.rate_budget import Plan


@dataclass(frozen=True)
class Permission:
    """One thing beside reading that the product may do with a store.

    Attributes:
        subject: What it is, such as `stock push`.
        grant: What to grant for it, in the console's words.
        scopes: The scopes it takes, all of them, as `Guide.granted` names them; empty where no platform tells.
        probe: A call of the store's client that needs it and changes nothing; None where there is none.
    """

    subject: str
    grant: str
    scopes: tuple[str, ...] = ()
    probe: Callable[[Any], object] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Quota:
    """How often an operation may be called.

    Attributes:
        operation: As in the call log.
        plan: Usage plan: calls a second, and calls at once.
        source: Where the plan comes from: `documented` by the platform, of its `smallest plan` where it
            has several, `recalled` and not verified, or `our own` brake where the platform publishes none.
    """

    operation: str
    plan: Plan
    source: str = "documented"


@dataclass(frozen=True)
class Guide:
    """What a person needs to connect a store of one platform.

    Attributes:
        console: Where each thing that is asked for is found.
        grants: What to grant for each stream that the platform offers.
        permissions: What the product may do beside reading streams.
        quotas: The quota of every operation; empty where the platform publishes none and we keep none.
        granted: Asks the platform which scopes the store's credentials have; None where no call tells.
    """

    console: str
    grants: Mapping[Stream, str]
    permissions: tuple[Permission, ...]
    quotas: tuple[Quota, ...] = ()
    granted: Callable[[Any, HttpCore], Collection[str]] | None = field(default=None, repr=False)


def guide_of(platform: str) -> Guide:
    """Return the guide of a registered platform.

    Raises:
        ModuleNotFoundError: there is no such platform.
    """
    guide: Guide = import_module(f"linkstar_pipelines.connectors.{platform}.guide").GUIDE
    return guide


def quotas_of(
    operations: ModuleType, kind: type[Any], plan: Callable[[Any], Plan | None], source: str
) -> tuple[Quota, ...]:
    """Return the quota of every operation that an `operations.py` declares.

    Args:
        operations: The module.
        kind: Its class of operations.
        plan: The plan of one of them, None where it has none.
        source: Where the plans come from (see `Quota`).
    """
    declared = [(value.name, plan(value)) for value in vars(operations).values() if isinstance(value, kind)]
    return tuple(Quota(name, limits, source) for name, limits in declared if limits is not None)
