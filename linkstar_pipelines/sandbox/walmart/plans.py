"""Usage plans of the Walmart side, and what is left of them.

Walmart publishes no table of its rates: these are the sandbox's own, generous enough for a careful client.
Not here: the buckets' arithmetic (see `sandbox.quota`).
"""

import math

from linkstar_pipelines.sandbox.quota import Plans, QuotaDesk

PLANS: Plans = {  # operation: (requests per second, burst)
    "getTokenDetail": (5, 50),
    "getAllOrders": (5, 50),
    "getAnOrder": (5, 50),
    "acknowledgeOrders": (5, 50),
    "shippingUpdates": (5, 50),
    "getAllItems": (5, 50),
    "getInventories": (5, 50),
    "getInventory": (5, 50),
    "getWFSInventory": (5, 50),
    "updateInventory": (5, 50),
    "getReturns": (5, 50),
    "getReconReportDates": (2, 20),
    "getReconReport": (2, 20),
}


class TokenCounts(QuotaDesk):
    """The buckets, which can also tell what is left."""

    def left(self, account_code: str, operation: str) -> int:
        """Return the requests left in the bucket."""
        bucket = self._buckets.get((account_code, operation))
        return math.floor(bucket.level) if bucket else 0

    def pause(self, operation: str) -> float:
        """Return the seconds after which one more request is allowed."""
        rate = self.rate(operation)
        return 1 / rate if rate else 0.0
