"""The settings of one Shopee shop.

Belongs here: `ShopeeStore`. Does not belong here: what every store has (`settings.py`).
"""

from pydantic import Field, SecretStr

from linkstar_pipelines.settings import StoreSettings


class ShopeeStore(StoreSettings):
    """One Shopee shop. Environment prefix: `LINKSTAR_SHOPEE_<NAME>_`."""

    platform = "shopee"

    partner_id: int = Field(ge=0, description="Partner id of your app in the Open Platform console, such as `2001887`.")
    partner_key: SecretStr = Field(description="Live partner key of that app: it signs every call and every push.")
    shop_id: int = Field(ge=0, description="Shop id that the seller authorised, such as `727720655`.")
    refresh_token: SecretStr = Field(
        description="Refresh token of the authorisation. It is spent at first use; its successors are kept encrypted "
        "in the database, so a new one is needed only after the shop was authorised again."
    )
    region: str = Field(
        pattern=r"^[A-Z]{2}$", description="Region of the shop, which is its marketplace id: `SG`, `MY`, `TH`, ..."
    )
    endpoint: str = Field(
        "https://partner.shopeemobile.com",
        description="Host of the API, or of a sandbox. Mainland China: `https://openplatform.shopee.cn`; "
        "Brazil: `https://openplatform.shopee.com.br`.",
    )
    push_url: str = Field(
        "",
        description="Push address exactly as registered in the console: it is part of what Shopee signs. "
        "Empty: the store's address under `LINKSTAR_PUSH_URL`.",
    )
