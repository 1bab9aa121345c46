"""Layer `raw`: records of imported files of the catalogue, as the files have them.

Belongs here: one table per kind of record (`domain/products/records.py`), every value as text.
Does not belong here: typed or cleaned values (`schemas/products.py`), or imported orders (`schemas/raw.py`).
"""

from collections.abc import Mapping
from typing import Final

import dataframely as dy

from linkstar_pipelines.schemas import columns as c


class RawFileRecords(dy.Schema):
    """Where a record of a file was read."""

    source_key = c.key("`file/<mapping>/<12 digits of the file>/<row>`; further lines of a split cell are `<row>.2`.")
    source = c.text("`file/<mapping>`.")
    file = c.text("Name of the file, without its folder.")
    file_sha256 = c.digest("SHA-256 of the file's bytes.")
    row = dy.Int64(nullable=False, min=2, description="Row of the file as a spreadsheet numbers it.")
    imported_on = dy.Date(nullable=False, description="UTC day on which the file was first imported.")


class RawFileProducts(RawFileRecords):
    """Every product of every imported file, as written."""

    sku = c.text("Code of the product.")
    name_en = c.text("Name in English.", nullable=True)
    name_zh = c.text("Name in Chinese.", nullable=True)
    gtin = c.text("GTIN, UPC or EAN.", nullable=True)
    category = c.text("Category in your own words.", nullable=True)
    length = c.text("Longest side of the packed product.", nullable=True)
    width = c.text("Second side.", nullable=True)
    height = c.text("Shortest side.", nullable=True)
    length_unit = c.text("Unit of the sides, such as cm.", nullable=True)
    weight = c.text("Weight of the packed product.", nullable=True)
    weight_unit = c.text("Unit of the weight, such as g.", nullable=True)
    hs_code = c.text("Customs tariff code, 6 to 12 digits.", nullable=True)
    origin_country = c.text("Country of origin, by name or ISO code.", nullable=True)
    declared_name_en = c.text("Name on customs papers, English.", nullable=True)
    declared_name_zh = c.text("Name on customs papers, Chinese.", nullable=True)
    declared_value = c.text("Customs value of one unit.", nullable=True)
    declared_currency = c.text("Currency of the customs value.", nullable=True)
    battery = c.text("How it holds batteries: none, built in, packed with, loose.", nullable=True)
    liquid = c.text("None, liquid, paste, powder or aerosol.", nullable=True)
    cost = c.text("Cost of one unit, without freight.", nullable=True)
    cost_currency = c.text("Currency of the cost.", nullable=True)
    image_url = c.text("Address of the main picture.", nullable=True)
    lifecycle = c.text("Draft, active, phasing out or retired.", nullable=True)


class RawFileKits(RawFileRecords):
    """Every component of every kit of every imported file, as written."""

    kit_sku = c.text("Code of the kit; the same in every row of its components.")
    component_sku = c.text("Code of the component.")
    quantity = c.text("Units of the component in one kit.")


class RawFilePairings(RawFileRecords):
    """Every pairing of a listing and a SKU in every imported file, as written."""

    sku = c.text("Code of the product that is sold.")
    platform = c.text("Platform of the listing, where the file names it.", nullable=True)
    store = c.text("Store of the listing, where the file names it.", nullable=True)
    listing_sku = c.text("Code of the listing, exactly as on the platform.")
    multiplier = c.text("Units of the SKU in one unit of the listing; 1 where empty.", nullable=True)


class RawFileSuppliers(RawFileRecords):
    """Every supplier of a SKU in every imported file, as written."""

    supplier = c.text("The supplier's code or name.")
    sku = c.text("Code of the product that it delivers.")
    name = c.text("The supplier's full name.", nullable=True)
    lead_time_days = c.text("Days from order to delivery.", nullable=True)
    minimum_order = c.text("Fewest units of an order (MOQ).", nullable=True)
    carton_units = c.text("Units in a carton.", nullable=True)
    unit_cost = c.text("Price of one unit.", nullable=True)
    currency = c.text("Currency of the price.", nullable=True)
    purchase_url = c.text("Where it is bought.", nullable=True)


FILE_TABLES: Final[Mapping[str, type[RawFileRecords]]] = {
    "products": RawFileProducts,
    "kits": RawFileKits,
    "pairings": RawFilePairings,
    "suppliers": RawFileSuppliers,
}
"""The table of each kind of record."""
