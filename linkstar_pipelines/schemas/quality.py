"""Layer `quality`: rows that did not fit, kept with their reason until they are mended."""

from enum import StrEnum

import dataframely as dy

from linkstar_pipelines.schemas import columns as c


class ReasonType(StrEnum):
    """What kind of fault a reason names: what is counted and looked for; the reason is the sentence beside it."""

    UNKNOWN_SKU = "unknown_sku"
    """The SKU of an order line is in none of the store's listings."""
    IMPLAUSIBLE_DATE = "implausible_date"
    """A date that cannot be: before 2000, or more than a day before the order was placed."""
    MISSING_CURRENCY = "missing_currency"
    """An amount without its currency."""
    BROKEN_TEXT = "broken_text"
    """Bytes that are no UTF-8."""
    UNMAPPED_LISTING = "unmapped_listing"
    """A listing of which no master SKU is known that it sells."""
    WRONG_DECISION = "wrong_decision"
    """A decision about the catalogue that cannot be followed, such as one that names an unknown SKU."""
    SCHEMA = "schema"
    """Any other rule of the table, or of the form in which the source writes."""


class Quarantine(dy.Schema):
    """One row per rejected row. It leaves when its source row is made successfully: making it again is the replay."""

    table_name = c.key("Table the row was meant for, such as `core.orders`.")
    source_key = c.key("Where the row came from, such as `amazon/na/<order id>`.")
    reason_type = dy.Enum(
        [kind.value for kind in ReasonType],
        nullable=True,
        description="Kind of the fault; null in rows that an earlier version of the platform held.",
    )
    reason = c.text("Which rules it broke, comma-separated.")
    payload = c.text("The row as JSON, personal data masked.")
    quarantined_at = c.instant("When it was rejected.")
    run_id = c.text("Run that rejected it.")
