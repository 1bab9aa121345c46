"""Whom to believe when moving in, from `migration.yaml`.

Belongs here: the shape of the file. Does not belong here: comparing records (`domain/products/migration.py`).
"""

from pydantic import BaseModel, ConfigDict, Field


class MigrationRules(BaseModel):
    """How records of several systems meet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: tuple[str, ...] = Field(description="Sources, the most believed first: `file`, `mabang`, `mabang/main`.")
    stores: dict[str, str] = Field(
        default_factory=dict, description="Your name of a store, by the name that the old system has for it."
    )
