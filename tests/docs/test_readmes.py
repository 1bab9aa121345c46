"""The Chinese README is the English one in another language: same parts, same commands, same links."""

import re

from tests.docs.pages import code_blocks, headings, links
from tests.support import project_root

_ENGLISH = (project_root() / "README.md").read_text(encoding="utf-8")
_CHINESE = (project_root() / "README.zh-CN.md").read_text(encoding="utf-8")
_OTHER = {"README.md", "README.zh-CN.md"}


def _targets(text: str) -> list[str]:
    return sorted(target for _, target in links(text) if target not in _OTHER)


def test_both_have_the_same_structure() -> None:
    assert [level for level, _ in headings(_CHINESE)] == [level for level, _ in headings(_ENGLISH)]


def test_both_have_the_same_commands() -> None:
    assert code_blocks(_CHINESE, "sh") == code_blocks(_ENGLISH, "sh")
    commands = r"`(?:linkstar|make|\.) [^`]*`"
    assert sorted(re.findall(commands, _CHINESE)) == sorted(re.findall(commands, _ENGLISH))


def test_both_lead_to_the_same_places() -> None:
    assert _targets(_CHINESE) == _targets(_ENGLISH)
    assert "README.zh-CN.md" in dict.fromkeys(target for _, target in links(_ENGLISH))
    assert "README.md" in dict.fromkeys(target for _, target in links(_CHINESE))


def test_both_draw_the_same_picture() -> None:
    shape = r'"[^"]*"'
    assert [re.sub(shape, '""', block) for block in code_blocks(_CHINESE, "mermaid")] == [
        re.sub(shape, '""', block) for block in code_blocks(_ENGLISH, "mermaid")
    ]


def test_both_state_as_many_limits() -> None:
    assert len(re.findall(r"^\* \*\*", _CHINESE, re.MULTILINE)) == len(re.findall(r"^\* \*\*", _ENGLISH, re.MULTILINE))
