"""Links between documents lead somewhere."""

from pathlib import Path

import pytest

from tests.docs.pages import anchors, documents, links
from tests.support import project_root


def _name(path: Path) -> str:
    return str(path.relative_to(project_root()))


@pytest.mark.parametrize("document", documents(), ids=_name)
def test_every_link_to_a_file_or_a_heading_leads_there(document: Path) -> None:
    missing = []
    for picture, target in links(document.read_text(encoding="utf-8")):
        place, _, anchor = target.partition("#")
        file = (document.parent / place).resolve() if place else document
        found = file.exists() and (not anchor or anchor in anchors(file.read_text(encoding="utf-8")))
        if not picture and not found:
            missing.append(target)
    assert missing == []


@pytest.mark.parametrize("document", documents(), ids=_name)
def test_every_picture_is_there(document: Path) -> None:
    pictures = [target for picture, target in links(document.read_text(encoding="utf-8")) if picture]
    assert [target for target in pictures if not (document.parent / target).is_file()] == []


def test_every_document_can_be_reached_from_the_readme() -> None:
    root = project_root()
    reached: set[Path] = set()
    waiting = [root / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.is_file():
            continue
        reached.add(page)
        for _, target in links(page.read_text(encoding="utf-8")):
            file = (page.parent / target.partition("#")[0]).resolve()
            waiting.append(file / "README.md" if file.is_dir() else file)
    assert {_name(page) for page in documents()} - {_name(page) for page in reached} == set()
