"""Settings of one AliExpress store.

Belongs here: the fields, their defaults and meanings. Does not belong here: what is done with them.
"""

from pydantic import Field, SecretStr

from linkstar_pipelines.settings import StoreSettings


class AliExpressStore(StoreSettings):
    """One AliExpress shop. Environment prefix: `LINKSTAR_ALIEXPRESS_<NAME>_`."""

    platform = "aliexpress"

    seller_id: str = Field(description="Seller id, as in notifications and token answers, such as `2671514005`.")
    app_key: str = Field(description="App key of your app on the AliExpress Open Platform.")
    app_secret: SecretStr = Field(description="App secret: signs every request and verifies notifications.")
    refresh_token: SecretStr = Field(
        description="Refresh token from the shop's authorisation. It ends 60 days after it and is not extended by "
        "being used: authorise the shop again before."
    )
    endpoint: str = Field("https://api-sg.aliexpress.com", description="Gateway of the open platform, or a sandbox.")
    session_parameter: str = Field(
        "session",
        description="Name of the parameter that carries the access token: `session`, as in the official SDK, or "
        "`access_token`, as in the documentation's samples.",
    )
    order_addresses: bool = Field(
        default=True,
        description="Ask for the delivery address of every paid order: one more call for each version of an order. "
        "Without it the destination country stays unknown.",
    )
    push_signature_header: str = Field(
        "authorization", description="Header of notifications that carries their signature, in lower case."
    )
