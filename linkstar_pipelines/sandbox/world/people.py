"""Buyers: invented names, e-mail addresses and postal addresses, by marketplace and country.

Here: personal data that is plausible in form and belongs to nobody (mail addresses end in `example.com`).
Not here: who orders what (see `store`).
"""

from dataclasses import dataclass
from functools import lru_cache

from linkstar_pipelines.sandbox.world import chance

NAMES = {
    "US": (("Avery", "Jordan", "Riley", "Casey", "Morgan", "Quinn"), ("Example", "Sample", "Tester", "Placeholder")),
    "GB": (("Alfie", "Poppy", "Freya", "Rowan", "Isla", "Harper"), ("Muster", "Samples", "Testley", "Exampleby")),
    "DE": (("Erika", "Max", "Lieschen", "Jürgen", "Anneliese"), ("Mustermann", "Müller-Beispiel", "Testmann")),
    "FR": (("Camille", "Élodie", "Hélène", "Gaël"), ("Exemple", "Dupont-Test", "Modèle")),
    "IT": (("Mario", "Giulia", "Niccolò"), ("Esempio", "Prova", "Campione")),
    "AT": (("Franz", "Sissi", "Leopold"), ("Musterfrau", "Beispielhuber")),
    "NL": (("Jan", "Sanne", "Daan"), ("Voorbeeld", "de Tester")),
    "ES": (("Lucía", "Íñigo", "Marta", "Pablo"), ("Ejemplo", "Muestra", "de la Prueba")),
    "SG": (("Wei Jie", "Mei Ling", "Arjun", "Aisyah"), ("Sampel", "Example", "Placeholder")),
    "MY": (("Farid", "Nurul", "Kah Seng", "Priya"), ("Contoh", "Ujian", "Sampel")),
    "JP": (("太郎", "花子", "次郎", "さくら"), ("見本", "例文", "試験")),
}
PLACES = {  # country: ((city, state or region, postal code, street), ...)
    "US": (
        ("Seattle", "WA", "98101", "Sample Ave"),
        ("Austin", "TX", "78701", "Placeholder Rd"),
        ("Portland", "OR", "97201", "Demo St"),
        ("Miami", "FL", "33101", "Fiction Blvd"),
        ("Brooklyn", "NY", "11201", "Invented St"),
        ("Los Angeles", "CA", "90012", "Nowhere Dr"),
    ),
    "GB": (("London", "Greater London", "EC1A 1BB", "Sample Lane"), ("Leeds", "West Yorkshire", "LS1 1UR", "Demo Row")),
    "DE": (("Berlin", "Berlin", "10115", "Musterstraße"), ("Köln", "Nordrhein-Westfalen", "50667", "Beispielweg")),
    "FR": (("Lyon", "Auvergne-Rhône-Alpes", "69001", "rue de l'Exemple"), ("Lille", "", "59000", "rue du Modèle")),
    "IT": (("Torino", "TO", "10121", "via Esempio"), ("Bari", "BA", "70121", "via della Prova")),
    "AT": (("Wien", "", "1010", "Mustergasse"), ("Graz", "Steiermark", "8010", "Beispielplatz")),
    "NL": (("Utrecht", "", "3511 AB", "Voorbeeldstraat"), ("Delft", "", "2611 AA", "Testkade")),
    "ES": (
        ("Madrid", "Madrid", "28001", "Calle del Ejemplo"),
        ("Sevilla", "Sevilla", "41001", "Avenida de la Muestra"),
    ),
    "SG": (("Singapore", "", "238801", "Sample Road"), ("Singapore", "", "529510", "Placeholder Street")),
    "MY": (
        ("Petaling Jaya", "Selangor", "46000", "Jalan Contoh"),
        ("George Town", "Pulau Pinang", "10000", "Lebuh Ujian"),
    ),
    "JP": (("渋谷区", "東京都", "150-0001", "見本町"), ("北区", "大阪府", "530-0001", "例文通り")),
}


@dataclass(frozen=True, slots=True)
class Buyer:
    """One invented buyer with an address; `company` is empty for a private person."""

    name: str
    email: str
    company: str
    street: str
    city: str
    state: str
    postal_code: str
    country: str
    phone: str


@lru_cache(maxsize=20_000)
def buyer_of(order_id: str, country: str, moved: bool) -> Buyer:
    """Return the buyer of an order; `moved` gives the address after a change."""
    draw = chance.number("buyer", order_id)
    first_names, last_names = NAMES[country]
    first = first_names[draw % len(first_names)]
    last = last_names[draw // 8 % len(last_names)]
    places = PLACES[country]
    place = draw // 64 + (1 if moved else 0)
    city, state, postal_code, street = places[place % len(places)]
    house = 1 + (draw // 512 + (7 if moved else 0)) % 240
    return Buyer(
        name=f"{last} {first}" if country == "JP" else f"{first} {last}",
        email=f"{draw % 36**8:x}@marketplace.example.com",
        company=f"{last} Trading" if draw // 4096 % 20 == 0 else "",
        street=f"{house} {street}" if country in {"US", "GB", "FR"} else f"{street} {house}",
        city=city,
        state=state,
        postal_code=postal_code,
        country=country,
        phone=f"+00 555 {draw % 10**6:06d}",
    )
