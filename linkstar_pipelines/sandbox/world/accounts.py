"""Seller accounts and marketplaces of the sandbox, with their documented credentials.

Here: the constants that a client needs to log in, and what differs from marketplace to marketplace (currency, tax,
fees, address pool). Marketplace ids are Amazon's own. The credentials are the sandbox's and open nothing else.
Not here: products and prices (see `catalog`).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One marketplace: amounts are minor units of `currency`; `vat` is a share of the net price, None in the US."""

    code: str
    id: str
    name: str
    currency: str
    digits: int
    vat: float | None
    tax_withheld_as: str | None
    share: float
    peak_hour: int
    order_prefix: str
    price_factor: float
    referral_minimum: int
    monthly_subscription: int
    comma_decimals: bool = False

    def whole(self, units: float) -> int:
        """Convert an amount in whole currency units into minor units."""
        return round(units * (100 if self.digits else 1))

    def text(self, minor: int) -> str:
        """Write minor units as a decimal number: `1999` is `19.99` USD, and `1999` JPY."""
        if self.digits == 0:
            return str(minor)
        sign, minor = ("-", -minor) if minor < 0 else ("", minor)
        return f"{sign}{minor // 100}.{minor % 100:02d}"


@dataclass(frozen=True, slots=True)
class Account:
    """One seller account (store): its seller id, its credentials and its marketplaces."""

    code: str
    seller_id: str
    client_id: str
    client_secret: str
    refresh_token: str
    marketplaces: tuple[Marketplace, ...]

    def marketplace(self, marketplace_id: str) -> Marketplace | None:
        """Return the account's marketplace of that id, or None when it is not one of its own."""
        return next((m for m in self.marketplaces if m.id == marketplace_id), None)


US = Marketplace(
    "US",
    "ATVPDKIKX0DER",
    "Amazon.com",
    "USD",
    2,
    None,
    "MarketplaceFacilitatorTax",
    share=0.48,
    peak_hour=1,
    order_prefix="11",
    price_factor=1.0,
    referral_minimum=30,
    monthly_subscription=3999,
)
UK = Marketplace(
    "UK",
    "A1F83G8C2ARO7P",
    "Amazon.co.uk",
    "GBP",
    2,
    0.20,
    "MarketplaceFacilitatorVAT",
    share=0.19,
    peak_hour=19,
    order_prefix="20",
    price_factor=0.92,
    referral_minimum=25,
    monthly_subscription=2500,
)
DE = Marketplace(
    "DE",
    "A1PA6795UKMFR9",
    "Amazon.de",
    "EUR",
    2,
    0.19,
    "MarketplaceFacilitatorVAT",
    share=0.22,
    peak_hour=18,
    order_prefix="30",
    price_factor=1.08,
    referral_minimum=30,
    monthly_subscription=3900,
    comma_decimals=True,
)
JP = Marketplace(
    "JP",
    "A1VC38T7YXB528",
    "Amazon.co.jp",
    "JPY",
    0,
    0.10,
    None,
    share=0.11,
    peak_hour=11,
    order_prefix="25",
    price_factor=165.0,
    referral_minimum=30,
    monthly_subscription=4900,
)


def _account(code: str, *marketplaces: Marketplace) -> Account:
    low = code.lower()
    return Account(
        code=code,
        seller_id=f"A1LINKSTAR{code}",
        client_id=f"sandbox-client-{low}",
        client_secret=f"sandbox-secret-{low}",
        refresh_token=f"sandbox-refresh-{low}",
        marketplaces=marketplaces,
    )


ACCOUNTS: dict[str, Account] = {"NA": _account("NA", US), "EU": _account("EU", UK, DE), "FE": _account("FE", JP)}
