"""Usage plans: a token bucket per (selling account, operation), with Amazon's documented rates and bursts.

Here: the plans and the buckets. The rate is multiplied by the scale of the sandbox; the burst stays as documented
but never less than one second's worth of the scaled rate. Buckets fill by the machine's clock.
Not here: the 429 answer itself (see `gateway`).
"""

import math
import time
from dataclasses import dataclass

PLANS: dict[str, tuple[float, int]] = {  # operation: (requests per second, burst)
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "getInventorySummaries": (2, 2),
    "searchListingsItems": (5, 5),
    "getListingsItem": (5, 10),
    "patchListingsItem": (5, 5),
    "listTransactions": (0.5, 10),
    "getReports": (0.0222, 10),
    "createReport": (0.0167, 15),
    "getReport": (2, 15),
    "getReportDocument": (0.0167, 15),
}


@dataclass(slots=True)
class _Bucket:
    level: float
    filled: float


class QuotaDesk:
    """Keeps the buckets of all accounts and operations."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def rate(self, operation: str) -> float | None:
        """Return the scaled rate in requests per second; None for an operation without a plan."""
        plan = PLANS.get(operation)
        return plan[0] * self._scale if plan else None

    def spend(self, account_code: str, operation: str) -> bool:
        """Take one request from the bucket; False when it is empty."""
        rate = self.rate(operation)
        if rate is None:
            return True
        burst = max(PLANS[operation][1], math.ceil(rate))
        now = time.monotonic()
        bucket = self._buckets.setdefault((account_code, operation), _Bucket(burst, now))
        bucket.level = min(burst, bucket.level + (now - bucket.filled) * rate)
        bucket.filled = now
        if bucket.level < 1:
            return False
        bucket.level -= 1
        return True
