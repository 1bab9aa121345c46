"""The try-out installation: the product connected to the sandbox instead of real platforms.

Belongs here: which environment connects the two. The credentials are the sandbox's documented constants; they open
nothing else.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from linkstar_pipelines.schemas.platforms import PLATFORMS
from linkstar_pipelines.settings import Settings, load_settings

OPENS: Final = date(2026, 3, 1)
"""First day of the sandbox's order book."""

CLOSES: Final = date(2026, 5, 24)
"""Day on which the demo's order book closes."""

HISTORY_ENDS: Final = datetime.combine(CLOSES - timedelta(days=1), time.min, UTC)
"""Where the sandbox's clock stands while the demo reads the past."""

DEMO_ENDS: Final = datetime.combine(CLOSES + timedelta(days=1), time(6), UTC)
"""Where it stands at the end of the demo: six hours on, no order of the book can still be hidden as late."""


@dataclass(frozen=True)
class _Store:
    """A store of the sandbox: its settings, where `{url}` stands for the sandbox's address."""

    platform: str
    name: str
    time_zone: str
    settings: Mapping[str, str]


def _amazon(name: str, zone: str, marketplace_ids: str) -> _Store:
    return _Store(
        "amazon", name, zone,
        {
            "SELLER_ID": f"A1LINKSTAR{name.upper()}", "MARKETPLACE_IDS": marketplace_ids,
            "CLIENT_ID": f"sandbox-client-{name}", "CLIENT_SECRET": f"sandbox-secret-{name}",
            "REFRESH_TOKEN": f"sandbox-refresh-{name}",
            "ENDPOINT": "{url}", "AUTH_URL": "{url}/auth/o2/token",
        },
    )  # fmt: skip


_STORES: Final = (
    _amazon("na", "America/Los_Angeles", "ATVPDKIKX0DER"),
    _amazon("eu", "Europe/London", "A1F83G8C2ARO7P,A1PA6795UKMFR9"),
)

ACCOUNTS: Final = ",".join(store.name.upper() for store in _STORES)
"""Accounts of the sandbox that trade in the demo."""


def is_trial(settings: Settings) -> bool:
    """True when no store is connected: the product may be tried against the sandbox."""
    return not settings.stores


def connect(url: str, opens: date, *, faulty: bool = False) -> Settings:
    """Point this process and its children to a sandbox; returns the settings that follow.

    Args:
        url: Where the sandbox listens.
        opens: First day of its order book.
        faulty: Its faults are switched on: most requests must then be repeated many times.
    """
    variables = {
        "LINKSTAR_FX_URL": f"{url}/stats/eurofxref/eurofxref-hist.zip",
        "LINKSTAR_HISTORY_START": opens.isoformat(),
    }
    if faulty:
        variables |= {"LINKSTAR_HTTP_MAX_ATTEMPTS": "60", "LINKSTAR_HTTP_TIMEOUT_SECONDS": "2"}
    for platform in PLATFORMS:
        names = [store.name for store in _STORES if store.platform == platform]
        variables[f"LINKSTAR_{platform.upper()}_STORES"] = ",".join(names)
    for store in _STORES:
        prefix = f"LINKSTAR_{store.platform.upper()}_{store.name.upper()}_"
        variables |= {prefix + name: value.format(url=url) for name, value in store.settings.items()}
        variables[f"{prefix}TIME_ZONE"] = store.time_zone
    os.environ.update(variables)
    return load_settings()
