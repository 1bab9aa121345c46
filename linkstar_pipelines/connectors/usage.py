"""What calls cost: how many were made, how long they took, and how long they waited for rate budget.

Belongs here: counting, per platform, store and operation, for one HTTP core.
Does not belong here: the budgets themselves (`storage/rate_budget.py`), or the log of calls (`storage/call_log.py`).
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from linkstar_pipelines.connectors.request import Request


@dataclass(frozen=True)
class Usage:
    """What one operation has cost one store so far.

    Attributes:
        owner: Whom the platform counts by: the store, or its application.
        calls: Exchanges, repetitions included.
        seconds: Time that these exchanges took.
        waited: Seconds waited for rate budget.
    """

    owner: str
    calls: int = 0
    seconds: float = 0.0
    waited: float = 0.0


class UsageMeter:
    """Counts for all connectors of a process; safe to share between threads."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str, str], Usage] = {}
        self._lock = threading.Lock()

    def exchanged(self, request: Request, seconds: float) -> None:
        """Count one exchange."""
        self._add(request, calls=1, seconds=seconds)

    def waited(self, request: Request, seconds: float) -> None:
        """Count a wait for budget."""
        self._add(request, waited=seconds)

    def of(self, platform: str, store: str) -> dict[str, Usage]:
        """Usage of one store by operation."""
        with self._lock:
            return {key[2]: usage for key, usage in self._used.items() if key[:2] == (platform, store)}

    def _add(self, request: Request, calls: int = 0, seconds: float = 0.0, waited: float = 0.0) -> None:
        key = (request.platform, request.store, request.operation)
        with self._lock:
            so_far = self._used.get(key) or Usage(request.counted_by or request.store)
            self._used[key] = replace(
                so_far,
                calls=so_far.calls + calls,
                seconds=so_far.seconds + seconds,
                waited=so_far.waited + waited,
            )


def calls_since(before: Mapping[str, Usage], now: Mapping[str, Usage]) -> dict[str, int]:
    """Exchanges by operation between two looks at the same store."""
    made = {operation: usage.calls - (before[operation].calls if operation in before else 0)
            for operation, usage in now.items()}  # fmt: skip
    return {operation: calls for operation, calls in made.items() if calls}
