"""Rate budgets: one token bucket per platform, store (or application) and operation, shared by all processes.

Belongs here: taking, learning and emptying a bucket in `ops.rate_budget`. Time is the database server's, so
processes on several machines agree. A backfill takes only what is above a floor: the present goes first.
Does not belong here: waiting (the HTTP core waits, outside of any transaction), or the documented plans.
"""

from dataclasses import dataclass
from typing import Final

from linkstar_pipelines.storage.postgres import Postgres

# Grants are spaced at the client, limits are counted at the platform: requests that overtake each other on the
# way would exceed an exactly equal bucket. So a little of the plan is left unused.
RATE_SHARE: Final = 0.985
BURST_SHARE: Final = 0.95

YIELDING_FLOOR: Final = 0.3
"""Share of a full bucket that a backfill leaves to whatever follows the present."""

_TAKE: Final = """
    INSERT INTO ops.rate_budget AS b (platform, store, operation, rate_per_second, burst, tokens)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (platform, store, operation) DO UPDATE SET
        tokens = LEAST(b.burst, b.tokens + b.rate_per_second * extract(epoch FROM clock_timestamp() - b.updated_at))
                 - 1,
        updated_at = clock_timestamp()
    WHERE LEAST(b.burst, b.tokens + b.rate_per_second * extract(epoch FROM clock_timestamp() - b.updated_at))
          >= LEAST(b.burst, 1 + %s * b.burst)
    RETURNING rate_per_second, learned_at IS NOT NULL
"""
_WAIT: Final = """
    SELECT (LEAST(burst, 1 + %s * burst) - tokens) / rate_per_second
               - extract(epoch FROM clock_timestamp() - updated_at),
           rate_per_second, learned_at IS NOT NULL
    FROM ops.rate_budget WHERE platform = %s AND store = %s AND operation = %s
"""
_LEARN: Final = """
    UPDATE ops.rate_budget SET
        tokens = LEAST(burst, tokens + rate_per_second * extract(epoch FROM clock_timestamp() - updated_at)),
        rate_per_second = %s, updated_at = clock_timestamp(), learned_at = clock_timestamp()
    WHERE platform = %s AND store = %s AND operation = %s AND (learned_at IS NULL OR rate_per_second <> %s)
"""
_EMPTY: Final = """
    UPDATE ops.rate_budget SET
        tokens = LEAST(0, 1 - rate_per_second * %s, tokens),
        updated_at = clock_timestamp()
    WHERE platform = %s AND store = %s AND operation = %s
"""


@dataclass(frozen=True)
class Plan:
    """The documented usage plan of an operation.

    Attributes:
        rate: Requests per second.
        burst: Requests at once.
        window: Seconds after which a platform that counts by the clock lets a throttled caller in again. Such a plan is
            all that is ever known: repetitions keep to it too. 0 where rates flow and answers may tell them.
    """

    rate: float
    burst: float
    window: float = 0.0


@dataclass(frozen=True)
class Grant:
    """Answer to one request for a token.

    Attributes:
        wait: seconds to try again after, 0 when the token was taken.
        rate: requests per second that the platform grants, as far as known, before the safety share is taken off.
        learned: whether that rate comes from the platform's answers, or is all that is ever known (`Plan.window`); else
            the documented one may be far too low.
    """

    wait: float
    rate: float
    learned: bool

    @property
    def granted(self) -> bool:
        """Whether the token was taken."""
        return self.wait <= 0


class RateBudget:
    """The buckets in `ops.rate_budget`."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def take(self, platform: str, store: str, operation: str, plan: Plan, *, floor: float = 0.0) -> Grant:
        """Take one token if there is one; a bucket not seen before starts full, with the documented plan.

        Args:
            platform: Platform.
            store: Whom the platform counts by: the store, or the application.
            operation: Operation.
            plan: Documented usage plan.
            floor: Share of a full bucket to leave for others.
        """
        burst = max(1.0, plan.burst * BURST_SHARE)
        key = (platform, store, operation)
        taken = self._run(_TAKE, *key, plan.rate * RATE_SHARE, burst, burst - 1, floor)
        if taken:
            return Grant(wait=0, rate=taken[0] / RATE_SHARE, learned=bool(taken[1] or plan.window))
        row = self._run(_WAIT, floor, *key)
        if row is None:
            # The bucket was removed in between: try again.
            return Grant(wait=0.001, rate=plan.rate, learned=plan.window > 0)
        return Grant(wait=max(0.001, row[0]), rate=row[1] / RATE_SHARE, learned=bool(row[2] or plan.window))

    def known(self) -> list[tuple[str, str, str, float, float, float, bool]]:
        """Every bucket: platform, owner, operation, rate (requests per second), burst, tokens now, learned or not."""
        rows = self._postgres.fetch(
            "SELECT platform, store, operation, rate_per_second, burst, LEAST(burst, tokens + rate_per_second * "
            "extract(epoch FROM clock_timestamp() - updated_at)), learned_at IS NOT NULL FROM ops.rate_budget "
            "ORDER BY platform, store, operation"
        )
        return [(*row[:3], row[3] / RATE_SHARE, float(row[4]), float(row[5]), bool(row[6])) for row in rows]

    def learn(self, platform: str, store: str, operation: str, rate: float) -> None:
        """Set the rate (requests per second) that the platform says it grants; takes effect at once."""
        share = rate * RATE_SHARE
        self._run(_LEARN, share, platform, store, operation, share)

    def empty(self, platform: str, store: str, operation: str, *, window: float = 0.0) -> None:
        """Empty the bucket: the platform said that there was no token left, for `window` seconds at least."""
        self._run(_EMPTY, window, platform, store, operation)

    def _run(self, statement: str, *values: object) -> tuple[float, ...] | None:
        with self._postgres.connection() as connection:
            # A crash may forget the last moments of a bucket: not worth a disk write on every call.
            connection.execute("SET LOCAL synchronous_commit = off")
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchone() if cursor.description else None
