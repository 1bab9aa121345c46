"""`linkstar replay`: the answers kept of some days, parsed again and published; no platform is asked.

Belongs here: which pulls are replayed, publishing their rows, and the count that a person reads afterwards.
Does not belong here: parsing (`connectors/replay.py`), or keeping answers (`storage/answer_bodies.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import dataframely as dy
import polars as pl
from rich.console import Console

from linkstar_pipelines.connectors.errors import ConnectorError
from linkstar_pipelines.connectors.parser_version import parser_version
from linkstar_pipelines.connectors.platform import Platform
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.connectors.replay import Parsed, parse
from linkstar_pipelines.connectors.request import DecodeError
from linkstar_pipelines.operations import runs
from linkstar_pipelines.orchestration.jobs import LOOP, range_tags
from linkstar_pipelines.schemas.catalog import TABLES
from linkstar_pipelines.schemas.platforms import CHANGING, PLATFORMS, Stream
from linkstar_pipelines.schemas.streams import RAW_TABLES, identity_of
from linkstar_pipelines.settings import Settings, StoreSettings, load_settings
from linkstar_pipelines.storage.answer_bodies import AnswerBodies, AnswerPull, NothingKeptError
from linkstar_pipelines.storage.lake import Lake, open_lake
from linkstar_pipelines.storage.postgres import open_postgres
from linkstar_pipelines.storage.publishing import Mode
from linkstar_pipelines.storage.tokens import token_key


@dataclass
class Replayed:
    """What a replay came to.

    Attributes:
        same: Rows that the lake holds already, just so or in a later state.
        new: Rows that it did not hold.
        mended: Rows that it held otherwise.
        refused: Records that are refused.
        days: Days of change of new and mended rows.
        parsers: Versions of the code that had parsed the pulls before.
        problems: Pulls that cannot be parsed, and why.
    """

    pulls: int = 0
    answers: int = 0
    records: int = 0
    same: int = 0
    new: int = 0
    mended: int = 0
    refused: int = 0
    days: set[date] = field(default_factory=set)
    parsers: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def replay(
    console: Console, platform: str, days: tuple[date, date], *, store: str | None = None, stream: str | None = None
) -> int:
    """Replay the answers received on some days, both included, and make what follows; returns the exit code.

    Raises:
        NothingKeptError: the days reach beyond what is kept, or nothing was received on them.
    """
    settings = load_settings()
    bodies = AnswerBodies(open_postgres(settings), token_key(settings.token_key, settings.data_dir))
    pulls = kept_pulls(bodies, platform, days, store=store, stream=stream)
    done = replay_pulls(settings, open_lake(settings), bodies, platform_named(platform), pulls)
    _show(console, platform, done)
    if not done.new and not done.mended:
        return 1 if done.problems else 0
    touched = done.days or {datetime.now(UTC).date()}
    outcome = runs.execute(
        runs.instance(settings),
        LOOP,
        title="What follows",
        tags=range_tags(min(touched).isoformat(), max(touched).isoformat()),
        tables=[table.full_name for table in TABLES if table.layer != "raw"],
    )
    for problem in outcome.problems:
        console.print(problem, style="red", highlight=False, markup=False)
    return 0 if outcome.success and not done.problems else 1


def kept_pulls(
    bodies: AnswerBodies,
    platform: str,
    days: tuple[date, date],
    *,
    store: str | None = None,
    stream: str | None = None,
) -> list[AnswerPull]:
    """The pulls whose answers were received from the first to the last of two days.

    Raises:
        NothingKeptError: the days begin before what is kept, or nothing was received on them.
    """
    (first, last), title, span = days, PLATFORMS[platform].title, bodies.span(platform)
    if span is None:
        raise NothingKeptError(f"No answers of {title} are kept. They are from its first pull on.")
    oldest, newest = (instant.date() for instant in span)
    if first < oldest:
        raise NothingKeptError(
            f"The answers of {title} are kept from {oldest} to {newest}; those of {first} are gone or never came. Ask "
            f"for days from {oldest} on. How long answers are kept is LINKSTAR_RAW_DAYS."
        )
    start, end = (datetime.combine(day, time.min, UTC) for day in (first, last + timedelta(days=1)))
    pulls = bodies.pulls(platform, start, end, store=store, stream=stream)
    if not pulls:
        raise NothingKeptError(
            f"No answers that fit were received of {title} from {first} to {last}; there are some from {oldest} to "
            f"{newest}. The days are those on which answers were received (UTC), not those on which records changed."
        )
    return pulls


def replay_pulls(
    settings: Settings, lake: Lake, bodies: AnswerBodies, platform: Platform, pulls: Sequence[AnswerPull]
) -> Replayed:
    """Parse pulls again, oldest first, and publish their rows. A pull that cannot be parsed keeps no other from it."""
    done, stores = Replayed(), dict[str, StoreSettings]()
    for pull in pulls:
        if pull.store not in stores:
            stores[pull.store] = platform.store.load(pull.store)
        parts = parse(platform, stores[pull.store], bodies, pull, keep_personal=settings.keep_personal_data)
        try:
            for part in parts:
                _publish(lake, platform.name, pull, part, done)
        except (ConnectorError, DecodeError) as error:
            done.problems.append(
                f"{pull.store} {pull.stream}, received {pull.begun_at:%Y-%m-%d %H:%M} UTC: {error}. Its other records "
                "stay in the lake as they were; pull these days again."
            )
            continue
        bodies.parsed(pull, parser_version(platform.name))
        done.pulls += 1
        done.answers += len(bodies.answers(pull))
        done.parsers.add(pull.parser)
    return done


def _publish(lake: Lake, platform: str, pull: AnswerPull, part: Parsed, done: Replayed) -> None:
    """Publish a part of a pull as the pull did, and count what came of it."""
    stream = Stream(pull.stream)
    schema, key = RAW_TABLES[platform, stream], ["platform", "store", identity_of(platform, stream)]
    rows, known = _in_time(lake, schema, stream, part.rows)
    rejected = _not_overtaken(lake, schema, key, pull, part.rejected)
    published = lake.publish(
        schema, rows, mode=Mode.UPSERT, rejected=rejected, source_key=pl.concat_str(key, separator="/"),
        run_id=f"replay {pull.id}",
    )  # fmt: skip
    new = rows.height - known
    done.records += part.records
    done.refused += published.rejected
    done.same += part.rows.height - published.written
    done.new += new
    done.mended += published.written - new
    if stream in CHANGING and published.written:
        done.days.update(rows["changed_on"])


def _in_time(lake: Lake, schema: type[dy.Schema], stream: Stream, rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Bring rows into line with what the lake observed at other times.

    A version counts as seen when it was first seen. Where the lake keeps the present state, an older one never replaces
    a newer.

    Returns:
        The rows to publish, and how many of them the lake knows.
    """
    keys = list(schema.primary_key())
    days = rows["changed_on"].unique().to_list() if stream in CHANGING else None
    held = lake.read(schema, columns=[*keys, "observed_at"], days=days).rename({"observed_at": "held_at"})
    met = rows.join(held, on=keys, how="left", maintain_order="left")
    if stream in CHANGING:
        met = met.with_columns(observed_at=pl.min_horizontal("observed_at", "held_at"))
    else:
        met = met.filter(pl.col("held_at").is_null() | (pl.col("held_at") <= pl.col("observed_at")))
    return met.drop("held_at"), met["held_at"].count()


def _not_overtaken(
    lake: Lake, schema: type[dy.Schema], key: Sequence[str], pull: AnswerPull, rejected: pl.DataFrame
) -> pl.DataFrame:
    """Leave out refused records of which the lake holds a later observation: it has released them."""
    if rejected.is_empty():
        return rejected
    later = lake.read(schema, columns=[*key, "observed_at"]).filter(pl.col("observed_at") > pull.observed_at)
    overtaken = later.select(record=pl.concat_str(key, separator="/")).unique()
    named = rejected.with_columns(record=pl.col("source_key").str.replace(r"/[^/]*$", ""))
    return named.join(overtaken, on="record", how="anti", maintain_order="left").drop("record")


def _show(console: Console, platform: str, done: Replayed) -> None:
    for line in _lines(platform, done):
        console.print(line, highlight=False, markup=False)
    for problem in done.problems:
        console.print(problem, style="red", highlight=False, markup=False)


def _lines(platform: str, done: Replayed) -> Iterator[str]:
    yield (
        f"{done.answers:,} answers of {done.pulls:,} pulls: {done.records:,} records, {done.same:,} rows the same, "
        f"{done.new:,} new, {done.mended:,} mended, {done.refused:,} refused."
    )
    before = ", ".join(sorted(done.parsers - {""})) or "nothing"
    yield f"Parsed by {parser_version(platform)}; before by {before}."
    if done.days:
        yield f"Days of change that follow: {min(done.days)} to {max(done.days)}."
