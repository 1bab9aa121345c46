"""Observations: the canonical text and hash of a payload, and payloads on their way to raw rows.

Belongs here: what all streams of all platforms have in common. Does not belong here: the form of any stream
(`connectors/<platform>/forms.py`), or reading meaning out of payloads.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import dataframely as dy
import msgspec
import polars as pl

from linkstar_pipelines.domain import json_columns, quarantine
from linkstar_pipelines.schemas.columns import INSTANT
from linkstar_pipelines.schemas.quality import ReasonType

_HASH_DIGITS: Final = 12
_ENCODER: Final = msgspec.json.Encoder(order="sorted", decimal_format="number")


def canonical_json(payload: object) -> str:
    """Return the one JSON text of a payload: keys sorted, no spaces, decimals with exactly the digits they came with.

    Args:
        payload: Parsed JSON; numbers with a fraction as `Decimal`.

    Raises:
        TypeError: the payload holds something that JSON does not know.
        UnicodeEncodeError: a text in it was no UTF-8 (lone surrogates stand where its bytes were).
    """
    return _ENCODER.encode(payload).decode()


def payload_hash(text: str) -> str:
    """Return the SHA-256 of a payload's canonical text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def any_json(payload: object) -> str:
    """Return the canonical text of a payload, or, where a text in it is no UTF-8, one that shows its bytes escaped."""
    try:
        return canonical_json(payload)
    except UnicodeEncodeError:
        return json.dumps(payload, sort_keys=True, separators=(",", ":"), default=str)


def legible(text: str) -> str:
    """Return a text with `?` in the place of every byte that was no UTF-8."""
    return text.encode(errors="replace").decode()


class Seen:
    """Payloads of one pull on their way to rows: those with the form to become one, and those refused.

    Args:
        platform: Platform they came from.
        store: Store they belong to.
        schema: Raw table they are meant for.
        identity: Column of that table that tells the records of a store apart.
    """

    def __init__(self, platform: str, store: str, schema: type[dy.Schema], identity: str) -> None:
        self._platform, self._store, self._schema, self._identity = platform, store, schema, identity
        given_elsewhere = {"platform", "store", "observed_at", "changed_on"}
        self._columns: dict[str, list[str | None]] = {
            name: [] for name in schema.column_names() if name not in given_elsewhere
        }
        self._refused: list[dict[str, str]] = []

    def add(self, text: str, columns: Mapping[str, str | None]) -> None:
        """Take a payload with the columns of its row."""
        row = {"payload": text, "payload_hash": payload_hash(text), **columns}
        for name, values in self._columns.items():
            values.append(row.get(name))

    def refuse(self, identity: str | None, text: str, reason: str, reason_type: ReasonType = ReasonType.SCHEMA) -> None:
        """Put a payload aside."""
        key = f"{self._platform}/{self._store}/{identity or '-'}/{payload_hash(text)[:_HASH_DIGITS]}"
        self._refused.append({"source_key": key, "reason": reason, "reason_type": reason_type.value, "payload": text})

    def refuse_no_object(self, payload: object) -> None:
        """Refuse what is no object. Its content is not kept, for nobody can tell what of it is personal."""
        kind = type(payload).__name__
        self.refuse(None, canonical_json({"type": kind}), f"payload is no JSON object but a {kind}")

    def frame(self, observed_at: datetime) -> pl.DataFrame:
        """Return the rows with the columns of the raw table; a `changed_on` is left to the caller."""
        dtypes = {name: column.dtype for name, column in self._schema.columns().items() if name != "changed_on"}
        texts = pl.DataFrame(self._columns, schema=dict.fromkeys(self._columns, pl.String))
        instants = [name for name in texts.columns if dtypes[name] == INSTANT]
        return texts.with_columns(
            *(json_columns.instant(pl.col(name)) for name in instants),
            platform=pl.lit(self._platform),
            store=pl.lit(self._store),
            observed_at=pl.lit(observed_at).cast(INSTANT),
        )

    def split(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Keep the last row of each key, part the rows by the rules of the table, and add what was refused before."""
        # A row without identity stands for itself: it must reach the quarantine, not be taken for a repetition.
        keys = [name for name in self._schema.primary_key() if name != self._identity]
        frame = frame.unique(
            [*keys, pl.col(self._identity).fill_null(pl.col("payload_hash"))], keep="last", maintain_order=True
        )
        key = pl.concat_str(
            pl.lit(self._platform), pl.lit(self._store), pl.col(self._identity).fill_null("-"),
            pl.col("payload_hash").str.head(_HASH_DIGITS), separator="/",
        )  # fmt: skip
        good, rejected = quarantine.split(frame, self._schema, key)
        refused = pl.DataFrame(self._refused, schema=quarantine.REJECTED)
        return good, quarantine.concat_rejects(refused, rejected)
