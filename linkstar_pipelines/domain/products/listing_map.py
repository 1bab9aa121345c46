"""What every listing sells, and when: decisions painted over what matching accepted by itself.

Belongs here: spans of time of each listing, and listings that sell no known SKU.
Does not belong here: finding candidates (`matching.py`), or looking up an order line's SKU (`mapped.py`).
"""

from typing import Final, Literal

import dataframely as dy
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from linkstar_pipelines.domain import quarantine
from linkstar_pipelines.domain.products.decisions import (
    Instant,
    contents,
    effective,
    listing_key,
    of_kind,
    refused_for,
)
from linkstar_pipelines.domain.products.merges import winners
from linkstar_pipelines.domain.products.spans import SINCE_EVER, join_neighbors, paint
from linkstar_pipelines.schemas.products import ListingMap
from linkstar_pipelines.schemas.quality import ReasonType

_ACCOUNT: Final = ("platform", "store", "listing_sku")
_LISTING: Final = "listing"
_FORM: Final = r"^[a-z_]+/[^/]+/.+$"
_SAID: Final = ("sku", "multiplier", "evidence", "confidence", "reasons", "approved_by")
_LAYERS: Final = pl.Schema(
    {_LISTING: pl.String, "layer": pl.Int64}
    | {name: ListingMap.columns()[name].dtype for name in ("valid_from", "valid_to", *_SAID)}
)


class _Map(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sku: str | None
    multiplier: int = Field(1, ge=1, strict=True)
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    evidence: Literal["person", "erp", "gtin", "code", "rule", "score"] = "person"
    confidence: float = Field(1, ge=0, le=1)
    reasons: str = "said so"

    @model_validator(mode="after")
    def _span_is_one(self) -> "_Map":
        if self.valid_to is not None and self.valid_to <= (self.valid_from or SINCE_EVER):
            raise ValueError("the span ends before it begins")
        return self


def listing_map(
    decisions: pl.DataFrame, proposals: pl.DataFrame, listings: pl.DataFrame, skus: pl.DataFrame
) -> tuple[dy.DataFrame[ListingMap], pl.DataFrame]:
    """Make the map from listings to SKUs.

    Args:
        decisions: The journal, rows of `RawCatalogDecisions`.
        proposals: Rows of `MatchProposals`; of those about listings, the accepted ones fill the time of which no
            decision speaks.
        listings: Rows of `Listings`.
        skus: Rows of `Skus`.

    Returns:
        Spans that do not overlap, merged SKUs already resolved, without a SKU where somebody decided that the listing
        sells nothing of ours; and what is refused: decisions that name an unknown SKU or a wrong value, and listings
        of a store that are not mapped until further notice (`unmapped_listing`).
    """
    standing = winners(skus)
    decided, wrong = _decided(of_kind(effective(decisions), "map"), standing)
    layers = pl.concat([_accepted(proposals, standing), decided])
    spans = join_neighbors(paint(layers, [_LISTING]), [_LISTING])
    shown = _shown(listings)
    names = pl.col(_LISTING).str.splitn("/", 3).struct.rename_fields(list(_ACCOUNT)).struct.unnest()
    fulfilled_by = shown.select(_LISTING, "fulfilled_by")
    rows = (
        spans.join(fulfilled_by, on=_LISTING, how="left")
        .with_columns(names)
        .select(ListingMap.column_names())
        .sort(*_ACCOUNT, "valid_from")
    )
    lasting = spans.filter(pl.col("valid_to").is_null())
    unmapped = _unmapped(shown.join(lasting, on=_LISTING, how="anti"), proposals)
    return ListingMap.validate(rows), quarantine.concat_rejects(unmapped, wrong)


def account_listing() -> pl.Expr:
    """Name the listing of a row, whose columns are those of `Listings` or `ListingMap` (`decisions.listing_key`)."""
    return pl.concat_str(*_ACCOUNT, separator="/")


def _decided(said: pl.DataFrame, standing: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    known = set(standing["sku"])
    named = said.with_columns(is_listing=pl.col("subject").str.contains(_FORM))
    reasons = {
        row["decision_id"]: f"the subject is not of the form `{listing_key('<platform>', '<store>', '<listing SKU>')}`"
        for row in named.filter(~pl.col("is_listing")).iter_rows(named=True)
    }
    layers = []
    for place, (row, content) in enumerate(contents(named.filter("is_listing"), _Map), start=1):
        if isinstance(content, str):
            reasons[row["decision_id"]] = content
        elif content.sku is not None and content.sku not in known:
            reasons[row["decision_id"]] = f"there is no SKU `{content.sku}`"
        else:
            said_of_it = (content.evidence, content.confidence, content.reasons, row["decided_by"])
            span = (content.valid_from, content.valid_to)
            units = content.multiplier if content.sku is not None else 1
            layers.append((row["subject"], place, *span, content.sku, units, *said_of_it))
    frame = pl.DataFrame(layers, schema=_LAYERS, orient="row")
    return _standing(frame, standing), refused_for(said, reasons)


def _accepted(proposals: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """The layer under all decisions: what matching accepted."""
    accepted = proposals.filter(
        (pl.col("subject_kind").cast(pl.String) == "listing") & (pl.col("verdict").cast(pl.String) == "accepted")
    )
    layer = accepted.sort("rank").unique("subject", keep="first").select(
        "multiplier", "evidence", "reasons",
        listing="subject", layer=pl.lit(0, pl.Int64), valid_from=pl.lit(None), valid_to=pl.lit(None),
        sku="candidate_sku", confidence="score", approved_by=pl.lit("rule"),
    )  # fmt: skip
    known = layer.join(standing.select("sku"), on="sku", how="semi")
    return _standing(known.select(_LAYERS.names()).cast(_LAYERS), standing)


def _standing(layers: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """Put the SKU that stands in the place of a merged one."""
    of_winner = layers.join(standing, on="sku", how="left", maintain_order="left")
    return of_winner.with_columns(sku="winner").select(_LAYERS.names())


def _shown(listings: pl.DataFrame) -> pl.DataFrame:
    """One row per listing of an account; who ships only where that is the same in all its marketplaces."""
    same = pl.col("fulfilled_by").n_unique() == 1
    return (
        listings.with_columns(account_listing().alias(_LISTING))
        .sort("marketplace_id")
        .group_by(_LISTING, *_ACCOUNT)
        .agg(
            pl.when(same).then(pl.col("fulfilled_by").first()).alias("fulfilled_by"),
            pl.col("title", "code", "code_problem").drop_nulls().first(),
        )
        .sort(_LISTING)
    )


def _unmapped(shown: pl.DataFrame, proposals: pl.DataFrame) -> pl.DataFrame:
    about_listings = proposals.filter(pl.col("subject_kind").cast(pl.String) == "listing")
    likeliest = about_listings.sort("rank").unique("subject", keep="first").select(
        listing="subject",
        hint=pl.concat_str(
            pl.lit("the likeliest is "), "candidate_sku",
            pl.lit(" ("), pl.col("verdict").cast(pl.String), pl.lit("): "), "reasons",
        ),
    )  # fmt: skip
    candidates = shown.join(likeliest, on=_LISTING, how="left", maintain_order="left")
    why = pl.coalesce("hint", "code_problem", pl.lit("nothing known is like it"))
    return candidates.select(
        source_key=_LISTING,
        reason=pl.concat_str(pl.lit("no SKU is known that the listing sells; "), why),
        reason_type=pl.lit(ReasonType.UNMAPPED_LISTING.value),
        payload=pl.struct(*_ACCOUNT, "title", "code").struct.json_encode(),
    )
