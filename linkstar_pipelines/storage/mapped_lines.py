"""Order lines of the lake against what the listing map says by now.

Belongs here: which lines sell something else, or are held or not held any more, and what gone listings sold; queries
over whole tables, which therefore stay in the lake.
Does not belong here: making lines again (`orchestration/held_orders.py`), or how the map comes about
(`domain/products/listing_map.py`).

A listing that the platform does not show any more, and of which nobody ever decided, is in the map no longer. What its
lines sold then was right and stays.
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain.products.spans import SINCE_EVER
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.schemas.quality import ReasonType
from linkstar_pipelines.storage.lake import Lake

_LISTING: Final = "platform, store, listing_sku"
_LINE: Final = "platform, store, order_id, line_id, listing_sku, ordered_at, changed_on"
_SPOKEN_OF: Final = f"""
    spoken_of AS (
        SELECT {_LISTING} FROM core.listings UNION SELECT {_LISTING} FROM core.listing_map UNION
        SELECT split_part(subject, '/', 1), split_part(subject, '/', 2),
            regexp_extract(subject, '^[^/]*/[^/]*/(.*)$', 1)
        FROM raw.catalog_decisions WHERE kind = 'map'
    )
"""  # noqa: S608  # constants of this module only
_SOLD_BEFORE: Final = f"""
    WITH {_SPOKEN_OF}
    SELECT {_LISTING}, arg_max(sku, ordered_at) AS sku, coalesce(arg_max(multiplier, ordered_at), 1) AS multiplier
    FROM core.order_lines l ANTI JOIN spoken_of USING ({_LISTING})
    WHERE line_kind = 'sale' AND sku IS NOT NULL GROUP BY ALL
"""  # noqa: S608  # constants of this module only
# Open ends are compared as infinity: with an OR in its condition the join would compare every pair of rows.
# Lines of before there were multipliers count as one unit each (`domain.products.mapped.sku_units`).
_OUTDATED: Final = f"""
    WITH {_SPOKEN_OF},
    lines AS (
        SELECT {_LINE}, sku, hold, coalesce(multiplier, CASE WHEN sku IS NOT NULL THEN 1 END) AS multiplier
        FROM core.order_lines WHERE line_kind = 'sale'
    ),
    refused AS (
        SELECT payload->>'$.platform' AS platform, payload->>'$.store' AS store, payload->>'$.order_id' AS order_id,
            payload->>'$.line_id' AS line_id, payload->>'$.listing_sku' AS listing_sku,
            TRY_CAST(payload->>'$.ordered_at' AS TIMESTAMPTZ) AS ordered_at,
            TRY_CAST(payload->>'$.changed_on' AS DATE) AS changed_on
        FROM quality.quarantine
        WHERE table_name = 'core.order_lines' AND reason_type = '{ReasonType.UNKNOWN_SKU.value}'
    ),
    wrong AS (
        SELECT l.* FROM lines l LEFT JOIN core.listing_map m
            ON m.platform = l.platform AND m.store = l.store AND m.listing_sku = l.listing_sku
            AND m.valid_from <= l.ordered_at AND l.ordered_at < coalesce(m.valid_to, 'infinity'::TIMESTAMPTZ)
        WHERE l.sku IS DISTINCT FROM m.sku OR l.multiplier IS DISTINCT FROM m.multiplier
            OR (m.multiplier IS NULL AND l.hold IS NULL)
    )
    SELECT {_LINE} FROM wrong SEMI JOIN spoken_of USING ({_LISTING})
    UNION ALL
    SELECT r.* FROM refused r JOIN core.listing_map m
        ON m.platform = r.platform AND m.store = r.store AND m.listing_sku = r.listing_sku
        AND m.valid_from <= r.ordered_at AND r.ordered_at < coalesce(m.valid_to, 'infinity'::TIMESTAMPTZ)
"""  # noqa: S608  # constants of this module only


def outdated_lines(lake: Lake) -> pl.DataFrame:
    """Return the lines of goods that the listing map contradicts, and refused lines whose code it knows by now.

    Returns:
        Columns `platform`, `store`, `order_id`, `line_id`, `listing_sku`, `ordered_at`, `changed_on`.
    """
    return lake.query(_OUTDATED)


def known_map(lake: Lake) -> dy.DataFrame[ListingMap]:
    """Return the listing map, and beside it what listings that are gone sold when they were there."""
    sold_before = lake.query(_SOLD_BEFORE).with_columns(
        valid_from=pl.lit(SINCE_EVER),
        valid_to=pl.lit(None),
        fulfilled_by=pl.lit(None),
        evidence=pl.lit("code"),
        confidence=pl.lit(1.0),
        reasons=pl.lit("its lines sold it before the listing was gone"),
        approved_by=pl.lit("rule"),
    )
    remembered = ListingMap.cast(sold_before.select(ListingMap.column_names()))
    return ListingMap.cast(pl.concat([lake.table(ListingMap), remembered]))
