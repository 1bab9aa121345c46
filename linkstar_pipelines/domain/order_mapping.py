"""What a mapping file says: how the columns and customs of one order file become ours.

Belongs here: the shape of a mapping and its checks against itself and against the columns of a file.
Does not belong here: reading YAML (`rules/order_mapping.py`) or applying the mapping (`order_import.py`).
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator


class MappingError(Exception):
    """A mapping is wrong, or does not fit the file; the message names the thing and the remedy."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError):
        raise ValueError(f"unknown time zone '{name}'; use an IANA name such as Europe/London") from None
    return name


def _parsable(condition: str) -> str:
    try:
        pl.sql_expr(condition)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"`{condition}` is no SQL condition: {error}") from None
    return condition


Text = Annotated[str, StringConstraints(min_length=1)]
Condition = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_parsable)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Columns(_Part):
    """Which column of the file holds what."""

    order_id: Text = Field(description="Order or invoice number.")
    listing_sku: Text = Field(description="Product code.")
    quantity: Text = Field(description="Units, whole.")
    unit_price: Text = Field(description="Price of one unit.")
    ordered_at: Text = Field(description="When the order was placed.")
    title: Text | None = Field(None, description="Product title.")
    country: Text | None = Field(None, description="Destination.")
    customer_id: Text | None = Field(None, description="The file's customer number.")
    currency: Text | None = Field(None, description="ISO 4217 currency, if it differs by row.")

    def mapped(self) -> dict[str, str]:
        """Return {our name: column of the file} for every name that is mapped."""
        return {ours: column for ours, column in self.model_dump().items() if column is not None}


class Formats(_Part):
    """How values are written."""

    time_zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        description="IANA time zone that times without an offset are in, and of the store's business day."
    )
    ordered_at: Text | None = Field(
        None, description="strptime format, such as `%d.%m.%Y %H:%M`. Needed where times are text."
    )
    decimal_comma: bool = Field(False, description="`1.234,50` instead of `1,234.50`.")
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$", description="ISO 4217 currency of every row.")


class Duplicates(_Part):
    """Rows to reject because they stand elsewhere in the file again."""

    when: Condition = Field(description="Rows that may be copies.")
    of: Condition = Field(description="Rows they may be copies of; these are kept.")
    by: tuple[Text, ...] = Field(min_length=1, description="Columns that are equal in both; empty equals empty.")
    reason: Text = Field(description="Reason shown in quarantine.")


class Rejection(_Part):
    """Rows that are no order line."""

    when: Condition = Field(description="Rows to reject.")
    reason: Text = Field(description="Reason shown in quarantine.")


class Conventions(_Part):
    """What the rows of the file mean. The order of the fields is the order in which they are applied."""

    duplicates: tuple[Duplicates, ...] = Field((), description="Repeated rows to reject.")
    cancel: Condition | None = Field(None, description="Rows that take an order back: counted, never sold.")
    reject: tuple[Rejection, ...] = Field((), description="Rows to reject; the first that holds gives the reason.")
    charge: Condition | None = Field(None, description="Rows that are no goods: postage, fees, vouchers.")

    def conditions(self) -> dict[str, str]:
        """Return {where it stands in the mapping: condition} for every condition."""
        named = {"cancel": self.cancel, "charge": self.charge}
        for number, duplicates in enumerate(self.duplicates):
            named |= {f"duplicates[{number}].when": duplicates.when, f"duplicates[{number}].of": duplicates.of}
        named |= {f"reject[{number}].when": rejection.when for number, rejection in enumerate(self.reject)}
        return {f"conventions.{place}": condition for place, condition in named.items() if condition is not None}


class OrderMapping(_Part):
    """A whole mapping file.

    Conditions are SQL over *our* names (`quantity`, typed) and over any other column of the file (as the
    file has it). Where a column of the file has one of our names, our typed value is meant.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+$")] = Field(description="Name of the mapping.")
    store: Text = Field(description="Store the orders belong to, unless the import names another.")
    columns: Columns
    formats: Formats
    conventions: Conventions = Conventions()

    @model_validator(mode="after")
    def _one_source_of_currency(self) -> "OrderMapping":
        if (self.formats.currency is None) == (self.columns.currency is None):
            raise ValueError("give the currency once: formats.currency for all rows, or columns.currency by row")
        return self

    def used(self, available: Sequence[str]) -> list[str]:
        """Return the columns of the file that the mapping needs, in the file's order.

        Args:
            available: columns that the file has.

        Raises:
            MappingError: the mapping names a column that the file does not have.
        """
        mapped = self.columns.mapped()
        for ours, column in mapped.items():
            _require(column, available, f"columns.{ours}", self.name)
        names = _names_in_conventions(self.conventions)
        for place, name in names:
            _require(name, [*mapped, *(column for column in available if column not in mapped)], place, self.name)
        wanted = {*mapped.values(), *(name for _, name in names if name not in mapped)}
        return [column for column in available if column in wanted]


def _names_in_conventions(conventions: Conventions) -> list[tuple[str, str]]:
    named = [
        (place, name)
        for place, condition in conventions.conditions().items()
        for name in pl.sql_expr(condition).meta.root_names()
    ]
    for number, duplicates in enumerate(conventions.duplicates):
        named += [(f"conventions.duplicates[{number}].by", name) for name in duplicates.by]
    return named


_SHOWN: Final = 30


def closest(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean ...?` for the known name closest to a wrong one, or nothing."""
    spelled = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(name.casefold(), spelled, n=1, cutoff=0.5)
    return f" Did you mean '{spelled[found[0]]}'?" if found else ""


def _require(name: str, known: Sequence[str], place: str, mapping: str) -> None:
    if name in known:
        return
    shown = ", ".join(known[:_SHOWN]) + (", ..." if len(known) > _SHOWN else "")
    raise MappingError(
        f"Mapping '{mapping}', {place}: the file has no column '{name}'.{closest(name, known)} "
        f"It has: {shown}. Correct the mapping or use the file it was written for."
    )
