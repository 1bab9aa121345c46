"""Order and order line ids in the form of each platform.

Here: one maker of ids per platform; ids are unique within a platform, and the same in every run.
Not here: what else a platform calls things (its own package).
"""

from collections.abc import Callable
from dataclasses import dataclass

from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import Account, Marketplace
from linkstar_pipelines.sandbox.world.instants import day_of

_UPPER = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Place:
    """What an order id may depend on; `rank` is the order's number within its account."""

    seed: int
    account: Account
    market: Marketplace
    rank: int
    created: int

    def number(self, digits: int) -> int:
        """Return a number of at most so many digits that differs from order to order."""
        scattered = (self.rank * 7654321 + 1234567) % 10**7
        own = chance.number(self.seed, "order", self.account.code, self.rank) % int(10 ** (digits - 7))
        return own * 10**7 + scattered


def _amazon(place: Place) -> str:
    prefix = f"{place.market.order_prefix}{place.rank % 10}"
    middle = chance.number(place.seed, "order", place.market.code, place.rank) % 10**7
    return f"{prefix}-{middle:07d}-{(place.rank * 7654321 + 1234567) % 10**7:07d}"


def _ebay(place: Place) -> str:
    text = f"{place.number(12):012d}"
    return f"{10 + place.rank % 17:02d}-{text[:5]}-{text[7:]}{text[5:7]}"[:14]


def _walmart(place: Place) -> str:
    return f"{_shop(place)}{place.number(11):011d}"


def _shopee(place: Place) -> str:
    day = day_of(place.created).strftime("%y%m%d")
    return day + chance.code(4, _UPPER, place.seed, "order", place.account.code, place.rank) + _base(place.rank)


def _base(rank: int) -> str:
    """Write a rank as four signs, so that no two orders of an account share them."""
    rank, text = rank % len(_UPPER) ** 4, ""
    for _ in range(4):
        rank, digit = divmod(rank, len(_UPPER))
        text += _UPPER[digit]
    return text


def _aliexpress(place: Place) -> str:
    return f"81{_shop(place)}{place.number(12):012d}"


def _shopify(place: Place) -> str:
    return f"5{_shop(place)}{place.number(11):011d}"


def _tiktok(place: Place) -> str:
    return f"5764{_shop(place)}{place.number(12):012d}"


def _shop(place: Place) -> str:
    return f"{sum(map(ord, place.account.code)) % 90 + 10}"


_MAKERS: dict[str, Callable[[Place], str]] = {
    "amazon": _amazon,
    "ebay": _ebay,
    "walmart": _walmart,
    "shopee": _shopee,
    "aliexpress": _aliexpress,
    "shopify": _shopify,
    "tiktok": _tiktok,
}


def order_id(place: Place) -> str:
    """Return the id of an order in its platform's form."""
    return _MAKERS[place.account.platform](place)


def line_id(place: Place, position: int) -> str:
    """Return the id of an order line; Walmart numbers the lines of an order from 1."""
    if place.account.platform == "walmart":
        return str(position + 1)
    return f"{place.market.order_prefix}{(place.rank * 3 + position) * 7654321 % 10**12:012d}"
