"""Observations: the canonical text and hash of a payload, and payloads on their way to raw rows.

Belongs here: what all streams of all platforms have in common. Does not belong here: the form of any stream
(`connectors/<platform>/forms.py`), or reading meaning out of payloads.
"""

import hashlib
import json
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

import dataframely as dy
import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.schemas.columns import INSTANT

S = TypeVar("S", bound=dy.Schema)

_HASH_DIGITS: Final = 12


def canonical_json(payload: object) -> str:
    """Return the one JSON text of a payload: keys sorted, no spaces, decimals with exactly the digits they came with.

    Args:
        payload: Parsed JSON; numbers with a fraction as `Decimal` (`parse_float=Decimal`).

    Raises:
        TypeError: the payload holds something that JSON does not know.
    """
    try:
        return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except TypeError:
        # The standard encoder knows no Decimal; payloads that hold one (finances) are written part by part.
        return _with_decimals(payload)


def _with_decimals(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical_json(k)}:{_with_decimals(value[k])}" for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_with_decimals(item) for item in value) + "]"
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def payload_hash(text: str) -> str:
    """Return the SHA-256 of a payload's canonical text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


class Seen:
    """Payloads of one pull on their way to rows: those with the form to become one, and those refused."""

    def __init__(self, platform: str, store: str, identity: str) -> None:
        self._platform, self._store, self._identity = platform, store, identity
        self._rows: list[dict[str, str | None]] = []
        self._refused: list[dict[str, str]] = []

    def text(self, payload: object) -> str:
        """Return the canonical text of a payload."""
        return canonical_json(payload)

    def add(self, identity: str | None, text: str, **columns: str | None) -> None:
        """Take a payload with the columns of its row."""
        self._rows.append({self._identity: identity, "payload": text, "payload_hash": payload_hash(text), **columns})

    def refuse(self, identity: str | None, text: str, reason: str) -> None:
        """Put a payload aside."""
        key = f"{self._platform}/{self._store}/{identity or '-'}/{payload_hash(text)[:_HASH_DIGITS]}"
        self._refused.append({"source_key": key, "reason": reason, "payload": text})

    def refuse_no_object(self, payload: object) -> None:
        """Refuse what is no object. Its content is not kept, for nobody can tell what of it is personal."""
        kind = type(payload).__name__
        self.refuse(None, canonical_json({"type": kind}), f"payload is no JSON object but a {kind}")

    def frame(self, schema: type[dy.Schema], observed_at: datetime) -> pl.DataFrame:
        """Return the rows with the columns of a raw table; a `changed_on` is left to the caller."""
        dtypes = {name: column.dtype for name, column in schema.columns().items() if name != "changed_on"}
        texts = pl.DataFrame(self._rows, schema=dict.fromkeys(self._columns(schema), pl.String), orient="row")
        instants = [name for name in texts.columns if dtypes[name] == INSTANT]
        return texts.with_columns(
            *(json_columns.instant(pl.col(name)) for name in instants),
            platform=pl.lit(self._platform),
            store=pl.lit(self._store),
            observed_at=pl.lit(observed_at).cast(INSTANT),
        )

    def split(self, frame: pl.DataFrame, schema: type[S]) -> tuple[dy.DataFrame[S], pl.DataFrame]:
        """Keep the last row of each key, part the rows by the rules of the table, and add what was refused before."""
        # A row without identity stands for itself: it must reach the quarantine, not be taken for a repetition.
        keys = [name for name in schema.primary_key() if name != self._identity]
        frame = frame.unique(
            [*keys, pl.col(self._identity).fill_null(pl.col("payload_hash"))], keep="last", maintain_order=True
        )
        key = pl.concat_str(
            pl.lit(self._platform), pl.lit(self._store), pl.col(self._identity).fill_null("-"),
            pl.col("payload_hash").str.head(_HASH_DIGITS), separator="/",
        )  # fmt: skip
        good, rejected = quarantine.split(frame, schema, key)
        refused = pl.DataFrame(self._refused, schema=quarantine.REJECTED)
        return good, quarantine.concat_rejects(refused, rejected)

    def _columns(self, schema: type[dy.Schema]) -> list[str]:
        given_elsewhere = {"platform", "store", "observed_at", "changed_on"}
        return [name for name in schema.column_names() if name not in given_elsewhere]
