"""The settings of one TikTok shop.

Belongs here: `TikTokStore`. Does not belong here: what every store has (`settings.py`).
"""

from pydantic import Field, SecretStr

from linkstar_pipelines.settings import StoreSettings


class TikTokStore(StoreSettings):
    """One TikTok shop. Environment prefix: `LINKSTAR_TIKTOK_<NAME>_`."""

    platform = "tiktok"

    app_key: str = Field(description="App key of your app in the Partner Center.")
    app_secret: SecretStr = Field(description="App secret of that app: it signs every call and every webhook.")
    refresh_token: SecretStr = Field(
        description="Refresh token of the seller's authorisation. Its successors are kept encrypted in the database, "
        "so a new one is needed only after the shop was authorised again."
    )
    shop_cipher: str = Field(description="Cipher of the shop, as `Get Authorized Shops` tells it.")
    shop_id: str = Field(description="Id of the shop, such as `7494049642642441621`: webhooks name it.")
    marketplace_id: str = Field(
        pattern=r"^[A-Z0-9_]+$",
        description="Marketplace of the shop, such as `TIKTOK_US`: orders and products do not name it.",
    )
    warehouse_id: str = Field(
        "", description="Warehouse whose stock is set; needed only where the shop has more than one."
    )
    endpoint: str = Field("https://open-api.tiktokglobalshop.com", description="Host of the API, or of a sandbox.")
    auth_url: str = Field("https://auth.tiktok-shops.com", description="Host of the tokens, or of a sandbox.")
