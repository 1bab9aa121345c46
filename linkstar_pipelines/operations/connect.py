"""`linkstar connect` and `linkstar stores`: registers a store once its credentials are proven, and lists the stores.

Belongs here: the order of the walk (tell, ask, test, show, save), and how it looks.
Does not belong here: prompts (`store_questions.py`), real calls (`store_access.py`), the files (`store_files.py`).
"""

import re
from collections.abc import Collection, Mapping, Sequence

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from linkstar_pipelines.connectors.guide import Guide, guide_of
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.operations import store_access
from linkstar_pipelines.operations.findings import render
from linkstar_pipelines.operations.store_access import Opened, QuotaLine
from linkstar_pipelines.operations.store_questions import Answers, Questions, changes
from linkstar_pipelines.schemas.platforms import PLATFORMS
from linkstar_pipelines.settings import ConfigurationError, Settings, StoreNames, StoreSettings, load_settings
from linkstar_pipelines.storage.postgres import open_postgres
from linkstar_pipelines.storage.rate_budget import RateBudget
from linkstar_pipelines.store_files import StoreFiles

_STYLES = {"allowed": "green", "refused": "bold red", "not tested": "dim"}


def connect(
    console: Console,
    platform: str,
    name: str | None,
    *,
    given: Mapping[str, str],
    secrets_from_env: bool = False,
    anyway: bool = False,
) -> int:
    """Walk a person through connecting a store; 0 when it is registered.

    Args:
        console: Where to show it.
        platform: Registered platform.
        name: Name of the store; None asks for it.
        given: Settings by name. With some, or with `secrets_from_env`, nothing is asked.
        secrets_from_env: Keep the secrets that the environment gives in the file of secrets.
        anyway: Register the store although a test failed.

    Raises:
        ConfigurationError: a setting is missing or wrong, and nobody can be asked.
    """
    settings, guide, asking = load_settings(), guide_of(platform), not given and not secrets_from_env
    console.print(f"[bold]Connect {PLATFORMS[platform].title}[/]  ({PLATFORMS[platform].title_zh})")
    console.print(guide.console.replace("\n  ", " "), style="dim", markup=False, highlight=False)
    name = _name(settings, platform, name, asking=asking)
    kind, files = platform_named(platform).store, settings.store_files
    questions = Questions(kind, name, files, given, secrets_from_env, console if asking else None)
    answers = questions.answers()
    store, proposed = _load(console, questions, answers)
    _show_changes(console, files, store, answers)
    with HttpCore.of(
        settings, timeout=min(settings.http_timeout_seconds, 10), max_wait=min(settings.http_max_wait_seconds, 30)
    ) as http:
        passed = _test(console, store, http, guide)
    _show_quotas(console, store_access.quota_sheet(store, guide, RateBudget(open_postgres(settings))))
    if not passed and not anyway:
        console.print(
            "\nNothing was written. Mend what was refused and connect again, or add --anyway to register the store as "
            "it is.", style="red",
        )  # fmt: skip
        return 1
    proposed.save(platform, name)
    _show_next(console, settings, proposed, answers)
    return 0


def _name(settings: Settings, platform: str, name: str | None, *, asking: bool) -> str:
    if name is None and not asking:
        raise ConfigurationError("Give the store a name with --name.")
    name = name or str(typer.prompt("Name of the store, such as us (lower-case letters, digits and _)"))
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigurationError(f"'{name}' cannot be a name: use lower-case letters, digits and _, a letter first.")
    if settings.stores.get(name, platform) != platform:
        raise ConfigurationError(f"A store of {settings.stores[name]} is called '{name}' already; choose another name.")
    return name


def _load(console: Console, questions: Questions, answers: Answers) -> tuple[StoreSettings, StoreFiles]:
    """Make the store of the answers, asking again for what is wrong; returns it with the files as they would be."""
    while True:
        kind, name = questions.kind, questions.name
        proposed = questions.files.with_store(kind.platform, name, answers.settings, answers.secrets)
        try:
            return kind.load(name, proposed), proposed
        except ConfigurationError as error:
            if not questions.can_ask(error.variables):
                raise
            console.print(f"\n{error}", style="yellow", markup=False, highlight=False)
            questions.again(answers, error.variables)


def _show_changes(console: Console, files: StoreFiles, store: StoreSettings, answers: Answers) -> None:
    before = files.settings_of(store.platform, store.name)
    if not before:
        return
    console.print(f"\n[bold]Changes of store '{store.name}'[/]")
    lines = [f"{field}: {old or 'unset'} -> {new or 'unset'}" for field, old, new in changes(before, answers.settings)]
    kept = files.secrets()
    lines += [f"{name}: replaced" for name, value in answers.secrets.items() if kept.get(name) != value]
    console.print("\n".join(lines) or "none", markup=False, highlight=False)


def _test(console: Console, store: StoreSettings, http: HttpCore, guide: Guide) -> bool:
    """Make the real calls and show what they opened; False when the store cannot be read whole."""
    console.print("\n[bold]Access[/]")
    finding, access = store_access.check(store, http)
    console.print(render([finding]))
    if access is None:
        return False
    console.print("\n[bold]What it opens[/]")
    with console.status("Reading the first page of every stream"):
        opened = [*store_access.streams(store, http, guide, access), *store_access.permissions(store, http, guide)]
    _show_opened(console, opened)
    return not any(found.needed and found.state != "allowed" for found in opened)


def _show_opened(console: Console, opened: Sequence[Opened]) -> None:
    table = Table("", "", "", box=None, show_header=False, padding=(0, 2, 0, 0))
    for found in opened:
        style = _STYLES[found.state]
        table.add_row(f"[{style}]{found.state}[/]", found.subject, escape(found.detail))
    console.print(table)
    for state, title in (("refused", "To grant"), ("not tested", "What the others take")):
        grants = [f"{found.subject}: {found.grant}" for found in opened if found.state == state and found.grant]
        if grants:
            console.print(f"\n[bold]{title}[/]")
            console.print("\n".join(grants), markup=False, highlight=False)


def _show_quotas(console: Console, lines: Sequence[QuotaLine]) -> None:
    console.print("\n[bold]Quotas[/]")
    if not lines:
        console.print("The platform publishes no call rates: what is too fast is answered so, and repeated later.")
        return
    table = Table("operation", "calls a second", "at once", "plan", "learned", "calls a day", box=None,
                  padding=(0, 2, 0, 0))  # fmt: skip
    for line in lines:
        learned = f"{line.learned:g}" if line.learned is not None else ""
        table.add_row(
            line.operation, f"{line.plan.rate:g}", f"{line.plan.burst:g}", line.source, learned, f"{line.calls_a_day:,}"
        )
    console.print(table)


def _show_next(console: Console, settings: Settings, files: StoreFiles, answers: Answers) -> None:
    secrets = f", its secrets in {files.secrets_path}" if answers.secrets else ""
    console.print(f"\nRegistered in {files.path}{secrets}.", style="green", markup=False, highlight=False)
    console.print(
        f"Next: `linkstar doctor`, then `linkstar run --from {settings.history_start}` for the first pull (it reaches "
        "back to LINKSTAR_HISTORY_START). A running `linkstar up` sees the store after a restart.",
        markup=False, highlight=False,
    )  # fmt: skip


def list_stores(console: Console) -> int:
    """Show every registered store, where it is registered, and which of its variables are missing or wrong."""
    settings = load_settings()
    if not settings.stores:
        console.print(f"No store is registered. `linkstar connect PLATFORM`: {', '.join(PLATFORMS)}.")
        return 0
    table = Table("store", "platform", "registered in", "missing", box=None, padding=(0, 2, 0, 0))
    for name, platform in settings.stores.items():
        table.add_row(name, PLATFORMS[platform].title, " and ".join(_sources(settings, platform, name)),
                      escape(_missing(settings, platform, name)))  # fmt: skip
    console.print(table)
    return 0


def _sources(settings: Settings, platform: str, name: str) -> Collection[str]:
    in_environment = name in StoreNames.of(platform).stores
    in_file = name in settings.store_files.stores.get(platform, {})
    return [place for place, there in (("environment", in_environment), ("file", in_file)) if there]


def _missing(settings: Settings, platform: str, name: str) -> str:
    try:
        platform_named(platform).store.load(name, settings.store_files)
    except ConfigurationError as error:
        return ", ".join(error.variables) or str(error)
    return ""
