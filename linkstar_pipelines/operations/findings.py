"""What an examination found, and how a person sees it.

Belongs here: the type `Finding`, and the table of findings with the remedies below it.
Does not belong here: examining anything (`doctor.py`).
"""

from dataclasses import dataclass
from typing import Final, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

State = Literal["ok", "warning", "broken", "off"]
_STYLES: Final[dict[State, str]] = {"ok": "green", "warning": "yellow", "broken": "bold red", "off": "dim"}


@dataclass(frozen=True)
class Finding:
    """What was found about one part: `ok`, `warning` (works, but look), `broken`, or `off` (not in use)."""

    subject: str
    state: State
    detail: str
    remedy: str | None = None


def render(findings: list[Finding]) -> RenderableType:
    """Show findings as a table, the remedies below it."""
    table = Table("", "", "", box=None, show_header=False, padding=(0, 2, 0, 0))
    for finding in findings:
        table.add_row(
            Text(finding.state, style=_STYLES[finding.state]), Text(finding.subject, style="bold"), Text(finding.detail)
        )
    remedies = [Text(f"{finding.subject}: {finding.remedy}") for finding in findings if finding.remedy]
    if not remedies:
        return table
    return Group(table, Text("\nWhat to do", style="bold"), *remedies)
