"""The settings of one eBay seller account.

Belongs here: what a person sets for a store. Does not belong here: facts of eBay's documentation (`operations.py`).
"""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from linkstar_pipelines.settings import CommaList, StoreSettings


class EbayStore(StoreSettings):
    """One eBay seller account. Environment prefix: `LINKSTAR_EBAY_<NAME>_`."""

    platform = "ebay"

    seller_id: str = Field(
        "",
        description="eBay user name or user id of the seller. Where it is set, notifications about other sellers of "
        "the same application are refused.",
    )
    marketplace_ids: CommaList = Field(
        min_length=1, description="eBay sites sold on, comma-separated, such as `EBAY_US` or `EBAY_GB,EBAY_DE`."
    )
    client_id: str = Field(description="App ID (client id) of your production keyset.")
    client_secret: SecretStr = Field(description="Cert ID (client secret) of that keyset.")
    refresh_token: SecretStr = Field(description="OAuth refresh token of the seller's consent; lives about 18 months.")
    api_url: str = Field("https://api.ebay.com", description="eBay's API host, or that of a sandbox.")
    apiz_url: str = Field("https://apiz.ebay.com", description="eBay's host for Finances, or that of a sandbox.")
    token_path: str = Field("/identity/v1/oauth2/token", description="Token endpoint on `api_url`.")
    signing_private_key: SecretStr | None = Field(
        None,
        description="Private key of eBay's Key Management API (PKCS#8 in Base64, Ed25519 or RSA), shown once. Sellers "
        "domiciled in the EU or the UK need it for Finances.",
    )
    signing_jwe: SecretStr | None = Field(None, description="The `jwe` that belongs to the private key.")
    verification_token: SecretStr | None = Field(
        None, description="Verification token of the notification destination, as registered with eBay."
    )

    @model_validator(mode="after")
    def _key_is_whole(self) -> Self:
        if (self.signing_private_key is None) != (self.signing_jwe is None):
            raise ValueError("signing_private_key and signing_jwe belong together: set both or none")
        return self
