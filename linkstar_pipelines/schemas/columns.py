"""Column types that many tables share, so that one concept has one type everywhere.

Belongs here: small factories for dataframely columns. Does not belong here: columns of a single table.
"""

from decimal import Decimal
from typing import Any, Final

import dataframely as dy
import polars as pl

MONEY: Final = pl.Decimal(18, 4)
RATE: Final = pl.Decimal(18, 8)
INSTANT: Final = pl.Datetime("us", "UTC")


def money(description: str, *, nullable: bool = False, minimum: int | None = None, **extra: Any) -> dy.Decimal:
    """Amount of money; the currency stands in a column beside it."""
    low = Decimal(minimum) if minimum is not None else None
    return dy.Decimal(18, 4, nullable=nullable, min=low, description=description, **extra)


def rate(description: str, *, nullable: bool = False) -> dy.Decimal:
    """Exchange rate."""
    return dy.Decimal(18, 8, nullable=nullable, min_exclusive=Decimal(0), description=description)


def currency(
    description: str = "ISO 4217 currency of the amounts in this row.", *, nullable: bool = False
) -> dy.String:
    """ISO 4217 code."""
    return dy.String(regex=r"^[A-Z]{3}$", nullable=nullable, description=description)


def instant(description: str, *, nullable: bool = False, primary_key: bool = False) -> dy.Datetime:
    """Point in time, UTC."""
    return dy.Datetime(
        time_zone="UTC", time_unit="us", nullable=nullable, primary_key=primary_key, description=description
    )


def store(*, primary_key: bool = True) -> dy.String:
    """Name of the seller account the row belongs to."""
    return dy.String(primary_key=primary_key, min_length=1, description="Store (seller account) the row belongs to.")


def platform(*, primary_key: bool = True) -> dy.String:
    """Marketplace platform, or `import` for files."""
    return dy.String(
        primary_key=primary_key,
        regex=r"^[a-z_]+$",
        description="Platform, such as `amazon`; `import` for files.",
    )


def key(description: str) -> dy.String:
    """Text that is part of the primary key."""
    return dy.String(primary_key=True, min_length=1, description=description)


def text(description: str, *, nullable: bool = False, regex: str | None = None) -> dy.String:
    """Plain text."""
    return dy.String(nullable=nullable, regex=regex, description=description)


def changed_on() -> dy.Date:
    """The partition column of every daily table."""
    return dy.Date(
        nullable=False,
        description="Daily partition: the UTC day on which the source says the thing changed; for a file, the day "
        "it was first imported.",
    )


def digest(description: str, *, primary_key: bool = False) -> dy.String:
    """SHA-256 in hexadecimal."""
    return dy.String(regex=r"^[0-9a-f]{64}$", primary_key=primary_key, description=description)
