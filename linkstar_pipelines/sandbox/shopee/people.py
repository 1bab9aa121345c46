"""Invented buyers of Singapore and Malaysia, and how Shopee masks them.

Here: personal data that is plausible in form and belongs to nobody.
Not here: when a recipient is shown unmasked (see `order_json`).
"""

from typing import Final

from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.order import Order

_NAMES: Final = ("Aisyah Contoh", "Wei Jie Sampel", "Mei Ling Example", "Arjun Placeholder", "Farid Ujian")
_PLACES: Final = {  # region: ((state, city, district, zip code, street), ...)
    "SG": (("", "", "", "238801", "Sample Road"), ("", "", "", "529510", "Placeholder Street")),
    "MY": (
        ("Selangor", "Petaling Jaya", "", "46000", "Jalan Contoh"),
        ("Pulau Pinang", "George Town", "", "10000", "Lebuh Ujian"),
    ),
}


def username(order: Order) -> str:
    """Return the buyer's user name."""
    return f"buyer_{chance.code(8, '0123456789abcdefghijkmnpqrstuvwxyz', 'shopee buyer', order.id)}"


def recipient(order: Order, *, moved: bool, masked: bool) -> Json:
    """Write the recipient of an order; `moved` gives the address after a change."""
    draw = chance.number("shopee recipient", order.id)
    places = _PLACES[order.country]
    state, city, district, zipcode, street = places[(draw // 8 + moved) % len(places)]
    name, phone = _NAMES[draw % len(_NAMES)], f"60000{draw % 10**6:06d}"
    full = f"{1 + draw // 64 % 200} {street}, {zipcode} {city}".strip()
    return {
        "name": f"{name[0]}******{name[-1]}" if masked else name,
        "phone": f"******{phone[-2:]}" if masked else phone,
        "town": "",
        "district": district,
        "city": city,
        "state": state,
        "region": order.country,
        "zipcode": zipcode,
        "full_address": f"{full[:2]}******" if masked else full,
    }
