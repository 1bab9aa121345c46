"""Prices, taxes and fees of one unit, in minor units of the marketplace's currency.

Here: net price, tax, shipping, discount, referral fee and fulfillment fee of one unit of an order line. Keeping
them per unit makes partial shipments and partial refunds exact.
Rules: referral fee = 15 % or 8 % of what the buyer pays before tax, with a minimum; FBA fee by weight; VAT is taken
out of the gross price at the rate of the destination, US sales tax is put on top at the rate of the state.
Not here: when money moves (see `money`).
"""

from dataclasses import dataclass

from linkstar_pipelines.sandbox.world.accounts import Marketplace
from linkstar_pipelines.sandbox.world.catalog import Product
from linkstar_pipelines.sandbox.world.demand import PROMOTION_DISCOUNT

VAT = {
    "GB": 0.20,
    "DE": 0.19,
    "FR": 0.20,
    "IT": 0.22,
    "ES": 0.21,
    "NL": 0.21,
    "AT": 0.20,
    "JP": 0.10,
    "SG": 0.09,
    "MY": 0.10,
}
REFUND_FEE_SHARE, REFUND_FEE_CAP = 0.20, 5.00


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What one unit brings and costs; all amounts are positive minor units."""

    principal: int
    tax: int
    shipping: int
    shipping_tax: int
    discount: int
    commission: int
    parcel_fee: int
    refund_fee: int
    promotion: str | None

    @property
    def paid(self) -> int:
        """What the buyer pays for the unit, tax included."""
        return self.principal + self.tax + self.shipping + self.shipping_tax - self.discount


def price_unit(
    product: Product,
    market: Marketplace,
    country: str,
    *,
    fba: bool,
    shipping: int,
    promotion: str | None,
    state: float,
) -> UnitPrice:
    """Price one unit. `shipping` is gross per unit; `state` in [0, 1) picks the US sales tax rate (0 to 9 %)."""
    gross = product.gross_price(market)
    off = round(gross * PROMOTION_DISCOUNT) if promotion else 0
    if market.vat is None:
        rate = max(state * 0.11 - 0.02, 0.0)
        principal, discount, freight = gross, off, shipping
        tax, shipping_tax = round((gross - off) * rate), round(shipping * rate)
    else:
        rate = VAT[country]
        principal, discount, freight = (round(amount / (1 + rate)) for amount in (gross, off, shipping))
        tax = (gross - off) - (principal - discount)
        shipping_tax = shipping - freight
    commission = max(round((principal - discount + freight) * product.referral_share), market.referral_minimum)
    return UnitPrice(
        principal=principal,
        tax=tax,
        shipping=freight,
        shipping_tax=shipping_tax,
        discount=discount,
        commission=commission,
        parcel_fee=product.parcel_fee(market) if fba else 0,
        refund_fee=min(round(commission * REFUND_FEE_SHARE), market.whole(REFUND_FEE_CAP * market.price_factor)),
        promotion=promotion,
    )
