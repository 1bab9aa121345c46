"""Seller accounts and marketplaces of the sandbox, with their documented credentials.

Here: the constants that a client needs to log in, and what differs from marketplace to marketplace (currency, tax,
fees, address pool). Marketplace ids are the platforms' own. The credentials are the sandbox's and open nothing else;
what they are called differs: Amazon's LWA client is eBay's keyset, Shopee's partner, AliExpress' app.
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
    country: str = ""

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
    """One seller account (store): its platform, its seller id, its credentials and its marketplaces.

    `warehoused` tells whether the platform also ships for the seller (FBA, WFS).
    """

    code: str
    platform: str
    seller_id: str
    client_id: str
    client_secret: str
    refresh_token: str
    marketplaces: tuple[Marketplace, ...]
    warehoused: bool = False

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


def _elsewhere(
    code: str,
    marketplace_id: str,
    name: str,
    currency: str,
    country: str,
    *,
    vat: float | None,
    share: float,
    peak_hour: int,
    price_factor: float,
    digits: int = 2,
) -> Marketplace:
    """Make a marketplace of a platform other than Amazon."""
    return Marketplace(
        code, marketplace_id, name, currency, digits, vat, None,
        share=share, peak_hour=peak_hour, order_prefix=f"{40 + len(code) % 50}", price_factor=price_factor,
        referral_minimum=0, monthly_subscription=2500, country=country,
    )  # fmt: skip


EBAY_US = _elsewhere(
    "EBAY_US", "EBAY_US", "eBay.com", "USD", "US", vat=None, share=0.10, peak_hour=2, price_factor=0.98
)
EBAY_GB = _elsewhere(
    "EBAY_GB", "EBAY_GB", "eBay.co.uk", "GBP", "GB", vat=0.20, share=0.06, peak_hour=20, price_factor=0.90
)
EBAY_DE = _elsewhere(
    "EBAY_DE", "EBAY_DE", "eBay.de", "EUR", "DE", vat=0.19, share=0.07, peak_hour=19, price_factor=1.05
)
WALMART_1, WALMART_2 = (
    _elsewhere(
        f"WALMART_{n}", "WALMART_US", "Walmart.com", "USD", "US", vat=None, share=0.05, peak_hour=1, price_factor=0.97
    )
    for n in (1, 2)
)
SHOPEE_SG = _elsewhere(
    "SHOPEE_SG", "SG", "Shopee Singapore", "SGD", "SG", vat=0.09, share=0.06, peak_hour=13, price_factor=1.30
)
SHOPEE_MY = _elsewhere(
    "SHOPEE_MY", "MY", "Shopee Malaysia", "MYR", "MY", vat=0.10, share=0.08, peak_hour=13, price_factor=4.10
)
ALIEXPRESS_1, ALIEXPRESS_2 = (
    _elsewhere(
        f"ALIEXPRESS_{n}", "ae_global", "AliExpress", "USD", "ES", vat=0.21, share=0.05, peak_hour=17,
        price_factor=0.93,
    )
    for n in (1, 2)
)  # fmt: skip
SHOPIFY_US = _elsewhere(
    "SHOPIFY_US", "SHOPIFY_US", "Own shop", "USD", "US", vat=None, share=0.05, peak_hour=2, price_factor=1.02
)
SHOPIFY_DE = _elsewhere(
    "SHOPIFY_DE", "SHOPIFY_DE", "Eigener Shop", "EUR", "DE", vat=0.19, share=0.04, peak_hour=18, price_factor=1.06
)
TIKTOK_US = _elsewhere(
    "TIKTOK_US", "TIKTOK_US", "TikTok Shop US", "USD", "US", vat=None, share=0.06, peak_hour=3, price_factor=0.95
)
TIKTOK_GB = _elsewhere(
    "TIKTOK_GB", "TIKTOK_GB", "TikTok Shop UK", "GBP", "GB", vat=0.20, share=0.05, peak_hour=21, price_factor=0.88
)


def _account(
    platform: str, code: str, *marketplaces: Marketplace, seller_id: str = "", warehoused: bool = False
) -> Account:
    low = code.lower()
    return Account(
        code=code,
        platform=platform,
        seller_id=seller_id or f"A1LINKSTAR{code}",
        client_id=f"sandbox-client-{low}",
        client_secret=f"sandbox-secret-{low}",
        refresh_token=f"sandbox-refresh-{low}",
        marketplaces=marketplaces,
        warehoused=warehoused,
    )


ACCOUNTS: dict[str, Account] = {
    account.code: account
    for account in (
        _account("amazon", "NA", US, warehoused=True),
        _account("amazon", "EU", UK, DE, warehoused=True),
        _account("amazon", "FE", JP, warehoused=True),
        _account("ebay", "EBUS", EBAY_US, seller_id="linkstar_us"),
        _account("ebay", "EBEU", EBAY_GB, EBAY_DE, seller_id="linkstar_eu"),
        _account("walmart", "WM1", WALMART_1, seller_id="10001234567", warehoused=True),
        _account("walmart", "WM2", WALMART_2, seller_id="10007654321"),
        _account("shopee", "SPSG", SHOPEE_SG, seller_id="727720655"),
        _account("shopee", "SPMY", SHOPEE_MY, seller_id="727720656"),
        _account("aliexpress", "AE1", ALIEXPRESS_1, seller_id="2671514005"),
        _account("aliexpress", "AE2", ALIEXPRESS_2, seller_id="2671514006"),
        _account("shopify", "SFUS", SHOPIFY_US, seller_id="linkstar-us"),
        _account("shopify", "SFDE", SHOPIFY_DE, seller_id="linkstar-de"),
        _account("tiktok", "TTUS", TIKTOK_US, seller_id="7494000000000000001"),
        _account("tiktok", "TTGB", TIKTOK_GB, seller_id="7494000000000000002"),
    )
}
"""Every account by its code; the code in lower case is the store name in the documentation."""

FIRST_ACCOUNTS = ("NA", "EU", "FE")
"""The accounts that trade unless others are named."""
