"""The try-out installation: the product connected to the sandbox instead of real platforms.

Belongs here: which environment connects the two. The credentials are the sandbox's documented constants; they open
nothing else.
"""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

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
    name: str
    seller_id: str
    marketplace_ids: str
    time_zone: str


_STORES: Final = (
    _Store("na", "A1LINKSTARNA", "ATVPDKIKX0DER", "America/Los_Angeles"),
    _Store("eu", "A1LINKSTAREU", "A1F83G8C2ARO7P,A1PA6795UKMFR9", "Europe/London"),
)


def is_trial(settings: Settings) -> bool:
    """True when no store is connected: the product may be tried against the sandbox."""
    return not settings.amazon_stores


def connect(url: str, opens: date, *, faulty: bool = False) -> Settings:
    """Point this process and its children to a sandbox; returns the settings that follow.

    Args:
        url: Where the sandbox listens.
        opens: First day of its order book.
        faulty: Its faults are switched on: most requests must then be repeated many times.
    """
    variables = {
        "LINKSTAR_AMAZON_STORES": ",".join(store.name for store in _STORES),
        "LINKSTAR_FX_URL": f"{url}/stats/eurofxref/eurofxref-hist.zip",
        "LINKSTAR_HISTORY_START": opens.isoformat(),
    }
    if faulty:
        variables |= {"LINKSTAR_HTTP_MAX_ATTEMPTS": "60", "LINKSTAR_HTTP_TIMEOUT_SECONDS": "2"}
    for store in _STORES:
        prefix = f"LINKSTAR_AMAZON_{store.name.upper()}_"
        variables |= {
            f"{prefix}SELLER_ID": store.seller_id,
            f"{prefix}MARKETPLACE_IDS": store.marketplace_ids,
            f"{prefix}CLIENT_ID": f"sandbox-client-{store.name}",
            f"{prefix}CLIENT_SECRET": f"sandbox-secret-{store.name}",
            f"{prefix}REFRESH_TOKEN": f"sandbox-refresh-{store.name}",
            f"{prefix}ENDPOINT": url,
            f"{prefix}AUTH_URL": f"{url}/auth/o2/token",
            f"{prefix}TIME_ZONE": store.time_zone,
        }
    os.environ.update(variables)
    return load_settings()
