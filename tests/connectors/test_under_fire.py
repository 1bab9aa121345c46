"""Completeness under fire: pulls go on while every fault strikes; in the end nothing is lost and nothing doubled.

The virtual clock moves on between the pulls. Each pull reads back over the days in which a late order can still show
up, as the nightly reconciliation does. Beside each pull goes a single reading that nobody compares with anything: what
it loses shows that the test can fail.
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Window
from linkstar_pipelines.connectors.pulls import Pull, Pulls, pull_stream, seal
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.operations import trial
from linkstar_pipelines.schemas.platforms import PLATFORMS, Stream
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.ingest_windows import IngestWindows, StreamOf, end_of
from linkstar_pipelines.storage.postgres import Postgres
from tests.support import TOKEN_KEY, running_sandbox, world_orders

OPENS = date(2026, 4, 20)
START = datetime(2026, 4, 20, tzinfo=UTC)
LATE = timedelta(hours=72)
BACK = LATE + timedelta(days=3)  # how far each pull reads back: the 72 hours, and the time between two pulls
SETTLED = timedelta(minutes=5)  # younger changes are listed by no platform
FIRE = {
    "all": 0.08, "late_orders": 0.2, "clock_skew": 0.1, "token_expiry": 0.05, "empty_page": 0.08, "disorder": 0.3,
    "schema_additions": 0.5,
}  # fmt: skip


@dataclass
class Stored:
    """What is kept of one store, as the lake keeps it: every version once."""

    platform: str
    name: str
    versions: dict[tuple[str, str], datetime] = field(default_factory=dict)
    written: int = 0
    unsealed: dict[str, datetime] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)

    @property
    def where(self) -> StreamOf:
        return StreamOf(self.platform, self.name, Stream.ORDERS.value)

    @property
    def orders(self) -> set[str]:
        return {order for order, _ in self.versions}

    def came_late(self, pull: Pull, windows: IngestWindows) -> list[str]:
        """Orders with a version that is new and changed within what had been sealed."""
        sealed = windows.once_sealed_until(self.where)
        found = pull.rows.select("order_id", "payload_hash", "updated_at", "changed_on").iter_rows()
        return sorted({
            order for order, digest, at, day in found
            if (order, digest) not in self.versions and day in sealed and at < sealed[day]
        })  # fmt: skip

    def keep(self, pull: Pull) -> None:
        """Keep what is new of a pull."""
        for order, digest, at in pull.rows.select("order_id", "payload_hash", "updated_at").iter_rows():
            self.written += (order, digest) not in self.versions
            self.versions[order, digest] = at


@dataclass
class World:
    """The sandbox, its faults and its clock."""

    url: str

    def burn(self, faults: dict[str, float]) -> None:
        self._post("faults", {"faults": faults, "delay": 0.02})

    def at(self, moment: datetime) -> None:
        self._post("clock", {"set": moment.strftime("%Y-%m-%dT%H:%M:%SZ")})

    def orders(self, name: str) -> dict[str, datetime]:
        """Every order of a store, with its last change."""
        return {
            order["orderId"]: datetime.fromisoformat(order["lastUpdatedTime"])
            for order in world_orders(self.url, name.upper())
        }

    def struck(self) -> dict[str, int]:
        """How often each fault struck a request."""
        counts: dict[str, int] = {}
        for entry in httpx.get(f"{self.url}/_control/log").raise_for_status().json()["counts"]:
            if entry["fault"]:
                counts[entry["fault"]] = counts.get(entry["fault"], 0) + entry["count"]
        return counts

    def _post(self, what: str, body: object) -> None:
        httpx.post(f"{self.url}/_control/{what}", json=body, timeout=60).raise_for_status()


@pytest.fixture
def restored() -> Iterator[None]:
    """The environment of the process as it was."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def through_the_fire(
    world: World, settings: Settings, core: HttpCore, moments: Sequence[datetime], stores: Sequence[Stored]
) -> None:
    """Pull every store at every moment, then once more when the faults have ended and all that is late has come."""
    world.burn(FIRE)
    before = START
    for moment in moments:
        world.at(moment)
        for stored in stores:
            take(settings, core, stored, moment)
            stored.unsealed |= read_once(settings, core, stored, Window(before, moment - SETTLED))
        before = moment - SETTLED
    world.burn(dict.fromkeys(FIRE, 0.0))
    world.at(moments[-1] + LATE)
    for stored in stores:
        take(settings, core, stored, moments[-1] + LATE)


def take(settings: Settings, core: HttpCore, stored: Stored, moment: datetime) -> None:
    """Pull a store, keep what came and seal, in the order of the product."""
    platform = platform_named(settings.stores[stored.name])
    client = platform.client(platform.store.load(stored.name), core)
    first = max(moment - BACK, START).date()
    days = [first + timedelta(days=n) for n in range((moment.date() - first).days + 1)]
    pull = pull_stream(client, platform, Stream.ORDERS, days, readings=2, keep_personal=False)
    assert pull.rejected.is_empty(), (stored.name, pull.rejected)
    stored.missing.update(core.windows.open_gaps(stored.where))
    late = stored.came_late(pull, core.windows)
    stored.late.update(late)
    stored.keep(pull)
    seal(core.windows, stored.platform, Stream.ORDERS, Pulls([pull]), {stored.name: late} if late else {})


def read_once(settings: Settings, core: HttpCore, stored: Stored, window: Window) -> dict[str, datetime]:
    """One reading that nobody compares with anything: what the seal is there to prevent. Orders, with their change."""
    platform = platform_named(settings.stores[stored.name])
    client = platform.client(platform.store.load(stored.name), core)
    form = platform.streams[Stream.ORDERS]
    records = [record for page in client.read(Stream.ORDERS, window, 0) for record in page.records]
    return {form.identify(record): form.changed_at(record) or window.start for record in records}


def judge(world: World, core: HttpCore, postgres: Postgres, stores: Sequence[Stored], days: int) -> str:
    """Hold what is stored against the world; returns the figures."""
    lost, foreign, stale, doubled, unsealed, outdated = [], [], [], 0, [], 0
    for stored in stores:
        truth = world.orders(stored.name)
        newest: dict[str, datetime] = {}
        for (order, _), at in stored.versions.items():
            newest[order] = max(at, newest.get(order, at))
        lost += sorted(truth.keys() - stored.orders)
        foreign += sorted(stored.orders - truth.keys())
        stale += [order for order, at in truth.items() if order in newest and newest[order] != at]
        doubled += stored.written - len(stored.versions)
        unsealed += sorted(truth.keys() - stored.unsealed.keys())
        outdated += sum(stored.unsealed.get(order, at) != at for order, at in truth.items())
        assert core.windows.open_gaps(stored.where) == [], stored.name
        assert core.windows.cursor(stored.where, OPENS) >= end_of(OPENS + timedelta(days=days - 1)), stored.name
        assert stored.missing <= named(postgres, stored) & stored.orders, stored.name
        assert stored.late <= named(postgres, stored, "came late"), stored.name
    total = sum(len(world.orders(stored.name)) for stored in stores)
    assert (lost, foreign, stale, doubled) == ([], [], [], 0)
    assert len(unsealed) + outdated, "a single reading lost nothing: the faults are too tame to prove anything"
    assert any(stored.late for stored in stores)
    gaps = sum(len(named(postgres, stored)) for stored in stores)
    assert gaps
    return (
        f"{len(stores)} stores, {days} days, {total} orders: 0 lost, 0 doubled; {gaps} named as missing and found, "
        f"{sum(len(stored.late) for stored in stores)} of them late; single readings lost {len(unsealed)} "
        f"and left {outdated} in an old state; "
        f"faults {dict(sorted(world.struck().items()))}"
    )


def named(postgres: Postgres, stored: Stored, words: str = "") -> set[str]:
    """Records of a store that were named as missing, and are not any more."""
    rows = postgres.fetch(
        "SELECT record_id, lacked_by FROM ops.ingest_gap WHERE closed_at IS NOT NULL AND platform = %s AND store = %s "
        "AND stream = %s", *stored.where.key,
    )  # fmt: skip
    return {record for record, lacked_by in rows if words in lacked_by}


def run(folder: Path, postgres: Postgres, platforms: Sequence[str], *, per_platform: int, days: int, step: int) -> str:
    names = [code for p in platforms for code in trial.accounts([p]).split(",")[:per_platform]]
    flags = (
        "--opens", OPENS.isoformat(), "--closes", (OPENS + timedelta(days=days)).isoformat(), "--products", "20",
        "--orders-per-day", str(8 * len(names)), "--accounts", ",".join(names), "--rate-scale", "100000",
        "--fault-delay", "0.02", "--late-hours", "72", "--clock", f"frozen:{OPENS.isoformat()}T00:00:00Z",
    )  # fmt: skip
    began = time.monotonic()
    with (
        running_sandbox(folder, *flags) as url,
        HttpCore(postgres, timeout=2, max_attempts=60, max_wait=60, token_key=TOKEN_KEY) as core,
    ):
        settings = trial.connect(url, OPENS, platforms=list(platforms), faulty=True)
        owner = {name: platform for name, platform in settings.stores.items() if name.upper() in names}
        stores = [Stored(platform, name) for name, platform in owner.items()]
        world = World(url)
        moments = [START + timedelta(days=n) for n in range(step, days + 1, step)]
        through_the_fire(world, settings, core, moments, stores)
        return judge(world, core, postgres, stores, days) + f"; {time.monotonic() - began:.0f} s"


def test_nothing_is_lost_or_doubled_while_every_fault_strikes(
    tmp_path: Path, postgres: Postgres, restored: None
) -> None:
    assert run(tmp_path, postgres, ["amazon", "tiktok"], per_platform=1, days=6, step=2)


@pytest.mark.drill
def test_thirty_days_of_fourteen_stores_under_fire_lose_nothing_and_double_nothing(
    tmp_path: Path, postgres: Postgres, restored: None, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = run(tmp_path, postgres, list(PLATFORMS), per_platform=2, days=30, step=3)
    with capsys.disabled():
        print(figures)  # noqa: T201  # the figures of the drill
