"""Buyers and their addresses as AliExpress tells them.

Here: an order's buyer in the fields of the wire. Not here: who they are (see `world.people`).
"""

from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.order import Order, Version
from linkstar_pipelines.sandbox.world.people import NAMES, Buyer, buyer_of

SPANISH = (("Madrid", "Madrid", "28001", "Calle del Ejemplo"), ("Sevilla", "Sevilla", "41001", "Avenida de la Muestra"))
COUNTRY_NAMES = {
    "ES": "Spain", "FR": "France", "DE": "Germany", "GB": "United Kingdom", "NL": "Netherlands", "IT": "Italy",
}  # fmt: skip


def login_of(order: Order) -> str:
    """Return the buyer's login id."""
    return f"{order.country.lower()}{chance.number('login', order.id) % 10**10:010d}"


def buyer(order: Order, version: Version) -> Buyer:
    """Return the buyer of an order; Spaniards have Italian names, as the world knows no others for them."""
    if order.country in NAMES:
        return buyer_of(order.id, order.country, version.moved)
    found = buyer_of(order.id, "IT", version.moved)
    city, state, postal_code, street = SPANISH[(chance.number("place", order.id) + version.moved) % len(SPANISH)]
    return Buyer(
        name=found.name, email=found.email, company=found.company, street=f"{street} 12", city=city, state=state,
        postal_code=postal_code, country=order.country, phone=found.phone,
    )  # fmt: skip


def address(order: Order, version: Version) -> Json:
    """Write where an order goes."""
    person = buyer(order, version)
    country_code, _, number = person.phone.partition(" ")
    return {
        "contact_person": person.name,
        "country": person.country,
        "country_name": COUNTRY_NAMES.get(person.country, person.country),
        "province": person.state,
        "city": person.city,
        "zip": person.postal_code,
        "address": person.street,
        "address2": "",
        "detail_address": person.street,
        "localized_address": person.street,
        "phone_country": country_code,
        "mobile_no": number,
    }
