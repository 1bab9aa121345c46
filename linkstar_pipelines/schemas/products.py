"""The catalogue in `core`: master SKUs, what listings sell of them, kits and suppliers; and the journal behind it.

Belongs here: the tables of master data, and the words that they use.
Does not belong here: what a platform shows (`raw`), or how a listing finds its SKU (`domain/products/`).

Nobody writes these tables by hand. A person, a file or a migration adds *decisions* to `raw.catalog_decisions`; the
tables are what these, and the listings, come to. A decision that was wrong is revoked: then they are as before it.
"""

from typing import Final

import dataframely as dy
import polars as pl

from linkstar_pipelines.schemas import columns as c
from linkstar_pipelines.schemas.core import FULFILLERS

DECISIONS: Final = ("sku", "kit", "supplier", "map", "merge", "reject", "revoke")
"""Kinds of decisions: fields of a master SKU, components of a kit, terms of a supplier, what a listing sells, two SKUs
that are one, a proposal that is wrong, and taking a decision (or all of a batch) back."""
LIFECYCLES: Final = ("draft", "active", "phasing_out", "retired")
BATTERIES: Final = ("none", "built_in", "packed_with", "loose")
"""How a product holds batteries: decides which carriers take it (UN 3481, 3480)."""
LIQUIDS: Final = ("none", "liquid", "paste", "powder", "aerosol")
EVIDENCES: Final = ("person", "erp", "gtin", "code", "rule", "score")
"""Why a listing is thought to sell a SKU, the strongest first."""
VERDICTS: Final = ("accepted", "review", "blocked")
"""Of a proposal: taken without a person, waiting for one, or refused because something speaks against it."""
SUBJECTS: Final = ("listing", "sku")
"""What a proposal is about: a listing that may sell the SKU, or a SKU that may be the same product."""


class RawCatalogDecisions(dy.Schema):
    """Every decision about the catalogue, once, in the words of whoever made it. Only ever added to."""

    decision_id = c.digest("What was decided, as a hash: the same decision of the same batch has the same id.",
                           primary_key=True)  # fmt: skip
    batch = c.text("What it came with: a migration, a review list, a command. Taken back together.")
    kind = dy.Enum(DECISIONS, description="What is decided.")
    subject = c.text(
        "SKU; for `supplier` `<supplier>/<SKU>`; for `map` `<platform>/<store>/<listing SKU>`; for `merge` the SKU "
        "that ends; for `reject` the subject of the proposal; for `revoke` a decision id or `batch:<batch>`."
    )
    content = c.text("The decision as JSON; its fields depend on the kind (`domain/products/decisions.py`).")
    decided_at = c.instant("When.")
    decided_by = c.text("Who: a person, or the program that was run.")
    note = c.text("Why, in their words.", nullable=True)


class Listings(dy.Schema):
    """One row per listing of every store and imported file: what it says of itself, and its code in clean form."""

    platform = c.platform()
    store = c.store()
    marketplace_id = c.key("Marketplace of the listing; `-` for imported files.")
    listing_sku = c.key("The code as typed in the platform.")
    code = c.text("The code cleaned; null where it fits no rule.", nullable=True, regex=r"^[A-Z0-9][A-Z0-9.-]*$")
    cleaning = c.text("What was done to the code, such as `trim+upper`; `none` if it was clean.")
    code_problem = c.text("Why there is no clean code.", nullable=True)
    title = c.text("Product title.", nullable=True)
    gtin = c.text("GTIN that the listing states, 14 digits; null where it states none or a wrong one.", nullable=True,
                  regex=r"^[0-9]{14}$")  # fmt: skip
    asin = c.text("Amazon's catalogue number.", nullable=True)
    image_url = c.text("Address of the main picture.", nullable=True)
    fulfilled_by = dy.Enum(FULFILLERS, description="Who ships: the platform (FBA) or the seller.")
    listing_status = c.text("Status words of the platform, comma-separated.", nullable=True)
    price = c.money("Listed price.", nullable=True)
    currency = c.currency("ISO 4217 currency of the price.", nullable=True)


class Skus(dy.Schema):
    """One row per master SKU: the one code of a product, and what is known of the product."""

    sku = dy.String(
        primary_key=True, regex=r"^[A-Z0-9][A-Z0-9.-]*$", description="The house's one code of the product."
    )
    merged_into = c.text("SKU that this one turned out to be; null for a SKU that stands.", nullable=True)
    name_en = c.text("Name in English.", nullable=True)
    name_zh = c.text("Name in Chinese.", nullable=True)
    gtin = c.text("GTIN, 14 digits with a right check digit.", nullable=True, regex=r"^[0-9]{14}$")
    category = c.text("Category in the words of the source.", nullable=True)
    length_mm = dy.Int64(nullable=True, min=1, description="Longest side of the packed product, millimetres.")
    width_mm = dy.Int64(nullable=True, min=1, description="Second side, millimetres.")
    height_mm = dy.Int64(nullable=True, min=1, description="Shortest side, millimetres.")
    weight_g = dy.Int64(nullable=True, min=1, description="Weight of the packed product, grams.")
    hs6 = c.text("Harmonised System subheading, six digits.", nullable=True, regex=r"^[0-9]{6}$")
    hs_extensions = c.text("National tariff codes as JSON, by ISO country code.", nullable=True)
    origin_country = c.text("Country of origin, ISO 3166 alpha-2.", nullable=True, regex=r"^[A-Z]{2}$")
    declared_name_en = c.text("Name on customs papers, English.", nullable=True)
    declared_name_zh = c.text("Name on customs papers, Chinese.", nullable=True)
    declared_value = c.money("Customs value of one unit.", nullable=True, minimum=0)
    declared_currency = c.currency("ISO 4217 currency of the customs value.", nullable=True)
    battery = dy.Enum(BATTERIES, nullable=True, description="How it holds batteries; null is unknown.")
    liquid = dy.Enum(LIQUIDS, nullable=True, description="Liquid, paste, powder or aerosol; null is unknown.")
    cost = c.money("Cost of one unit, without freight.", nullable=True, minimum=0)
    cost_currency = c.currency("ISO 4217 currency of the cost.", nullable=True)
    image_url = c.text("Address of the main picture.", nullable=True)
    lifecycle = dy.Enum(LIFECYCLES, description="Where it is in its life.")
    is_kit = dy.Bool(nullable=False, description="True if it is made of other SKUs (`core.kits`).")
    source = c.text("Where it was first named: `decision`, or `code` of a listing.")

    @dy.rule()
    def amounts_have_currencies(cls) -> pl.Expr:
        """An amount without a currency is no amount."""
        return (cls.cost.col.is_null() | cls.cost_currency.col.is_not_null()) & (
            cls.declared_value.col.is_null() | cls.declared_currency.col.is_not_null()
        )


class Kits(dy.Schema):
    """One row per component of a kit and span of time."""

    kit_sku = c.key("SKU of the kit.")
    component_sku = c.key("SKU of the component.")
    valid_from = c.instant("First instant at which the kit is made so.", primary_key=True)
    valid_to = c.instant("First instant at which it is not any more; null is until further notice.", nullable=True)
    quantity = dy.Int64(nullable=False, min=1, description="Units of the component in one kit.")


class Suppliers(dy.Schema):
    """One row per supplier and SKU that it delivers: its terms."""

    supplier = c.key("The supplier's code or name.")
    sku = c.key("Master SKU.")
    name = c.text("The supplier's name.", nullable=True)
    lead_time_days = dy.Int64(nullable=True, min=0, description="Days from order to delivery.")
    minimum_order = dy.Int64(nullable=True, min=1, description="Fewest units of an order (MOQ).")
    carton_units = dy.Int64(nullable=True, min=1, description="Units in a carton: orders are multiples of it.")
    unit_cost = c.money("Price of one unit.", nullable=True, minimum=0)
    currency = c.currency("ISO 4217 currency of the price.", nullable=True)
    purchase_url = c.text("Where it is bought.", nullable=True)

    @dy.rule()
    def amount_has_currency(cls) -> pl.Expr:
        """An amount without a currency is no amount."""
        return cls.unit_cost.col.is_null() | cls.currency.col.is_not_null()


class MatchProposals(dy.Schema):
    """One row per candidate: a SKU that a listing may sell, or that another SKU may be, with what speaks for it."""

    subject_kind = dy.Enum(SUBJECTS, primary_key=True, description="What the proposal is about.")
    subject = c.key("`<platform>/<store>/<listing SKU>`, or the SKU that would end.")
    candidate_sku = c.key("Master SKU proposed.")
    rank = dy.Int64(nullable=False, min=1, description="1 for the likeliest candidate of the subject.")
    multiplier = dy.Int64(nullable=False, min=1, description="Units of the SKU in one unit of the listing.")
    evidence = dy.Enum(EVIDENCES, description="The strongest evidence for it.")
    score = dy.Float64(nullable=False, min=0, max=1, description="How sure the evidence makes it.")
    verdict = dy.Enum(VERDICTS, description="What comes of it without a person.")
    reasons = c.text("What speaks for it and against it, in words, separated by `; `.")
    title = c.text("Title of the subject.", nullable=True)
    candidate_title = c.text("Name of the candidate.", nullable=True)


class ListingMap(dy.Schema):
    """One row per seller SKU of an account and span of time: what one unit of it takes out of stock.

    Spans of a listing never overlap. A seller SKU means the same in all marketplaces of its account. A listing that is
    known to sell nothing of ours has a row, too, without a SKU: its orders are not held, and move no stock.
    """

    platform = c.platform()
    store = c.store()
    listing_sku = c.key("The code as typed in the platform.")
    valid_from = c.instant("First instant of the span; 1970 is since ever.", primary_key=True)
    valid_to = c.instant("First instant after it; null is until further notice.", nullable=True)
    sku = c.text("Master SKU; null where the listing sells nothing of ours.", nullable=True,
                 regex=r"^[A-Z0-9][A-Z0-9.-]*$")  # fmt: skip
    multiplier = dy.Int64(
        nullable=False, min=1, description="Units of the SKU in one unit of the listing; 1 where there is no SKU."
    )
    fulfilled_by = dy.Enum(FULFILLERS, nullable=True, description="Who ships; null where the listing "
                           "is not shown, or not the same in all marketplaces.")  # fmt: skip
    evidence = dy.Enum(EVIDENCES, description="Why it is thought so.")
    confidence = dy.Float64(nullable=False, min=0, max=1, description="How sure; 1 where a person said so.")
    reasons = c.text("The evidence in words.")
    approved_by = c.text("Who approved it: a person, or `rule` where the rules accept it by themselves.")

    @dy.rule()
    def span_is_one(cls) -> pl.Expr:
        """A span ends after it begins."""
        return cls.valid_to.col.is_null() | (cls.valid_to.col > cls.valid_from.col)

    @dy.rule()
    def nothing_of_ours_counts_once(cls) -> pl.Expr:
        """Where there is no SKU there are no units of it."""
        return cls.sku.col.is_not_null() | (cls.multiplier.col == 1)
