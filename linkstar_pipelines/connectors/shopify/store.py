"""The settings of one Shopify shop.

Belongs here: what a shop has to be told before it can be asked. Does not belong here: using it.
"""

from pydantic import Field, SecretStr

from linkstar_pipelines.settings import StoreSettings


class ShopifyStore(StoreSettings):
    """One Shopify shop, reached by a custom app of its own. Environment prefix: `LINKSTAR_SHOPIFY_<NAME>_`."""

    platform = "shopify"

    shop: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$", description="The shop's own domain, `<name>.myshopify.com`."
    )
    marketplace_id: str = Field(
        min_length=1, description="How your tables shall name this shop as a marketplace, such as `SHOPIFY_US`."
    )
    access_token: SecretStr = Field(
        description="Admin API access token of your custom app. Scopes: `read_orders`, `read_all_orders`, "
        "`read_products`, `read_inventory`, `write_inventory`, `read_merchant_managed_fulfillment_orders`, "
        "`write_merchant_managed_fulfillment_orders`."
    )
    client_secret: SecretStr = Field(description="Client secret of the app: Shopify signs webhooks with it.")
    location_id: str = Field(
        pattern=r"^\d+$", description="Number of the location (Settings, Locations) whose quantities are set."
    )
    endpoint: str = Field("", description="Where the Admin API answers, or a sandbox of it. Unset: `https://<shop>`.")
    api_version: str = Field("2026-10", pattern=r"^\d{4}-\d{2}$", description="Version of the Admin API.")

    @property
    def url(self) -> str:
        """Address of the shop's one GraphQL endpoint."""
        base = self.endpoint.rstrip("/") or f"https://{self.shop}"
        return f"{base}/admin/api/{self.api_version}/graphql.json"
