"""Which version of the code parsed something: so that one can see what a day was read with.

Belongs here: the version of a platform's parser. Does not belong here: parsing.

The version is that of the package with a hash of the source files that make raw rows of answers: it changes with the
code and by nothing else, and nobody has to remember to raise it.
"""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).resolve().parent
_SHARED: Final = (
    _HERE / "kept.py",
    _HERE / "observations.py",
    _HERE / "request.py",
    _HERE.parent / "domain" / "observations.py",
    _HERE.parent / "domain" / "privacy.py",
)
_HASH_DIGITS: Final = 12


@cache
def parser_version(platform: str) -> str:
    """Return the version of a platform's parser, such as `0.1.0+3f1c0a9b7d2e`.

    Args:
        platform: As registered in `schemas/platforms.py`.
    """
    digest = hashlib.sha256()
    for source in (*sorted((_HERE / platform).glob("*.py")), *_SHARED):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    return f"{version('linkstar-pipelines')}+{digest.hexdigest()[:_HASH_DIGITS]}"
