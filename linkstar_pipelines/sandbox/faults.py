"""Faults that can be switched on: their names, probabilities and draws.

Here: which fault strikes which request. Draws depend on (seed, operation, count of that operation's requests), so a
run that sends the same requests meets the same faults, however operations interleave.
Not here: how a fault shows on the wire (see `gateway`, `paging`, `search`, `spoiling`).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.instants import HOUR

EMPTY_BODY = "empty_body"
TRANSPORT = ("quota_429", "error_500", "error_503", "timeout_before", "timeout_after", "truncated_body")
"""Strike any request; at most one per request, the first that is drawn."""
UNSEEN = frozenset({"timeout_before", "timeout_after", "truncated_body", "error_500", "error_503", EMPTY_BODY})
"""Faults after which the client has not seen what the request gave: nothing that can be given only once is spent."""
STREAM = ("duplicate_page", "missing_page")
"""Strike pages of orders, listings, inventory and finances."""
DATA = ("late_orders",)
"""Strike single orders: a new version shows up in lists of orders only up to `late_hours` virtual hours later."""
APART = (
    "malformed_order", "bad_orders", "clock_skew", "token_expiry", "empty_page", "disorder", "schema_additions",
)  # fmt: skip
"""Off unless named: not part of `all`. `bad_orders` and `malformed_order` strike single orders, `schema_additions` all
answers of an operation, the others single requests."""
NAMES = (*TRANSPORT, *STREAM, *DATA, *APART)
LATE_ORDERS_HOURS = 6
BAD_WAYS = ("unknown_sku", "implausible_date", "missing_currency", "broken_text")
"""What is wrong with a bad order, by turns."""


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Probability of each fault, the seconds that a timeout lasts, and the virtual hours an order is late at most."""

    probabilities: dict[str, float] = field(default_factory=dict)
    delay: float = 3.0
    late_hours: int = LATE_ORDERS_HOURS

    @classmethod
    def from_texts(cls, texts: Iterable[str], delay: float = 3.0, late_hours: int = LATE_ORDERS_HOURS) -> "FaultPlan":
        """Read `name=probability` texts; `all` names every fault but those of `APART`.

        Raises:
            ValueError: A name is unknown, a probability is not within 0 and 1, or orders are late by no hour.
        """
        if late_hours < 1:
            raise ValueError(f"orders cannot be late by up to {late_hours} hours; say 1 or more")
        plan = cls({}, delay, late_hours)
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
    empty_page: bool = False
    disorder: bool = False
    token_expiry: bool = False
    clock_skew: bool = False
    half: bool = False


class FaultDesk:
    """Draws the faults of each request; its plan can be changed while the sandbox runs."""

    def __init__(self, seed: int, plan: FaultPlan) -> None:
        self.plan = plan
        self._seed = seed
        self._requests: Counter[str] = Counter()
        self._turns: dict[str, int] = {}
        self.spoiled: dict[str, str] = {}
        """What was wrong with every bad order that was shown, by order id."""

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

        half = chance.unit(self._seed, "half", operation, count) < 0.5
        empty = hit("empty_page")
        struck = next((name for name in TRANSPORT if hit(name)), None)
        return Strike(
            # An empty page has two shapes: a list without entries, and no byte at all.
            transport=struck or (EMPTY_BODY if empty and half else None),
            duplicate_page=hit("duplicate_page"),
            missing_page=hit("missing_page"),
            empty_page=empty and not half,
            disorder=hit("disorder"),
            token_expiry=hit("token_expiry"),
            clock_skew=hit("clock_skew"),
            half=half,
        )

    def adds_fields(self, operation: str) -> bool:
        """Tell whether the platform has given an operation's answers new fields: for good, not for one request."""
        return chance.unit(self._seed, "additions", operation) < self.plan.chance_of("schema_additions")

    def lateness(self, order_id: str, version: int) -> int:
        """Return how many virtual seconds the search index lags behind for one version of an order."""
        probability = self.plan.chance_of("late_orders")
        if not probability or chance.unit(self._seed, "late", order_id, version) >= probability:
            return 0
        return 60 + chance.number(self._seed, "lag", order_id, version) % (self.plan.late_hours * HOUR - 60)

    def malformed(self, order_id: str, version: int) -> int | None:
        """Return which part of an order the search spoils (0, 1 or 2), None for a sound one."""
        probability = self.plan.chance_of("malformed_order")
        if not probability or chance.unit(self._seed, "malformed", order_id, version) >= probability:
            return None
        return chance.number(self._seed, "spoiled", order_id, version) % 3

    def bad(self, order_id: str) -> str | None:
        """Return what is wrong with an order in all its versions (of `BAD_WAYS`), None for a sound one."""
        probability = self.plan.chance_of("bad_orders")
        if not probability or chance.unit(self._seed, "bad", order_id) >= probability:
            return None
        turn = self._turns.setdefault(order_id, len(self._turns))
        return BAD_WAYS[turn % len(BAD_WAYS)]
