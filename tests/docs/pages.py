"""The documents of the repository, as the tests of this folder read them."""

import re
from functools import cache
from pathlib import Path

from tests.support import project_root

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)
_LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")


@cache
def documents() -> tuple[Path, ...]:
    """Every Markdown file that the project ships."""
    root = project_root()
    return (*sorted(root.glob("*.md")), *sorted(root.glob("docs/**/*.md")))


def prose(text: str) -> str:
    """The text without its code blocks."""
    return _FENCE.sub("", text)


def code_blocks(text: str, *languages: str) -> list[str]:
    """Code blocks in one of these languages."""
    return [body for language, body in _FENCE.findall(text) if language in languages]


def headings(text: str) -> list[tuple[int, str]]:
    """Level and words of every heading."""
    return [(len(signs), words) for signs, words in _HEADING.findall(prose(text))]


def anchors(text: str) -> set[str]:
    """Anchors of the headings, made the way GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-") for _, words in headings(text)}


def links(text: str) -> list[tuple[bool, str]]:
    """Whether it is a picture, and target, of every link inside the project."""
    found = [(sign == "!", target) for sign, target in _LINK.findall(prose(text))]
    return [(picture, target) for picture, target in found if not re.match(r"[a-z]+:", target)]
