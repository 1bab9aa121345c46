"""The orders of all accounts in one list, as an ERP shows them that every shop of the seller is bound to.

Here: the merge by change time. Not here: one account's orders (see `search`), the wire form of any ERP.
"""

import heapq
from collections.abc import Iterator

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.paging import Key
from linkstar_pipelines.sandbox.search import END, Found


def erp_orders(bench: Bench, first: int, last: int, after: Key | None, now: int) -> Iterator[tuple[Key, Found]]:
    """Walk the orders of all accounts last changed in [first, last], oldest change first, from behind a key on.

    Keys are [instant, place of the account, rank of the order].
    """

    def of_account(place: int) -> Iterator[tuple[Key, Found]]:
        store = bench.world.stores[place]
        behind: Key | None = None
        if after is not None:
            at, reached, rank = int(after[0]), int(after[1]), int(after[2])
            # Of accounts before the one reached, all changes of that instant were shown; of those after it, none.
            behind = [at, rank] if place == reached else [at, END] if place < reached else [at, -1]
        for key, found in bench.index.updated(store, first, last, behind, now):
            yield [key[0], place, key[1]], found

    bench.world.reach(now)
    walks = [of_account(place) for place in range(len(bench.world.stores))]
    return heapq.merge(*walks, key=lambda entry: [int(part) for part in entry[0]])
