"""What a store's credentials open, found out by real calls that change nothing.

Belongs here: the access check with both clocks, the first page of every stream, what the platform says of other
permissions, and the quotas with what was learned of them.
Does not belong here: asking a person (`store_questions.py`), or showing and saving anything (`connect.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import urlsplit

from linkstar_pipelines.connectors.errors import ConnectorError, CredentialError
from linkstar_pipelines.connectors.guide import Guide, Permission
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import AccessCheck, Client, Window
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.operations.findings import Finding
from linkstar_pipelines.schemas.platforms import CHANGING, PLATFORMS, Stream
from linkstar_pipelines.settings import StoreSettings
from linkstar_pipelines.storage.rate_budget import Plan, RateBudget

_SKEW: Final = timedelta(seconds=60)
_SETTLED: Final = timedelta(minutes=3)  # platforms refuse windows that end in their last two minutes
_LOOK_BACK: Final = timedelta(days=1)
_DAY_SECONDS: Final = 86_400

State = Literal["allowed", "refused", "not tested"]


@dataclass(frozen=True)
class Opened:
    """What was found about one stream or permission.

    Attributes:
        subject: Stream, or what else may be done.
        detail: What came, or why nothing did.
        grant: What to grant; empty where nothing is lacking.
        needed: Whether the product cannot read the store without it.
    """

    subject: str
    state: State
    detail: str
    grant: str = ""
    needed: bool = False


@dataclass(frozen=True)
class QuotaLine:
    """One operation of the quota sheet; `learned` is in calls a second, None where no answer told it."""

    operation: str
    plan: Plan
    source: str
    learned: float | None

    @property
    def calls_a_day(self) -> int:
        """Most calls in a day that begins with a full bucket."""
        return round((self.learned or self.plan.rate) * _DAY_SECONDS + self.plan.burst)


def check(store: StoreSettings, http: HttpCore) -> tuple[Finding, AccessCheck | None]:
    """Make one cheap real call; returns what it shows, and the platform's answer if there was one."""
    subject = f"{PLATFORMS[store.platform].title} '{store.name}'"
    addresses = {
        field: value for field, value in store.model_dump().items() if isinstance(value, str) and _is_address(value)
    }
    try:
        access = platform_named(store.platform).client(store, http).check_access()
    except CredentialError as error:
        remedy = "Set what it names to the values of your application, in the environment or by `linkstar connect`."
        return Finding(subject, "broken", str(error), remedy), None
    except ConnectorError as error:
        named = ", ".join(f"{store.variable(field)} ({value})" for field, value in addresses.items())
        return Finding(subject, "broken", str(error), f"Check the network and {named}."), None
    detail = f"{', '.join(dict.fromkeys(addresses.values()))} grants access".strip()
    own_time = any(is_loopback(address) for address in addresses.values())
    if access.skew is not None and abs(access.skew) > _SKEW and not own_time:
        direction = "behind" if access.skew > timedelta(0) else "ahead of"
        seconds = round(abs(access.skew).total_seconds())
        finding = Finding(
            subject, "warning", f"{detail}, but the clock here is {seconds} s {direction} the platform's",
            "Set this machine's clock by NTP: changes are asked for by time, and some would be seen late.",
        )  # fmt: skip
        return finding, access
    return Finding(subject, "ok", detail), access


def streams(store: StoreSettings, http: HttpCore, guide: Guide, access: AccessCheck) -> Iterator[Opened]:
    """Read the first page of every stream of the store's platform; changes are those of the last day."""
    client = platform_named(store.platform).client(store, http)
    end = (access.server_time or datetime.now(UTC)) - _SETTLED
    for stream in PLATFORMS[store.platform].streams:
        window = Window(end - _LOOK_BACK, end) if stream in CHANGING else None
        yield _first_page(client, stream, window, guide)


def _first_page(client: Client, stream: Stream, window: Window | None, guide: Guide) -> Opened:
    try:
        page = next(iter(client.read(stream, window, 0)), None)
    except ConnectorError as error:
        return Opened(stream.value, "refused", str(error), guide.grants.get(stream, ""), needed=True)
    count = len(page.records) if page is not None else 0
    span = "changed in the last day" if stream in CHANGING else "there now"
    return Opened(stream.value, "allowed", f"first page: {count} {span}", needed=True)


def permissions(store: StoreSettings, http: HttpCore, guide: Guide) -> list[Opened]:
    """Tell what else the store's credentials allow, where that shows without anything being changed."""
    client = platform_named(store.platform).client(store, http)
    try:
        granted = None if guide.granted is None else set(guide.granted(store, http))
    except ConnectorError as error:
        return [Opened(asked.subject, "not tested", str(error), asked.grant) for asked in guide.permissions]
    return [_permission(client, asked, granted) for asked in guide.permissions]


def _permission(client: Client, asked: Permission, granted: set[str] | None) -> Opened:
    if asked.probe is not None:
        try:
            asked.probe(client)
        except ConnectorError as error:
            return Opened(asked.subject, "refused", str(error), asked.grant)
        return Opened(asked.subject, "allowed", "can be listed")
    if granted is None or not asked.scopes:
        return Opened(asked.subject, "not tested", "only a change would show it", asked.grant)
    if lacking := [scope for scope in asked.scopes if scope not in granted]:
        return Opened(asked.subject, "refused", f"lacks {', '.join(lacking)}", asked.grant)
    return Opened(asked.subject, "allowed", f"has {', '.join(asked.scopes)}")


def quota_sheet(store: StoreSettings, guide: Guide, budget: RateBudget) -> list[QuotaLine]:
    """Return every operation's plan, and the rate that the platform's answers told, if they did."""
    owners = {store.name, *(value for value in store.model_dump().values() if isinstance(value, str))}
    learned = {
        operation: rate
        for platform, owner, operation, rate, _, _, told in budget.known()
        if told and platform == store.platform and owner in owners
    }
    return [
        QuotaLine(quota.operation, quota.plan, quota.source, learned.get(quota.operation)) for quota in guide.quotas
    ]


def _is_address(value: str) -> bool:
    return value.startswith(("http://", "https://")) and "{" not in value


def is_loopback(url: str) -> bool:
    """Whether the URL is of this machine: a sandbox keeps a time of its own."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
