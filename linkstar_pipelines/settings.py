"""Every setting of the product: read from the environment, those of stores also from the two files of `store_files.py`.

Belongs here: one typed field per setting, with its default, meaning and example. The configuration
reference (`docs/configuration.md`) is generated from these classes.
Does not belong here: business rules (`rules/`), or anything computed from data.
"""

import os
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from linkstar_pipelines.schemas.erps import ERPS
from linkstar_pipelines.schemas.platforms import PLATFORMS
from linkstar_pipelines.store_files import SECRETS_FILE, STORES_FILE, StoreFileError, StoreFiles


class ConfigurationError(Exception):
    """A setting is missing or wrong; the message names it and says what to set.

    Attributes:
        variables: Environment variables of the settings that are missing or wrong, where single ones are.
    """

    def __init__(self, message: str, variables: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.variables = variables


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError):
        raise ValueError(f"unknown time zone '{name}'; use an IANA name such as Europe/Berlin") from None
    return name


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


TimeZoneName = Annotated[str, AfterValidator(_known_zone)]
CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""A list that is written as one text with commas, or, in `stores.yaml`, as a list."""


class Places(BaseSettings):
    """Where the installation keeps its files. Environment prefix: `LINKSTAR_`."""

    model_config = SettingsConfigDict(env_prefix="LINKSTAR_", frozen=True, extra="ignore")

    data_dir: Path = Field(
        Path(".linkstar"),
        description="Folder for everything kept on this machine: embedded Postgres, local lake, reports, logs.",
    )
    stores_file: Path | None = Field(
        None,
        description=f"File of the registered stores; their secrets are in `{SECRETS_FILE}` beside it. Unset: "
        f"`{STORES_FILE}` in the data folder.",
    )

    @field_validator("data_dir", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @cached_property
    def store_files(self) -> StoreFiles:
        """The registered stores.

        Raises:
            ConfigurationError: the file cannot be used.
        """
        path = self.stores_file.expanduser() if self.stores_file else self.data_dir / STORES_FILE
        try:
            return StoreFiles.at(path.resolve())
        except StoreFileError as error:
            raise ConfigurationError(str(error)) from None


class Settings(Places):
    """Settings of the installation. Environment prefix: `LINKSTAR_`."""

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
    fresh_within_hours: float = Field(
        26, gt=0, description="Longest time for a store to go unread before the check `every_store_fresh` warns."
    )
    orders_fresh_within_hours: float = Field(
        2, gt=0, description="The same for orders, which are looked at all day; a look that finds nothing new counts."
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
    push_url: str = Field(
        "",
        description="Public address under which platforms reach `linkstar receive`, such as "
        "`https://hooks.example.com`: some sign it. Unset: the address that a notification came to.",
    )
    keep_personal_data: bool = Field(
        False,
        description="Keep buyer names, phones and street lines in raw payloads instead of masking them.",
    )

    @cached_property
    def lake_root(self) -> str:
        """Folder or object-store prefix of the lake's Parquet files."""
        return self.lake_path or str(self.data_dir / "lake")

    @cached_property
    def stores(self) -> dict[str, str]:
        """Every connected store by its name, with its platform: those of the environment and those of the file.

        Raises:
            ConfigurationError: two platforms use the same name for a store, or the file cannot be used.
        """
        platforms: dict[str, str] = {}
        for platform in PLATFORMS:
            registered = self.store_files.stores.get(platform, {})
            for name in dict.fromkeys([*StoreNames.of(platform).stores, *registered]):
                if name in platforms:
                    raise ConfigurationError(
                        f"Two stores are called '{name}', on {platforms[name]} and on {platform}. Give one of them "
                        f"another name in LINKSTAR_{platform.upper()}_STORES or {self.store_files.path}."
                    )
                platforms[name] = platform
        return platforms

    def stores_of(self, platform: str) -> tuple[str, ...]:
        """Names of the connected stores of one platform."""
        return tuple(name for name, where in self.stores.items() if where == platform)

    @cached_property
    def erp_accounts(self) -> dict[str, tuple[str, ...]]:
        """The connected accounts of each ERP by its name: those of the environment and those of the file."""
        accounts = {erp: (*ErpAccounts.of(erp).accounts, *self.store_files.stores.get(erp, {})) for erp in ERPS}
        return {erp: tuple(dict.fromkeys(names)) for erp, names in accounts.items() if names}

    def time_zones(self) -> dict[str, str]:
        """Time zone of each connected store; the desk's own for one that names none that exists."""
        zones = {}
        for name, platform in self.stores.items():
            prefix = f"LINKSTAR_{platform.upper()}_{name.upper()}_"
            registered = self.store_files.settings_of(platform, name)
            try:
                zones[name] = StoreClock(_env_prefix=prefix, **_unless_in_environment(prefix, registered)).time_zone
            except ValidationError:
                zones[name] = self.time_zone
        return zones


class StoreNames(BaseSettings):
    """The connected stores of one platform. Environment prefix: `LINKSTAR_<PLATFORM>_`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    stores: CommaList = Field(
        (),
        description="Names of the platform's stores to connect, comma-separated, such as `na,eu`: lower-case letters, "
        "digits and `_`, each name on one platform only. Each has its own `LINKSTAR_<PLATFORM>_<NAME>_*` variables.",
    )

    @classmethod
    def of(cls, platform: str) -> Self:
        """Read the names of one platform's stores that the environment gives."""
        return cls(_env_prefix=f"LINKSTAR_{platform.upper()}_")


class ErpAccounts(BaseSettings):
    """The connected accounts of one ERP. Environment prefix: `LINKSTAR_<ERP>_`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    accounts: CommaList = Field(
        (),
        description="Names of the ERP's accounts to read, comma-separated, such as `main`: lower-case letters, digits "
        "and `_`. Each has its own `LINKSTAR_<ERP>_<NAME>_*` variables. An ERP without an account is not in the graph.",
    )

    @classmethod
    def of(cls, erp: str) -> Self:
        """Read the names of one ERP's accounts that the environment gives."""
        return cls(_env_prefix=f"LINKSTAR_{erp.upper()}_")


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
    def load(cls, name: str, files: StoreFiles | None = None) -> Self:
        """Read one store: from the environment first, then from the files.

        Args:
            name: Name of the store.
            files: The files; None for those of the environment.

        Raises:
            ConfigurationError: names each variable that is missing or wrong, or the file that cannot be used.
        """
        prefix, files = cls.prefix(name), files or Places().store_files
        given = _unless_in_environment(prefix, cls._registered(name, files))
        try:
            return cls(_env_prefix=prefix, **{**given, "name": name})
        except ValidationError as error:
            walk = f", or run `linkstar connect {cls.platform} --name {name}`" if cls.platform in PLATFORMS else ""
            remedy = (
                f"Set them in the environment or in {files.path} (secrets: {files.secrets_path}){walk}; "
                "docs/configuration.md tells what each one means."
            )
            raise _explain(error, prefix, f"{cls.platform} store '{name}'", remedy) from None

    @classmethod
    def questions(cls) -> dict[str, FieldInfo]:
        """The settings that a store is asked for, by name."""
        return {field: info for field, info in cls.model_fields.items() if not info.exclude}

    @classmethod
    def _registered(cls, name: str, files: StoreFiles) -> dict[str, object]:
        """What the files say of the store."""
        where, settings = f"{files.path}, {cls.platform} store '{name}'", files.settings_of(cls.platform, name)
        known, prefix = cls.questions(), cls.prefix(name)
        if unknown := [field for field in settings if field not in known]:
            raise ConfigurationError(f"{where}: there is no setting '{unknown[0]}'; there are {', '.join(known)}.")
        secret = [field for field, info in known.items() if is_secret(info)]
        if misplaced := [field for field in settings if field in secret]:
            raise ConfigurationError(
                f"{where}: '{misplaced[0]}' is a secret and is not read from there. Move it to {files.secrets_path} "
                f"(rights 0600) or to the environment, as {prefix}{misplaced[0].upper()}."
            )
        try:
            kept = files.secrets()
        except StoreFileError as error:
            raise ConfigurationError(str(error)) from None
        secrets = {field: kept[prefix + field.upper()] for field in secret if prefix + field.upper() in kept}
        return {**settings, **secrets}


class AmazonStore(StoreSettings):
    """One Amazon seller account. Environment prefix: `LINKSTAR_AMAZON_<NAME>_`."""

    platform = "amazon"

    seller_id: str = Field(description="Seller (merchant) id, such as `A2EUQ1WTGCTBG2`.")
    marketplace_ids: CommaList = Field(
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
    queue_url: str = Field(
        "",
        description="SQS queue that Amazon delivers notifications to, such as "
        "`https://sqs.us-east-1.amazonaws.com/123456789012/orders`. AWS credentials come from the standard AWS_* "
        "variables.",
    )


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting is a secret: never shown, never in `stores.yaml`."""
    return SecretStr in (field.annotation, *get_args(field.annotation))


def _unless_in_environment(prefix: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given settings that no environment variable sets: the environment goes first."""
    environment = {name.upper() for name in os.environ}
    return {field: value for field, value in given.items() if prefix + field.upper() not in environment}


def _explain(error: ValidationError, prefix: str, subject: str, remedy: str) -> ConfigurationError:
    lines, variables = [f"The settings of {subject} are not complete:"], []
    for problem in error.errors(include_input=False, include_url=False):
        variable = prefix + "_".join(str(part) for part in problem["loc"]).upper()
        missing = problem["type"] == "missing"
        lines.append(f"  {variable}: {'not set' if missing else problem['msg']}")
        variables.append(variable)
    return ConfigurationError("\n".join([*lines, remedy]), tuple(variables))


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        ConfigurationError: names each variable that is wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        remedy = "Set them in the environment and try again; docs/configuration.md tells what each one means."
        raise _explain(error, "LINKSTAR_", "LinkStar", remedy) from None
