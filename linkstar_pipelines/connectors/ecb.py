"""The European Central Bank's reference exchange rates.

Belongs here: downloading and reading the published file.
Does not belong here: converting money, or filling days without a rate (`domain/`).

Source and form: "Euro foreign exchange reference rates" of the ECB: a zip with one CSV, a row per working day (newest
first), a column per currency, units of that currency for one euro, `N/A` where none was published.
"""

import csv
import io
import zipfile
import zlib
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.request import DecodeError, Headers, Request

_ZIP_MAGIC: Final = b"PK"


class ReferenceRate(NamedTuple):
    """Units of `currency` (ISO 4217) that one euro buys, as published on `day`."""

    day: date
    currency: str
    units_per_eur: Decimal


def fetch_rates(url: str, http: HttpCore, *, since: date = date.min) -> list[ReferenceRate]:
    """Download the rates of all currencies from `since` on, in the order of the file.

    Raises:
        UnreachableError: the host does not answer.
        MalformedAnswerError: the file is cut or not in the ECB's form.
    """
    request = Request(platform="ecb", store="ecb", operation="eurofxref", method="GET", url=url, decode=read_rates)
    rates: list[ReferenceRate] = http.call(request).data
    return [rate for rate in rates if rate.day >= since]


def read_rates(body: bytes, _: Headers) -> list[ReferenceRate]:
    """Read the published file, zipped or as plain CSV.

    Raises:
        DecodeError: the file is cut or not in the ECB's form.
    """
    header, *rows = [row for row in csv.reader(io.StringIO(_unpack(body))) if row] or [[]]
    if not header or header[0].strip() != "Date":
        raise DecodeError("the first column of the rate file is not 'Date'")
    currencies = [name.strip() for name in header[1:]]
    rates: list[ReferenceRate] = []
    for row in rows:
        if len(row) != len(header):
            raise DecodeError(f"the row of {row[0]!r} does not have the {len(header)} columns of the header")
        try:
            day = date.fromisoformat(row[0].strip())
            rates += [
                ReferenceRate(day, currency, Decimal(value.strip()))
                for currency, value in zip(currencies, row[1:], strict=True)
                if currency and value.strip() not in {"", "N/A"}
            ]
        except (ValueError, InvalidOperation) as error:
            raise DecodeError(f"the row of {row[0]!r} holds something that is no date or no number") from error
    return rates


def _unpack(body: bytes) -> str:
    if not body.startswith(_ZIP_MAGIC):
        return body.decode("utf-8-sig", errors="replace")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return archive.read(archive.namelist()[0]).decode("utf-8-sig", errors="replace")
    except (zipfile.BadZipFile, zlib.error, IndexError, EOFError) as error:
        raise DecodeError("the zip file is cut") from error
