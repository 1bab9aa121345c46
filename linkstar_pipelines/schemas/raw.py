"""Layer `raw`: observations as the outside gave them, with where and when they were seen.

Belongs here: the form of each platform stream, and the tables that have one of their own; payloads stay JSON text and
are parsed later, by pure functions.
Does not belong here: anything interpreted. Personal data in payloads is masked before landing.
"""

import dataframely as dy

from linkstar_pipelines.schemas import columns as c


class RawOrders(dy.Schema):
    """Every distinct version of every order that a pull has seen. Rows are added, never changed."""

    platform = c.platform()
    store = c.store()
    order_id = c.key("The platform's order id.")
    payload_hash = c.digest("SHA-256 of the payload: the identity of this version.", primary_key=True)
    marketplace_id = c.text("Marketplace (site, region) the order was placed in.")
    created_at = c.instant("When the order was placed.")
    updated_at = c.instant("When the platform last changed it.")
    payload = c.text("The order as JSON, keys sorted, personal data masked.")
    observed_at = c.instant("When this version was first seen.")
    changed_on = c.changed_on()


class RawListings(dy.Schema):
    """The present state of every listing."""

    platform = c.platform()
    store = c.store()
    marketplace_id = c.key("Marketplace (site, region) of the listing.")
    listing_id = c.key("The platform's id of the listing, variant included.")
    seller_sku = c.text("The seller's own code as typed in the platform.", nullable=True)
    payload = c.text("The listing as JSON, keys sorted.")
    payload_hash = c.digest("SHA-256 of the payload.")
    observed_at = c.instant("When the listing was read.")


class RawInventory(dy.Schema):
    """The latest stock figure the platform shows for every listing."""

    platform = c.platform()
    store = c.store()
    marketplace_id = c.key("Marketplace (site, region) whose stock this is.")
    listing_id = c.key("The platform's id of the listing, variant included.")
    node_id = c.key("Warehouse as the platform names it; `-` where it names none.")
    seller_sku = c.text("The seller's own code as typed in the platform.", nullable=True)
    payload = c.text("The stock figure as JSON, keys sorted.")
    payload_hash = c.digest("SHA-256 of the payload.")
    observed_at = c.instant("The platform's own clock when the figure was read.")


class RawReturns(dy.Schema):
    """Every distinct version of every return. Rows are added, never changed."""

    platform = c.platform()
    store = c.store()
    return_id = c.key("The platform's id of the return.")
    payload_hash = c.digest("SHA-256 of the payload: the identity of this version.", primary_key=True)
    order_id = c.text("Order the return belongs to.", nullable=True)
    updated_at = c.instant("When the platform last changed it.")
    payload = c.text("The return as JSON, keys sorted, personal data masked.")
    observed_at = c.instant("When this version was first seen.")
    changed_on = c.changed_on()


class RawFinances(dy.Schema):
    """Every distinct version of every financial transaction. Rows are added, never changed."""

    platform = c.platform()
    store = c.store()
    transaction_id = c.key("The platform's id of the transaction; with its type where the id alone is not unique.")
    payload_hash = c.digest("SHA-256 of the payload: the identity of this version.", primary_key=True)
    transaction_status = c.text("State in the platform's own words.", nullable=True)
    posted_at = c.instant("When the transaction was posted.")
    payload = c.text("The transaction as JSON, keys sorted, numbers with exactly the digits they came with.")
    observed_at = c.instant("When this version was first seen.")
    changed_on = c.changed_on()


class RawAmazonOrders(RawOrders):
    """Every distinct version of every Amazon order (orders 2026-01-01)."""


class RawAmazonListings(dy.Schema):
    """The present state of every listing."""

    platform = c.platform()
    store = c.store()
    marketplace_id = c.key("Marketplace of the listing.")
    seller_sku = c.key("The seller's own code as typed in the platform.")
    payload = c.text("The listing as JSON (listings items 2021-08-01).")
    payload_hash = c.digest("SHA-256 of the payload.")
    observed_at = c.instant("When the listing was read.")


class RawAmazonInventory(dy.Schema):
    """The latest FBA stock summary of every seller SKU."""

    platform = c.platform()
    store = c.store()
    marketplace_id = c.key("Marketplace whose stock this is.")
    seller_sku = c.key("Seller SKU of the summary.")
    payload = c.text("The summary as JSON (FBA inventory v1).")
    payload_hash = c.digest("SHA-256 of the payload.")
    observed_at = c.instant("The platform's own clock when the summary was read.")


class RawAmazonFinances(RawFinances):
    """Every distinct version of every Amazon transaction (finances 2024-06-19), whose status is always told."""

    transaction_status = c.text("DEFERRED, RELEASED or DEFERRED_RELEASED.")


class RawAmazonSettlements(dy.Schema):
    """Lines of settlement reports (flat file V2) as Amazon wrote them: every field is text."""

    platform = c.platform()
    store = c.store()
    settlement_id = c.key("Settlement the line belongs to.")
    line_number = dy.Int64(primary_key=True, min=1, description="Line of the file, the header being line 1.")
    report_id = c.text("Report the line was read from.")
    settlement_start_date = c.text("Header line only.", nullable=True)
    settlement_end_date = c.text("Header line only.", nullable=True)
    deposit_date = c.text("Header line only.", nullable=True)
    total_amount = c.text("Payout; header line only.", nullable=True)
    currency = c.text("Header line only.", nullable=True)
    transaction_type = c.text("Order, Refund, other-transaction, ...", nullable=True)
    order_id = c.text("Order the line names, if any.", nullable=True)
    shipment_id = c.text("Shipment the line names, if any.", nullable=True)
    marketplace_name = c.text("Such as Amazon.com.", nullable=True)
    amount_type = c.text("First level of Amazon's label.", nullable=True)
    amount_description = c.text("Second level of Amazon's label.", nullable=True)
    amount = c.text("Amount in the file's own number format.", nullable=True)
    posted_date_time = c.text("When the line was posted, in the file's own format.", nullable=True)
    order_item_code = c.text("Order line the money belongs to, if any.", nullable=True)
    sku = c.text("Seller SKU the money belongs to, if any.", nullable=True)
    quantity_purchased = c.text("Units, if any.", nullable=True)


class RawImportedOrders(dy.Schema):
    """Every line of every imported order file, typed by the file's declared mapping."""

    platform = c.platform()
    store = c.store()
    file_sha256 = c.digest("SHA-256 of the file's bytes.", primary_key=True)
    line_number = dy.Int64(primary_key=True, min=1, description="Row of the file, counted from 1.")
    line_kind = dy.Enum(
        ["sale", "charge", "cancel"],
        description="`sale` of goods, `charge` (postage, fees), or `cancel` by the mapping's rule.",
    )
    order_id = c.text("Order or invoice number.")
    listing_sku = c.text("Product code as written in the file.")
    title = c.text("Product title.", nullable=True)
    quantity = dy.Int64(nullable=False, description="Units; negative on a cancel line where the file says so.")
    unit_price = c.money("Price of one unit.")
    currency = c.currency()
    ordered_at = c.instant("When the order was placed, converted from the mapping's time zone.")
    time_zone = c.text("IANA time zone of the mapping: the file's clock and the store's business day.")
    country = c.text("Destination as written in the file.", nullable=True)
    customer_id = c.text("The file's own customer number, if any.", nullable=True)
    changed_on = c.changed_on()


class RawFxRates(dy.Schema):
    """Daily reference exchange rates against the euro; rows are added, never changed."""

    day = dy.Date(primary_key=True, description="Day of the rate. None on week-ends and bank holidays.")
    currency = dy.String(primary_key=True, regex=r"^[A-Z]{3}$", description="ISO 4217 code.")
    units_per_eur = c.rate("Units of the currency for one euro.")
    source = c.text("Who stated the rate, such as `ECB`.")
