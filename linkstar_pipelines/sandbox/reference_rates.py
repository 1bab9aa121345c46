"""Euro reference rates in the form of the European Central Bank: `eurofxref-hist.zip`.

Here: a seeded random walk per currency, on banking days only, newest day first, published at 15:00 UTC, `N/A` for
currencies that are no longer quoted, and the trailing comma of the real file. A public file: no auth.
Not here: any use of the rates; the world prices each marketplace in its own currency.
"""

import io
import zipfile
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from starlette.routing import Route

from linkstar_pipelines.sandbox.wire import Reply
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.instants import DAY, HOUR, day_of, start_of

if TYPE_CHECKING:
    from linkstar_pipelines.sandbox.bench import Bench

FIRST_DAY = date(2025, 1, 2)
PUBLISHED_AFTER = 15 * HOUR
FILE_NAME = "eurofxref-hist.csv"
CLOSED_DAYS = {(1, 1), (5, 1), (12, 25), (12, 26)}
RATES: dict[str, float | None] = {  # currency: units per euro on the first day; None is quoted no more
    "USD": 1.09,
    "JPY": 166.0,
    "BGN": 1.9558,
    "CYP": None,
    "CZK": 24.9,
    "DKK": 7.46,
    "EEK": None,
    "GBP": 0.85,
    "HUF": 402.0,
    "LTL": None,
    "LVL": None,
    "MTL": None,
    "PLN": 4.27,
    "ROL": None,
    "RON": 4.98,
    "SEK": 11.2,
    "SIT": None,
    "SKK": None,
    "CHF": 0.94,
    "ISK": 143.0,
    "NOK": 11.6,
    "HRK": None,
    "RUB": None,
    "TRL": None,
    "TRY": 38.5,
    "AUD": 1.68,
    "BRL": 6.2,
    "CAD": 1.52,
    "CNY": 7.85,
    "HKD": 8.47,
    "IDR": 17400.0,
    "ILS": 3.95,
    "INR": 93.0,
    "KRW": 1520.0,
    "MXN": 21.3,
    "MYR": 4.85,
    "NZD": 1.86,
    "PHP": 62.5,
    "SGD": 1.46,
    "THB": 36.9,
    "ZAR": 19.9,
}
PEGGED = {"BGN": 0.0, "DKK": 0.0001}
DAILY_CHANGE = 0.0045


class _PlainSpeech:
    """A web server without an envelope."""

    def throttled(self) -> Reply:
        return Reply(status=429, content=b"Too many requests", media_type="text/plain")

    def broken(self, status: int) -> Reply:
        return Reply(status=status, content=b"Internal error", media_type="text/plain")

    def astray(self, status: int, target: str) -> Reply:
        return Reply(status=status, content=f"{target}: no such file".encode(), media_type="text/plain")

    def headers(self, operation: str, status: int, request_id: str) -> dict[str, str]:  # noqa: ARG002 - no headers
        return {}

    def access_token(self, request: object, body: bytes) -> str:  # noqa: ARG002 - public
        return ""

    def expired(self) -> Reply:
        return Reply(status=401)


def reference_rates(bench: "Bench") -> Route:
    """Return the route of the file."""
    gateway = bench.gateway(_PlainSpeech(), prefix="")
    return gateway.route(
        "GET",
        "/stats/eurofxref/eurofxref-hist.zip",
        "referenceRates",
        lambda _request, _body, _strike: Reply(
            content=rates_zip(bench.seed, bench.clock.now()), media_type="application/zip"
        ),
    )


def rates_zip(seed: int, now: int) -> bytes:
    """Return the zip file with every rate published by `now`."""
    day = day_of(now)
    last = day if now - start_of(day) >= PUBLISHED_AFTER else day_of(now - DAY)
    lines = [f"Date,{','.join(RATES)},"]
    lines.extend(reversed([line for quoted, line in _history(seed, last.year) if quoted <= last]))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(FILE_NAME, date_time=(2025, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, "\n".join(lines) + "\n")
    return packed.getvalue()


@cache
def _history(seed: int, year: int) -> list[tuple[date, str]]:
    """Walk all rates up to the end of a year; gives (day, line of the file), oldest first."""
    quotes = {currency: rate for currency, rate in RATES.items() if rate is not None}
    lines, day = [], FIRST_DAY
    while day.year <= year:
        if day.weekday() < 5 and (day.month, day.day) not in CLOSED_DAYS:
            for currency in quotes:
                step = 2 * chance.unit(seed, "rate", currency, day.toordinal()) - 1
                quotes[currency] *= 1 + step * PEGGED.get(currency, DAILY_CHANGE)
            cells = (f"{quotes[currency]:.5g}" if currency in quotes else "N/A" for currency in RATES)
            lines.append((day, f"{day.isoformat()},{','.join(cells)},"))
        day += timedelta(days=1)
    return lines
