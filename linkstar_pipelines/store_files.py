"""The registered stores and their secrets: two files that people may read and edit.

Belongs here: reading and writing `stores.yaml` (what is no secret) and `secrets.env` beside it (what is).
Does not belong here: what a setting means (`settings.py`, each platform's `store.py`), or the environment, which goes
before both files.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any, Final, Self

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from linkstar_pipelines.schemas.erps import ERPS
from linkstar_pipelines.schemas.platforms import PLATFORMS

STORES_FILE: Final = "stores.yaml"
SECRETS_FILE: Final = "secrets.env"

_STORES_HEAD: Final = f"""\
# The connected stores: platform, name, settings. `linkstar connect PLATFORM` writes this file; edit it as you like.
# What each setting means is in docs/configuration.md. A variable of the environment goes before what stands here.
# No secrets here: they are in {SECRETS_FILE} beside this file, or in the environment.

"""
_SECRETS_HEAD: Final = f"""\
# Secrets of the stores of {STORES_FILE}, under the names of their environment variables. Readable by you alone (0600).

"""

Value = str | list[str]
Fields = Mapping[str, Value]


class StoreFileError(ValueError):
    """One of the two files cannot be used; the message names the file, the place in it, and what to do."""


@dataclass(frozen=True)
class StoreFiles:
    """The stores of the two files, and changes that are not written yet.

    Attributes:
        path: `stores.yaml`; the secrets are beside it.
        stores: Settings by platform and name of store, every scalar as text.
        new_secrets: Secrets by variable that are not in the file yet.
    """

    path: Path
    stores: Mapping[str, Mapping[str, Fields]]
    new_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def at(cls, path: Path) -> Self:
        """Read `stores.yaml`; one that is not there holds no stores.

        Raises:
            StoreFileError: it cannot be read, or is not made of platforms, stores and settings.
        """
        if path.exists() and not path.is_file():
            raise StoreFileError(f"{path} is no file. Move it away, or set LINKSTAR_STORES_FILE.")
        try:
            text = _text(path)
            document = YAML(typ="base", pure=True).load(text) or {}
        except (OSError, UnicodeDecodeError, YAMLError) as error:
            raise StoreFileError(f"{path} cannot be read: {error}. Mend it, or move it away.") from None
        return cls(path, _checked(path, document))

    @property
    def secrets_path(self) -> Path:
        """The file of the secrets."""
        return self.path.with_name(SECRETS_FILE)

    def settings_of(self, platform: str, name: str) -> Fields:
        """Settings of one store as the file has them; empty for one that is not in it."""
        return self.stores.get(platform, {}).get(name, {})

    def secrets(self) -> dict[str, str]:
        """Secrets by the name of their variable.

        Raises:
            StoreFileError: others than the owner may read the file.
        """
        path = self.secrets_path
        if not path.exists():
            return dict(self.new_secrets)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise StoreFileError(f"{path} holds secrets and can be read by others. Run `chmod 600 {path}`.")
        kept = dotenv_values(path, interpolate=False)
        return {name: value for name, value in kept.items() if value is not None} | dict(self.new_secrets)

    def with_store(self, platform: str, name: str, settings: Fields, secrets: Mapping[str, str]) -> Self:
        """Return these files with a store added or replaced; `save` writes it. Secrets are by variable."""
        of_platform = {**self.stores.get(platform, {}), name: settings}
        return replace(self, stores={**self.stores, platform: of_platform}, new_secrets=secrets)

    def save(self, platform: str, name: str) -> None:
        """Write one store and the new secrets. Each file changes as a whole or not at all; comments in them stay."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.new_secrets:
            text = _text(self.secrets_path) or _SECRETS_HEAD
            _write(self.secrets_path, _with_secrets(text, self.new_secrets), 0o600)
        mode = stat.S_IMODE(self.path.stat().st_mode) if self.path.exists() else 0o644
        text = _with_settings(_text(self.path), platform, name, self.settings_of(platform, name))
        _write(self.path, text, mode)


def _checked(path: Path, document: Any) -> dict[str, dict[str, dict[str, Value]]]:
    if not isinstance(document, dict):
        raise StoreFileError(f"{path}: the file is to name platforms, and below each its stores.")
    stores: dict[str, dict[str, dict[str, Value]]] = {}
    for platform, named in document.items():
        if platform not in PLATFORMS and platform not in ERPS:
            known = ", ".join([*PLATFORMS, *ERPS])
            raise StoreFileError(f"{path}: there is no platform '{platform}'; there are {known}.")
        if not isinstance(named or {}, dict):
            raise StoreFileError(f"{path}: '{platform}' is to name its stores, one below the other.")
        stores[platform] = {name: _fields(path, name, settings or {}) for name, settings in (named or {}).items()}
    return stores


def _fields(path: Path, name: str, settings: Any) -> dict[str, Value]:
    if not isinstance(settings, dict):
        raise StoreFileError(f"{path}: store '{name}' is to hold its settings, one `name: value` below the other.")
    for setting, value in settings.items():
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts):
            raise StoreFileError(f"{path}: '{setting}' of store '{name}' is to be one value or a list of values.")
    return {setting: value for setting, value in settings.items() if value != ""}


def _with_settings(text: str, platform: str, name: str, settings: Fields) -> str:
    """Return the text of `stores.yaml` with the settings of one store replaced."""
    layout = YAML()
    layout.width = 120
    layout.indent(mapping=2, sequence=4, offset=2)
    document = layout.load(text) or layout.map()
    if not document.get(platform):
        document[platform] = layout.map()
    present = document[platform].get(name) or layout.map()
    document[platform][name] = present
    for setting in [setting for setting in present if setting not in settings]:
        del present[setting]
    for setting, value in settings.items():
        if present.get(setting) != value:
            present[setting] = value
    written = StringIO()
    layout.dump(document, written)
    return written.getvalue() if text.strip() else _STORES_HEAD + written.getvalue()


def _with_secrets(text: str, secrets: Mapping[str, str]) -> str:
    """Return the text of `secrets.env` with some secrets set, everything else as it was."""
    kept = "".join(line.original.string for line in parse_stream(StringIO(text)) if line.key not in secrets)
    escaped = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in secrets.items()}
    end = "" if kept.endswith("\n") or not kept else "\n"
    return kept + end + "".join(f"{name}='{value}'\n" for name, value in escaped.items())


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _write(path: Path, text: str, mode: int) -> None:
    """Put a file in its place in one step; it never exists with wider rights than `mode`."""
    spare = path.with_name(f".{path.name}.{os.getpid()}")
    spare.unlink(missing_ok=True)
    descriptor = os.open(spare, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        spare.replace(path)
    finally:
        spare.unlink(missing_ok=True)
