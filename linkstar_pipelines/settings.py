"""Every setting of the product, read from the environment and from nowhere else.

Belongs here: one typed field per setting, with its default, meaning and example. The configuration
reference (`docs/configuration.md`) is generated from these classes.
Does not belong here: business rules (`rules/`), or anything computed from data.
"""

from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from linkstar_pipelines.schemas.platforms import PLATFORMS


class ConfigurationError(Exception):
    """A setting is missing or wrong; the message names it and says what to set."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError):
        raise ValueError(f"unknown time zone '{name}'; use an IANA name such as Europe/Berlin") from None
    return name


TimeZoneName = Annotated[str, AfterValidator(_known_zone)]


class Settings(BaseSettings):
    """Settings of the installation. Environment prefix: `LINKSTAR_`."""

    model_config = SettingsConfigDict(env_prefix="LINKSTAR_", frozen=True, extra="ignore")

    data_dir: Path = Field(
        Path(".linkstar"),
        description="Folder for everything kept on this machine: embedded Postgres, local lake, reports, logs.",
    )
    postgres_url: SecretStr | None = Field(
        None,
        description="Your own PostgreSQL (`postgresql://user:password@host:5432/db`). Unset: an embedded "
        "server in the data folder.",
    )
    lake_path: str | None = Field(
        None,
        description="Where the lake's Parquet files live: a local folder or an `s3://bucket/prefix`. "
        "Unset: `lake/` in the data folder. S3 credentials come from the standard AWS_* variables.",
    )
    history_start: date = Field(
        date(2026, 1, 1),
        description="First daily partition. Pulls from platforms never reach further back than this day.",
    )
    time_zone: TimeZoneName = Field(
        "Asia/Shanghai", description="Time zone of the seller's own desk: nightly jobs and reports."
    )
    base_currency: str = Field(
        "USD", pattern=r"^[A-Z]{3}$", description="ISO 4217 currency that totals are converted to."
    )
    language: Literal["en", "zh"] = Field("en", description="Language of reports: `en` or `zh`.")
    rules_dir: Path | None = Field(
        None, description="Folder whose YAML files replace the shipped business rules of the same name."
    )
    fx_url: str = Field(
        "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip",
        description="Daily reference exchange rates, in the form the European Central Bank publishes.",
    )
    http_timeout_seconds: float = Field(20.0, gt=0, description="Longest wait for one HTTP answer.")
    http_max_attempts: int = Field(
        6, ge=1, description="Attempts for one request that is safe to repeat, before giving up."
    )
    http_max_wait_seconds: float = Field(
        600.0, gt=0, description="Longest wait for rate budget before a call is refused with an explanation."
    )
    order_overlap_hours: int = Field(
        2,
        ge=0,
        description="How far each look for changed orders reaches back before its watermark, for orders that show "
        "late. The nightly reconciliation reaches back `reconcile_days`.",
    )
    reconcile_days: int = Field(3, ge=1, description="Days that the nightly reconciliation reads again.")
    order_readings: int = Field(
        2,
        ge=1,
        description="Independent readings of an order window that must agree before it counts as whole.",
    )
    call_log_days: int = Field(
        180, ge=90, description="How long the log of API calls is kept. At least 90 days, as platforms ask."
    )
    raw_days: int = Field(
        180, ge=90, description="How long raw answers of platforms are kept, encrypted. At least 90 days."
    )
    run_history_days: int = Field(60, ge=1, description="How long finished Dagster runs are kept.")
    token_key: SecretStr | None = Field(
        None,
        description="Key that encrypts the stored tokens of stores. Unset: a key file in the data folder, made on "
        "first use. Machines that share a database need the same key.",
    )
    keep_personal_data: bool = Field(
        False,
        description="Keep buyer names, phones and street lines in raw payloads instead of masking them.",
    )

    @field_validator("data_dir", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @cached_property
    def lake_root(self) -> str:
        """Folder or object-store prefix of the lake's Parquet files."""
        return self.lake_path or str(self.data_dir / "lake")

    @cached_property
    def stores(self) -> dict[str, str]:
        """Every connected store by its name, with its platform.

        Raises:
            ConfigurationError: two platforms use the same name for a store.
        """
        platforms: dict[str, str] = {}
        for platform in PLATFORMS:
            for name in StoreNames.of(platform).stores:
                if name in platforms:
                    raise ConfigurationError(
                        f"Two stores are called '{name}', on {platforms[name]} and on {platform}. Give one of them "
                        f"another name in LINKSTAR_{platform.upper()}_STORES."
                    )
                platforms[name] = platform
        return platforms

    def stores_of(self, platform: str) -> tuple[str, ...]:
        """Names of the connected stores of one platform."""
        return tuple(name for name, where in self.stores.items() if where == platform)

    def time_zones(self) -> dict[str, str]:
        """Time zone of each connected store; the desk's own for one that names none that exists."""
        zones = {}
        for name, platform in self.stores.items():
            try:
                zones[name] = StoreClock(_env_prefix=f"LINKSTAR_{platform.upper()}_{name.upper()}_").time_zone
            except ValidationError:
                zones[name] = self.time_zone
        return zones


class StoreNames(BaseSettings):
    """The connected stores of one platform. Environment prefix: `LINKSTAR_<PLATFORM>_`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    stores: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Names of the platform's stores to connect, comma-separated, such as `na,eu`: lower-case letters, "
        "digits and `_`, each name on one platform only. Each has its own `LINKSTAR_<PLATFORM>_<NAME>_*` variables.",
    )

    @field_validator("stores", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @classmethod
    def of(cls, platform: str) -> Self:
        """Read the names of one platform's stores."""
        return cls(_env_prefix=f"LINKSTAR_{platform.upper()}_")


class StoreClock(BaseSettings):
    """A store's own clock: known even while the rest of its settings is not complete."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    time_zone: TimeZoneName = Field(
        "America/Los_Angeles", description="The store's own time zone: its business day and nightly job."
    )


class StoreSettings(StoreClock):
    """What every store has; each platform adds its own. Environment prefix: `LINKSTAR_<PLATFORM>_<NAME>_`."""

    platform: ClassVar[str]

    name: str = Field(description="Name of the store, from `LINKSTAR_<PLATFORM>_STORES`.", exclude=True)

    @classmethod
    def prefix(cls, name: str) -> str:
        """How the names of a store's variables begin."""
        return f"LINKSTAR_{cls.platform.upper()}_{name.upper()}_"

    def variable(self, field: str) -> str:
        """Name of the environment variable of one of the store's settings: what an error message tells to check."""
        return self.prefix(self.name) + field.upper()

    @classmethod
    def load(cls, name: str) -> Self:
        """Read one store from the environment.

        Raises:
            ConfigurationError: names each variable that is missing or wrong.
        """
        prefix = cls.prefix(name)
        try:
            return cls(_env_prefix=prefix, name=name)
        except ValidationError as error:
            raise ConfigurationError(_explain(error, prefix, f"{cls.platform} store '{name}'")) from None


class AmazonStore(StoreSettings):
    """One Amazon seller account. Environment prefix: `LINKSTAR_AMAZON_<NAME>_`."""

    platform = "amazon"

    seller_id: str = Field(description="Seller (merchant) id, such as `A2EUQ1WTGCTBG2`.")
    marketplace_ids: Annotated[tuple[str, ...], NoDecode] = Field(
        min_length=1, description="Marketplace ids sold in, comma-separated, such as `ATVPDKIKX0DER`."
    )
    client_id: str = Field(description="LWA client id of your SP-API application.")
    client_secret: SecretStr = Field(description="LWA client secret.")
    refresh_token: SecretStr = Field(description="LWA refresh token of the authorized seller.")
    endpoint: str = Field(
        "https://sellingpartnerapi-na.amazon.com",
        description="SP-API endpoint of the region, or of a sandbox.",
    )
    auth_url: str = Field("https://api.amazon.com/auth/o2/token", description="LWA token endpoint.")

    @field_validator("marketplace_ids", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value


def _explain(error: ValidationError, prefix: str, subject: str) -> str:
    lines = [f"The settings of {subject} are not complete:"]
    for problem in error.errors(include_input=False, include_url=False):
        variable = prefix + "_".join(str(part) for part in problem["loc"]).upper()
        missing = problem["type"] == "missing"
        lines.append(f"  {variable}: {'not set' if missing else problem['msg']}")
    lines.append("Set them in the environment and try again; docs/configuration.md tells what each one means.")
    return "\n".join(lines)


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        ConfigurationError: names each variable that is wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise ConfigurationError(_explain(error, "LINKSTAR_", "LinkStar")) from None
