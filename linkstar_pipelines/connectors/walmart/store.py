"""The settings of one Walmart store.

Belongs here: what a store has to be told before it can be asked. Does not belong here: using it.
"""

from pydantic import Field, SecretStr

from linkstar_pipelines.settings import StoreSettings


class WalmartStore(StoreSettings):
    """One Walmart seller account. Environment prefix: `LINKSTAR_WALMART_<NAME>_`."""

    platform = "walmart"

    client_id: str = Field(
        description="Client id of the seller's API key; the consumer id of an account with `legacy_private_key`."
    )
    client_secret: SecretStr = Field(description="Client secret of the seller's API key.")
    endpoint: str = Field("https://marketplace.walmartapis.com", description="Marketplace API, or a sandbox of it.")
    channel_type: str | None = Field(
        None, description="`WM_CONSUMER.CHANNEL.TYPE`, where Walmart gave one to your integration."
    )
    wfs: bool = Field(True, description="Walmart ships for this account (WFS): ask for its WFS stock and returns.")
    tracking_url: str = Field(
        "https://t.17track.net/en#nums={number}",
        description="Page that shows a parcel, `{number}` stands for its number. Walmart demands one for carriers "
        "that it does not list.",
    )
    webhook_user: str | None = Field(None, description="User name of your Walmart notifications (BASIC_AUTH).")
    webhook_password: SecretStr | None = Field(None, description="Password of your Walmart notifications.")
    webhook_secret: SecretStr | None = Field(None, description="Secret of your Walmart notifications (HMAC).")
    webhook_header: str = Field(
        "Authorization", description="Header that carries the proof: `authHeaderName` of your subscriptions."
    )
    legacy_private_key: SecretStr | None = Field(
        None,
        description="Private key (PKCS#8, base64, without PEM lines) of an account on Walmart's former Canadian "
        "platform. Its calls are signed with it and go to `/v3/ca`: orders, listings and seller stock only.",
    )
