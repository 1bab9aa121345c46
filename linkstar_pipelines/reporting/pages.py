"""Writing generated pages of the documentation into the checkout.

Belongs here: where the pages live. Does not belong here: what stands on them (`configuration.py`, `tables.py`).
"""

from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"


def write_page(name: str, text: str, folder: Path = DOCS) -> Path:
    """Write one page.

    Args:
        name: File name, such as `configuration.md`.
        text: The page as Markdown.
        folder: The documentation's folder.

    Raises:
        FileNotFoundError: the folder does not exist: the package is installed without the documentation.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} does not exist. Generated pages are written in a checkout of the source.")
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
