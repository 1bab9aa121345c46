"""Faults that can be switched on: their names, probabilities and draws.

Here: which fault strikes which request. Draws depend on (seed, operation, count of that operation's requests), so a
run that sends the same requests meets the same faults, however operations interleave.
Not here: how a fault shows on the wire (see `amazon.gateway`, `amazon.paging`, `amazon.orders`).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.instants import HOUR

TRANSPORT = ("quota_429", "error_500", "error_503", "timeout_before", "timeout_after", "truncated_body")
"""Strike any request; at most one per request, the first that is drawn."""
STREAM = ("duplicate_page", "missing_page")
"""Strike pages of orders, listings, inventory and finances."""
DATA = ("late_orders",)
"""Strike single orders: a new version shows up in searchOrders only up to six virtual hours later."""
APART = ("malformed_order", "clock_skew")
"""Off unless named: not part of `all`."""
NAMES = (*TRANSPORT, *STREAM, *DATA, *APART)
LATE_ORDERS_HOURS = 6


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Probability of each fault, and the seconds that a timeout lasts."""

    probabilities: dict[str, float] = field(default_factory=dict)
    delay: float = 3.0

    @classmethod
    def from_texts(cls, texts: Iterable[str], delay: float = 3.0) -> "FaultPlan":
        """Read `name=probability` texts; `all` names every fault but those of `APART`.

        Raises:
            ValueError: A name is unknown or a probability is not within 0 and 1.
        """
        plan = cls({}, delay)
        for text in texts:
            name, _, value = text.partition("=")
            try:
                probability = float(value)
            except ValueError as problem:
                raise ValueError(f"fault {text!r} is not of the form NAME=PROBABILITY") from problem
            plan = plan.changed({name: probability}, delay)
        return plan

    def changed(self, changes: dict[str, float], delay: float | None = None) -> "FaultPlan":
        """Return the plan with some probabilities changed (see `from_texts`)."""
        probabilities = dict(self.probabilities)
        for name, probability in changes.items():
            if name != "all" and name not in NAMES:
                raise ValueError(f"fault {name!r} unknown; there are all, {', '.join(NAMES)}")
            if not 0 <= probability <= 1:
                raise ValueError(f"fault {name}: probability {probability} is not within 0 and 1")
            named = (*TRANSPORT, *STREAM, *DATA) if name == "all" else (name,)
            probabilities.update(dict.fromkeys(named, probability))
        return replace(self, probabilities=probabilities, delay=self.delay if delay is None else delay)

    def chance_of(self, name: str) -> float:
        """Return the probability of one fault."""
        return self.probabilities.get(name, 0.0)


@dataclass(frozen=True, slots=True)
class Strike:
    """The faults drawn for one request; `half` picks one of two shapes where a fault has two."""

    transport: str | None = None
    duplicate_page: bool = False
    missing_page: bool = False
    clock_skew: bool = False
    half: bool = False


class FaultDesk:
    """Draws the faults of each request; its plan can be changed while the sandbox runs."""

    def __init__(self, seed: int, plan: FaultPlan) -> None:
        self.plan = plan
        self._seed = seed
        self._requests: Counter[str] = Counter()

    def change(self, changes: dict[str, float], delay: float | None) -> None:
        """Change the plan and start the draws anew, so that a drill can be repeated."""
        self.plan = self.plan.changed(changes, delay)
        self._requests.clear()

    def draw(self, operation: str) -> Strike:
        """Draw the faults of the operation's next request."""
        self._requests[operation] += 1
        count = self._requests[operation]
        if not any(self.plan.probabilities.values()):
            return Strike()

        def hit(name: str) -> bool:
            return chance.unit(self._seed, "fault", name, operation, count) < self.plan.chance_of(name)

        return Strike(
            transport=next((name for name in TRANSPORT if hit(name)), None),
            duplicate_page=hit("duplicate_page"),
            missing_page=hit("missing_page"),
            clock_skew=hit("clock_skew"),
            half=chance.unit(self._seed, "half", operation, count) < 0.5,
        )

    def lateness(self, order_id: str, version: int) -> int:
        """Return how many virtual seconds the search index lags behind for one version of an order."""
        probability = self.plan.chance_of("late_orders")
        if not probability or chance.unit(self._seed, "late", order_id, version) >= probability:
            return 0
        return 60 + chance.number(self._seed, "lag", order_id, version) % (LATE_ORDERS_HOURS * HOUR - 60)

    def malformed(self, order_id: str, version: int) -> int | None:
        """Return which part of an order the search spoils (0, 1 or 2), None for a sound one."""
        probability = self.plan.chance_of("malformed_order")
        if not probability or chance.unit(self._seed, "malformed", order_id, version) >= probability:
            return None
        return chance.number(self._seed, "spoiled", order_id, version) % 3
