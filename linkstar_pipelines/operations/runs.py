"""Running parts of the graph from the command line, in this process, with progress.

Belongs here: Dagster's home in the data folder, runs and their outcome, and closing runs that died.
Does not belong here: runs started by the daemon.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import dagster as dg
from dagster_postgres.utils import DagsterPostgresException
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import OperationalError

from linkstar_pipelines.schemas.catalog import table_named
from linkstar_pipelines.settings import Settings
from linkstar_pipelines.storage.embedded import PostgresUnavailableError

_PID_TAG: Final = "linkstar/pid"
_QUIET: Final = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_ENDED: Final = {"STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED"}


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        run_id: Dagster's id of the run.
        success: Whether every step ran through.
        checks_passed: How many checks did.
        warnings: The checks that did not, by table.
        failures: What failed, and the steps it made fail.
        unread: Stores that could not be read, and why; the others were.
    """

    run_id: str
    success: bool
    checks_passed: int = 0
    warnings: list[str] = field(default_factory=list)
    failures: dict[str, list[str]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """What a person has to mend, each thing once."""
        return [
            *(f"Store '{store}' could not be read: {why}" for store, why in self.unread.items()),
            *(f"{', '.join(steps)}: {why}" for why, steps in self.failures.items()),
        ]


def dagster_home(settings: Settings) -> Path:
    """Make Dagster's home in the data folder and point the environment to it."""
    home = settings.data_dir / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(shipped("dagster.yaml"), home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["LINKSTAR_DATA_DIR"] = str(settings.data_dir)
    # Dagster writes one event per partition; in batches a long range takes seconds instead of minutes.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "500")
    return home


def shipped(name: str) -> Path:
    """A configuration file of the checkout, or of the installed wheel."""
    package = Path(__file__).resolve().parent.parent
    beside = package.parent / name
    return beside if beside.exists() else package / name


def instance(settings: Settings) -> dg.DagsterInstance:
    """Open Dagster's instance of this installation and close runs that died with their process."""
    dagster_home(settings)
    opened = dg.DagsterInstance.get()
    _close_orphans(opened)
    return opened


def _close_orphans(opened: dg.DagsterInstance) -> None:
    unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    for run in opened.get_runs(unfinished):
        pid = run.tags.get(_PID_TAG)
        if pid is not None and not Path(f"/proc/{pid}").exists():
            opened.report_run_failed(run, "The process of this run ended without a word (killed, or out of memory).")


def execute(
    opened: dg.DagsterInstance,
    job_name: str,
    *,
    title: str,
    tags: Mapping[str, str] | None = None,
    partition_key: str | None = None,
    tables: Sequence[str] | None = None,
    run_config: Mapping[str, Any] | None = None,
    display: Progress | None = None,
) -> Outcome:
    """Run one job in this process and show its progress.

    Args:
        opened: Dagster's instance.
        job_name: Name of the job.
        title: What the progress bar calls it.
        tags: Run tags, such as a range of partitions.
        partition_key: A single partition.
        tables: Only these tables of the job, such as `core.orders`, with their checks.
        run_config: Configuration of assets.
        display: Where its bar stands while it runs; a display of its own unless given.
    """
    from linkstar_pipelines.definitions import build_defs

    job = build_defs().resolve_job_def(job_name)
    selection = [dg.AssetKey(table_named(table).asset_key) for table in tables] if tables is not None else None
    run_id = dg.DagsterRun(job_name).run_id
    outcome = Outcome(run_id, success=False)
    with nullcontext(display) if display is not None else _display() as progress:
        task = progress.add_task(title, total=2 * len(tables) if tables is not None else len(job.graph.node_dict))
        opened.add_event_listener(run_id, _listener(outcome, lambda text: _advance(progress, task, title, text)))
        try:
            result = job.execute_in_process(
                instance=opened,
                run_id=run_id,
                partition_key=partition_key,
                asset_selection=selection,
                tags={**(tags or {}), _PID_TAG: str(os.getpid())},
                run_config={**_QUIET, **(run_config or {})},
                raise_on_error=False,
            )
        except (DagsterPostgresException, OperationalError) as error:
            raise PostgresUnavailableError(
                f"PostgreSQL was lost during '{job_name}' ({str(error).splitlines()[0]}). Nothing half-made is "
                "visible; run the same command again and it goes on from there."
            ) from error
        progress.update(task, description=title, visible=display is None)
    outcome.success = result.success
    return outcome


def _display() -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    )


def _advance(progress: Progress, task: Any, title: str, step: str) -> None:
    progress.update(task, advance=1, description=f"{title} [dim]{step.replace('__', '.', 1)}")


def _listener(outcome: Outcome, advance: Callable[[str], None]) -> Callable[[dg.EventLogEntry], None]:
    def listen(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            return
        if event.event_type_value in _ENDED and event.step_key is not None:
            advance(event.step_key)
        if event.event_type_value == "STEP_FAILURE":
            why = root_message(event.step_failure_data.error)
            outcome.failures.setdefault(why, []).append((event.step_key or "?").replace("__", ".", 1))
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            _note_check(outcome, event)

    return listen


def root_message(error: Any) -> str:
    """The innermost message of a step's error: what a person can act on, without the frames around it."""
    while error is not None and error.cause is not None:
        error = error.cause
    return str(error.message).strip() if error is not None else "failed"


def _note_check(outcome: Outcome, event: dg.DagsterEvent) -> None:
    check = event.asset_check_evaluation_data
    if check.passed:
        outcome.checks_passed += 1
        return
    outcome.warnings.append(f"{check.asset_key.to_user_string()} {check.check_name}")
    failed = check.metadata.get("failed")
    if isinstance(failed, dg.JsonMetadataValue) and isinstance(failed.data, dict):
        for store, why in failed.data.items():
            outcome.unread.setdefault(store, str(why))
