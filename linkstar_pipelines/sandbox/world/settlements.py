"""Settlements: two-week periods per account and currency, and the money that counts in each.

Here: the periods, the transactions of each, and the reserve that one period holds back and the next one gives back.
A marketplace's periods start on its own day of the fortnight, the first one at or before the world's opening. A
transaction counts in the period of its `settled` instant, so a deferred one counts when it is released. The postings
plus the previous reserve, less the reserve, are the payout exactly.
Not here: the money itself (see `money`), the settlement file (see `amazon.flat_file`).
"""

from collections import defaultdict
from dataclasses import dataclass

from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Account, Marketplace
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.instants import DAY, HOUR, start_of
from linkstar_pipelines.sandbox.world.money import Transaction
from linkstar_pipelines.sandbox.world.store import Store

LETTERS_AND_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PERIOD, DEPOSIT_AFTER = 14 * DAY, 2 * DAY
FIRST_START = {"US": 0, "UK": -3, "DE": -6, "JP": -9}
"""Days from the world's opening to the start of the first period."""
RESERVE_DIVISOR = 10
"""The reserve is one tenth of what the period's transactions brought."""


@dataclass(frozen=True, slots=True, eq=False)
class Settlement:
    """One closed period [start, end) of a marketplace; reserves are positive minor units."""

    id: str
    account: Account
    market: Marketplace
    start: int
    end: int
    previous_reserve: int
    reserve: int
    transactions: tuple[Transaction, ...]

    @property
    def total(self) -> int:
        """The payout in minor units."""
        return sum(transaction.total for transaction in self.transactions) + self.previous_reserve - self.reserve

    @property
    def deposited(self) -> int:
        """When the payout reaches the bank."""
        return self.end + DEPOSIT_AFTER

    @property
    def reported(self) -> int:
        """When the report appears: one to eight hours after the period."""
        return self.end + HOUR + chance.number("reported", self.id) % (7 * HOUR)

    @property
    def report_id(self) -> str:
        """The id of the report, unique within the account."""
        return f"{chance.number('report', self.id) % 9 * 10**10 + int(self.id)}"

    @property
    def document_id(self) -> str:
        """The id of the report's document."""
        text = chance.code(32, "0123456789abcdef", "document", self.id)
        parts = (text[:8], text[8:12], text[12:16], text[16:20], text[20:])
        return f"amzn1.spdoc.1.4.{self.account.code.lower()}.{'-'.join(parts)}"


class SettlementBook:
    """All settlements of the world; a closed period never changes, so each is made once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._made: dict[str, list[Settlement]] = {}
        self._sorted_in: dict[str, int] = {}
        self._periods: defaultdict[tuple[str, int], list[Transaction]] = defaultdict(list)

    def reported(self, account: Account, now: int) -> list[Settlement]:
        """List the account's settlements whose report has appeared at `now`, oldest first.

        A period in which no money moved has no settlement.
        """
        store = self._world.reach(now).store(account.code)
        self._sort_in(store)
        found = [settlement for market in account.marketplaces for settlement in self._closed(account, market, now)]
        return sorted(
            (s for s in found if s.reported <= now and (s.transactions or s.previous_reserve)),
            key=lambda settlement: (settlement.end, settlement.id),
        )

    def group_id(self, account: Account, market: Marketplace, instant: int) -> str:
        """Return the id of the financial event group (the open or closed settlement) that an instant belongs to."""
        return chance.code(30, LETTERS_AND_DIGITS, "group", _id(account, market, self._period_of(market, instant)))

    def _first_start(self, market: Marketplace) -> int:
        return start_of(self._world.plan.opens) + FIRST_START.get(market.code, 0) * DAY

    def _period_of(self, market: Marketplace, instant: int) -> int:
        return (instant - self._first_start(market)) // PERIOD

    def _sort_in(self, store: Store) -> None:
        """Put the transactions that are new since the last time into their periods."""
        code = store.account.code
        for transaction in store.transactions[self._sorted_in.get(code, 0) :]:
            period = self._period_of(transaction.market, transaction.settled)
            self._periods[transaction.market.code, period].append(transaction)
        self._sorted_in[code] = len(store.transactions)

    def _closed(self, account: Account, market: Marketplace, now: int) -> list[Settlement]:
        made = self._made.setdefault(market.code, [])
        while self._first_start(market) + (len(made) + 1) * PERIOD <= now:
            made.append(self._close(account, market, len(made), made[-1].reserve if made else 0))
        return made

    def _close(self, account: Account, market: Marketplace, period: int, previous_reserve: int) -> Settlement:
        start = self._first_start(market) + period * PERIOD
        transactions = sorted(self._periods[market.code, period], key=lambda t: (t.settled, t.id))
        earned = sum(transaction.total for transaction in transactions)
        return Settlement(
            id=_id(account, market, period),
            account=account,
            market=market,
            start=start,
            end=start + PERIOD,
            previous_reserve=previous_reserve,
            reserve=max(earned, 0) // RESERVE_DIVISOR,
            transactions=tuple(transactions),
        )


def _id(account: Account, market: Marketplace, period: int) -> str:
    return f"{10**10 + chance.number('settlement', account.code, market.code, period) % 10**10}"
