"""The settings of one Tongtool account.

Belongs here: what an account has to be told before it can be asked. Does not belong here: using it.
"""

from typing import Literal

from pydantic import Field, SecretStr

from linkstar_pipelines.settings import StoreSettings, TimeZoneName


class TongtoolAccount(StoreSettings):
    """One Tongtool (通途) merchant account. Environment prefix: `LINKSTAR_TONGTOOL_<NAME>_`."""

    platform = "tongtool"

    time_zone: TimeZoneName = Field("Asia/Shanghai", description="Time zone of the account's desk.")
    access_key: str = Field(description="Access key of your app on open.tongtool.com.")
    secret_key: SecretStr = Field(description="Secret access key of the app: gets the app token and signs every call.")
    merchant_id: str = Field(
        "", description="Merchant to read, where the app serves several. Unset: the app's first one."
    )
    endpoint: str = Field("https://open.tongtool.com", description="Open platform, or a sandbox of it.")
    timestamp_unit: Literal["ms", "s"] = Field(
        "ms", description="Unit of the timestamp that is signed: `ms`, or `s` if Tongtool answers 519 to `ms`."
    )
    quota_calls: int = Field(
        5, ge=1, description="Calls that Tongtool grants the merchant, all operations and apps together."
    )
    quota_seconds: float = Field(60.0, gt=0, description="Seconds in which that many are granted.")
