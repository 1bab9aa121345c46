"""The wording of reports, read from `words.yaml`.

Belongs here: looking up and filling in words of a language. Does not belong here: the words themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

import yaml

Language = Literal["en", "zh"]

_FILE: Final = Path(__file__).with_name("words.yaml")


@dataclass(frozen=True)
class Words:
    """All words of one language."""

    language: Language
    texts: Mapping[str, str]
    groups: Mapping[str, Mapping[str, str]]

    def __call__(self, key: str, **values: object) -> str:
        """Return the words of a key, its `{names}` filled in.

        Raises:
            KeyError: there is no such key.
        """
        return self.texts[key].format(**values)

    def of(self, group: str, name: str) -> str:
        """Return the word for one name of a group, such as the category `commission`."""
        return self.groups[group][name]


@cache
def words(language: Language) -> Words:
    """Read the words of a language."""
    content = yaml.safe_load(_FILE.read_text(encoding="utf-8"))[language]
    return Words(
        language,
        texts={key: value for key, value in content.items() if isinstance(value, str)},
        groups={key: value for key, value in content.items() if isinstance(value, dict)},
    )
