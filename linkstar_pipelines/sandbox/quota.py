"""Usage plans: a token bucket per (selling account, operation).

Here: the buckets. The rate is multiplied by the scale of the sandbox; the burst stays as documented but never less
than one second's worth of the scaled rate. Buckets fill by the machine's clock.
Not here: the plans of a platform, or its answer when a bucket is empty.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

Plans = Mapping[str, tuple[float, int]]
"""Operation: requests per second, and burst."""


@dataclass(slots=True)
class _Bucket:
    level: float
    filled: float


class QuotaDesk:
    """Keeps the buckets of all accounts and operations of one platform.

    Args:
        plans: Rate in requests per second and burst, by operation.
        scale: Multiplies every rate.
    """

    def __init__(self, plans: Plans, scale: float) -> None:
        self._plans = plans
        self._scale = scale
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def rate(self, operation: str) -> float | None:
        """Return the scaled rate in requests per second; None for an operation without a plan."""
        plan = self._plans.get(operation)
        return plan[0] * self._scale if plan else None

    def spend(self, account_code: str, operation: str) -> bool:
        """Take one request from the bucket; False when it is empty."""
        rate = self.rate(operation)
        if rate is None:
            return True
        burst = max(self._plans[operation][1], math.ceil(rate))
        now = time.monotonic()
        bucket = self._buckets.setdefault((account_code, operation), _Bucket(burst, now))
        bucket.level = min(burst, bucket.level + (now - bucket.filled) * rate)
        bucket.filled = now
        if bucket.level < 1:
            return False
        bucket.level -= 1
        return True
