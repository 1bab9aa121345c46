"""The settings of one Mabang account.

Belongs here: `MabangAccount`. Does not belong here: what every account has (`settings.py`).
"""

from pydantic import Field, SecretStr

from linkstar_pipelines.settings import StoreSettings, TimeZoneName


class MabangAccount(StoreSettings):
    """One account of 马帮. Environment prefix: `LINKSTAR_MABANG_<NAME>_`."""

    platform = "mabang"

    time_zone: TimeZoneName = Field("Asia/Shanghai", description="Time zone of the account's desk.")
    app_key: str = Field(description="App key (appkey) that Mabang gave your application.")
    developer_key: SecretStr = Field(description="Developer key (开发者密钥): it signs every call.")
    version: str = Field(
        "",
        description="Value of the field `version` of every call. Unset leaves the field out, as most programs do; set "
        "it where Mabang's support asks for it.",
    )
    calls_per_minute: float = Field(
        60.0,
        gt=0,
        description="Most calls of each interface in a minute. Mabang publishes no limit; raise it only if yours is "
        "known.",
    )
    endpoint: str = Field("https://gwapi.mabangerp.com/api/v2", description="Address of the gateway, or of a sandbox.")
