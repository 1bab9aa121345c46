"""The bar of a backfill: how far each stream of each store has come, and how long the rest will take.

Belongs here: looking at the windows and the call log while runs work, and showing what they say against the plan.
Does not belong here: the plan (`connectors/plans.py`), or the runs (`backfill.py`).
"""

import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from linkstar_pipelines.connectors.plans import StreamPlan, duration, remaining, seconds
from linkstar_pipelines.schemas.platforms import CHANGING, Stream
from linkstar_pipelines.storage.call_log import CallLog
from linkstar_pipelines.storage.ingest_windows import IngestWindows, StreamOf
from linkstar_pipelines.storage.postgres import Postgres

_EVERY_SECONDS: Final = 1.0


class _Said(ProgressColumn):
    """What a row says of itself: days and calls of a stream, steps of a run."""

    def render(self, task: Task) -> Text:
        """Write it."""
        steps = f"{task.completed:.0f}/{task.total or 0:.0f} steps"
        return Text(str(task.fields.get("said", steps)))


class BackfillBar:
    """Rows that move while runs work: one for each stream of each store, and one for all of them.

    Args:
        console: Where it stands.
        postgres: The operational database, which tells what has been read and asked.
        plans: What is to be read.
        span: First and last day of the backfill.
    """

    def __init__(
        self, console: Console, postgres: Postgres, plans: Sequence[StreamPlan], span: tuple[date, date]
    ) -> None:
        self.display = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), _Said(), console=console
        )
        self._windows, self._calls = IngestWindows(postgres), CallLog(postgres)
        self._plans, self._span = plans, span
        self._begun = datetime.now(UTC)
        self._all = self.display.add_task("[bold]All", total=1.0, said="")
        self._rows = [
            self.display.add_task(f"{plan.platform} {plan.store} {plan.stream.value}", total=1.0, said="")
            for plan in plans
        ]
        self._read: set[tuple[str, Stream]] = set()
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look_again_and_again, name="backfill-bar", daemon=True)

    def __enter__(self) -> Self:
        self.display.start()
        self.look()
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._watch.join()
        if error is None:
            self.look()
        self.display.stop()

    def has_read(self, platform: str, streams: Collection[Stream]) -> None:
        """Note that streams without windows have been read: no table tells of them."""
        self._read |= {(platform, stream) for stream in streams}

    def look(self) -> None:
        """Show how far everything has come."""
        days = self._windows.read_since(self._begun, *self._span)
        made = Counter(self._calls.made_since(self._begun))
        left, shares = [], []
        for row, plan in zip(self._rows, self._plans, strict=True):
            mine = _taken(plan, made)
            rest = remaining(plan, mine)
            read = days.get(StreamOf(plan.platform, plan.store, plan.stream.value), 0)
            over = read >= plan.days if plan.stream in CHANGING else (plan.platform, plan.stream) in self._read
            share = 1.0 if over else max(read / max(plan.days, 1), 1 - rest.all_calls / max(plan.all_calls, 1))
            done = f"{min(read, plan.days)}/{plan.days} days, " if plan.stream in CHANGING else ""
            said = f"{done}{sum(mine.values()):,}/{plan.all_calls:,} calls"
            self.display.update(row, completed=share, said=said)
            shares.append(share * plan.all_calls)
            if not over:
                left.append(rest)
        planned = sum(plan.all_calls for plan in self._plans)
        said = f"about {duration(seconds(left))} left" if left else "all read"
        self.display.update(self._all, completed=sum(shares) / planned if planned else 1.0, said=said)

    def _look_again_and_again(self) -> None:
        while not self._over.wait(_EVERY_SECONDS):
            self.look()


def _taken(plan: StreamPlan, made: Counter[tuple[str, str, str]]) -> Mapping[str, int]:
    """The calls that count for a plan, by operation; taken out of `made`, for plans of a store may share operations."""
    taken = {}
    for operation, planned in plan.calls.items():
        key = (plan.platform, plan.store, operation)
        taken[operation] = min(planned, made[key])
        made[key] -= taken[operation]
    return taken
