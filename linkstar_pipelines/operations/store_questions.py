"""The settings of a store from the person who connects it: prompts, options, or the environment.

Belongs here: which setting is asked for, and where its value comes from.
Does not belong here: whether the values open anything (`store_access.py`), or saving them (`connect.py`).
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import typer
from pydantic.fields import FieldInfo
from rich.console import Console

from linkstar_pipelines.settings import ConfigurationError, StoreSettings, is_secret
from linkstar_pipelines.store_files import Fields, StoreFiles, Value


@dataclass
class Answers:
    """What is to be kept of a store: plain settings by name, secrets by variable."""

    settings: dict[str, Value] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Questions:
    """What is asked about one store, and what is known already.

    Attributes:
        kind: Settings class of the platform.
        name: Name of the store.
        files: The registered stores.
        given: Values of `--set`, by setting.
        secrets_from_env: Keep the secrets of the environment in the file of secrets.
        console: Where a person is asked; None asks nobody.
    """

    kind: type[StoreSettings]
    name: str
    files: StoreFiles
    given: Mapping[str, str]
    secrets_from_env: bool
    console: Console | None

    def __post_init__(self) -> None:
        known = self.kind.questions()
        for setting in self.given:
            if setting not in known:
                raise ConfigurationError(f"There is no setting '{setting}'; there are {', '.join(known)}.")
            if is_secret(known[setting]):
                raise ConfigurationError(
                    f"'{setting}' is a secret: others see the arguments of a command. Set {self._variable(setting)} in "
                    "the environment instead, with --secrets-from-env to keep it in the file of secrets."
                )
            if self._in_environment(setting):
                raise ConfigurationError(
                    f"{self._variable(setting)} is set in the environment and goes before --set {setting}; unset one."
                )

    def answers(self) -> Answers:
        """Go through all settings once."""
        kept = Answers(dict(self.files.settings_of(self.kind.platform, self.name)))
        for setting, info in self.kind.questions().items():
            self._answer(setting, info, kept)
        return kept

    def can_ask(self, variables: Collection[str]) -> bool:
        """Whether somebody can be asked about the settings of some variables, and the answer would count."""
        return self.console is not None and any(
            self._variable(setting) in variables and not self._in_environment(setting)
            for setting in self.kind.questions()
        )

    def again(self, kept: Answers, variables: Collection[str]) -> None:
        """Ask once more for the settings of some variables."""
        for setting, info in self.kind.questions().items():
            if self._variable(setting) in variables:
                self._answer(setting, info, kept)

    def _answer(self, setting: str, info: FieldInfo, kept: Answers) -> None:
        variable = self._variable(setting)
        if self._in_environment(setting):
            if is_secret(info) and self.secrets_from_env:
                kept.secrets[variable] = os.environ[variable]
            elif self.console is not None:
                self.console.print(f"{setting}: from the environment ({variable})", markup=False, highlight=False)
        elif setting in self.given:
            _put(kept.settings, setting, self.given[setting], info)
        elif self.console is not None:
            self._ask(setting, info, kept, self.console)

    def _ask(self, setting: str, info: FieldInfo, kept: Answers, console: Console) -> None:
        console.print(f"\n{info.description}", style="dim", markup=False, highlight=False)
        if is_secret(info):
            variable = self._variable(setting)
            known = variable in kept.secrets or variable in self.files.secrets()
            hint = "Enter keeps the present one" if known else "Enter for none"
            may_skip = known or not info.is_required()
            typed = typer.prompt(
                f"{setting} ({hint})" if may_skip else setting, default="" if may_skip else None,
                hide_input=True, show_default=False,
            )  # fmt: skip
            if typed:
                kept.secrets[variable] = typed
            return
        present = kept.settings.get(setting)
        default = as_text(present if present is not None else info.get_default())
        if info.is_required() and not default:
            typed = typer.prompt(setting)
        else:
            typed = typer.prompt(setting if default else f"{setting} (Enter for none)", default=default,
                                 show_default=bool(default))  # fmt: skip
        _put(kept.settings, setting, str(typed).strip(), info)

    def _variable(self, setting: str) -> str:
        return self.kind.prefix(self.name) + setting.upper()

    def _in_environment(self, setting: str) -> bool:
        return self._variable(setting) in os.environ


def _put(settings: dict[str, Value], setting: str, text: str, info: FieldInfo) -> None:
    """Keep a value; one that says no more than the default is left out, so that the default may change."""
    settings.pop(setting, None)
    if text and text != as_text(info.get_default()):
        settings[setting] = [part.strip() for part in text.split(",")] if "," in text and _is_list(info) else text


def _is_list(info: FieldInfo) -> bool:
    return getattr(info.annotation, "__origin__", None) is tuple


def as_text(value: Any) -> str:
    """Write a value as a person types it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(value)
    return "" if value is None or not isinstance(value, str | int) else str(value)


def changes(before: Fields, after: Fields) -> list[tuple[str, str, str]]:
    """Tell which plain settings change: name, old and new value."""
    fields = dict.fromkeys([*before, *after])
    texts = [(field, as_text(before.get(field)), as_text(after.get(field))) for field in fields]
    return [(field, old, new) for field, old, new in texts if old != new]
