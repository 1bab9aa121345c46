"""The journal of decisions about the catalogue: writing one down, taking one back, and what still stands.

Belongs here: the form of a decision, its id, which decisions are in force, and the form of one that cannot be followed.
Does not belong here: what decisions come to (`skus.py`, `kits.py`, `suppliers.py`, `merges.py`, `listing_map.py`).

| kind | subject | content |
|---|---|---|
| `sku` | SKU | columns of `Skus` but `sku`, `merged_into`, `source`; a null clears the field; amounts as text |
| `kit` | SKU of the kit | `{"components": {"<SKU>": n}, "valid_from": instant or null}`; no components: a kit no more |
| `supplier` | `<supplier>/<SKU>` | columns of `Suppliers` but its key |
| `map` | `<platform>/<store>/<listing SKU>` | `{"sku": SKU or null, "multiplier": n, "valid_from": .., ...}` |
| `merge` | SKU that ends | `{"into": SKU}` |
| `reject` | listing or SKU that a proposal is about | `{"candidate": SKU}`: it is not that SKU |
| `revoke` | decision id, or `batch:<batch>` | `{}` |

A map holds from `valid_from` (null: since ever) to `valid_to` (null: until further notice) and may state `evidence`,
`confidence` and `reasons`; without SKU it says that the listing sells nothing of ours. A revoke takes back what was
decided up to its own instant; it can be taken back itself, and then counts as never said.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Final, TypeVar

import dataframely as dy
import polars as pl
from pydantic import AfterValidator, BaseModel, ValidationError

from linkstar_pipelines.domain.quarantine import REJECTED
from linkstar_pipelines.schemas.products import RawCatalogDecisions
from linkstar_pipelines.schemas.quality import ReasonType

Model = TypeVar("Model", bound=BaseModel)

BATCH: Final = "batch:"
"""What the subject of a revoke begins with that takes back a whole batch."""
ORDER: Final = ("decided_at", "decision_id")
"""Which of two decisions is the later one; the id makes it the same everywhere where the instants are equal."""


def _in_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_in_utc)]
"""Instant in the content of a decision; one without a time zone is UTC."""


def listing_key(platform: str, store: str, listing_sku: str) -> str:
    """Name a listing as decisions and proposals do: a seller SKU of an account, whatever its marketplaces."""
    return f"{platform}/{store}/{listing_sku}"


def decision(
    kind: str,
    subject: str,
    content: Mapping[str, object],
    *,
    batch: str,
    decided_at: datetime,
    decided_by: str,
    note: str | None = None,
) -> dict[str, object]:
    """Write down one decision.

    Args:
        kind: One of `schemas.products.DECISIONS`.
        subject: What it is about; see the table above.
        content: What is decided; decimals, dates and instants are written as text.
        batch: What it came with, taken back together.
        decided_at: When, with time zone.
        decided_by: Who.
        note: Why.

    Returns:
        A row for `journal`. The id is a hash of batch, kind, subject and content: the same again changes nothing.

    Raises:
        TypeError: the content holds a value that is no JSON.
    """
    said = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_as_text)
    identity = json.dumps([batch, kind, subject, said], ensure_ascii=False, separators=(",", ":"))
    return {
        "decision_id": sha256(identity.encode()).hexdigest(),
        "batch": batch,
        "kind": kind,
        "subject": subject,
        "content": said,
        "decided_at": decided_at.astimezone(UTC),
        "decided_by": decided_by,
        "note": note,
    }


def journal(rows: Iterable[dict[str, object]]) -> dy.DataFrame[RawCatalogDecisions]:
    """Put decisions into the journal's form; one that is there twice counts once, as first said.

    Raises:
        dataframely.exc.ValidationError: a row is no decision.
        polars.exceptions.InvalidOperationError: a kind is unknown.
    """
    columns = RawCatalogDecisions.columns()
    frame = pl.DataFrame(
        list(rows), schema={n: pl.String if n == "kind" else column.dtype for n, column in columns.items()}
    )
    typed = frame.with_columns(pl.col("kind").cast(columns["kind"].dtype))
    return RawCatalogDecisions.validate(typed.sort(ORDER).unique("decision_id", keep="first", maintain_order=True))


def effective(decisions: pl.DataFrame) -> pl.DataFrame:
    """Return the decisions in force: without revokes, and without what these take back.

    Args:
        decisions: Rows of `RawCatalogDecisions`, in any order.

    Returns:
        The same columns, the earliest decision first.
    """
    named = _named(decisions, _standing(decisions))
    said = decisions.filter(pl.col("kind").cast(pl.String) != "revoke")
    return said.join(named, on="decision_id", how="anti").sort(ORDER)


def idle_revokes(decisions: pl.DataFrame) -> pl.DataFrame:
    """Return the revokes that take nothing back, as refused rows."""
    revokes = decisions.filter(pl.col("kind").cast(pl.String) == "revoke")
    idle = revokes.join(_reach(decisions, revokes), left_on="decision_id", right_on="revoke_id", how="anti")
    return refused(idle.with_columns(reason=pl.concat_str(
        pl.lit("it takes back `"), "subject", pl.lit("`, which nobody had decided until then")
    )))  # fmt: skip


def _standing(decisions: pl.DataFrame) -> pl.DataFrame:
    """Revokes in force. Each depends on the later ones alone, so every round settles at least one more."""
    revokes = decisions.filter(pl.col("kind").cast(pl.String) == "revoke")
    standing = revokes
    for _ in range(revokes.height):
        left = revokes.join(_named(revokes, standing), on="decision_id", how="anti")
        if left["decision_id"].equals(standing["decision_id"]):
            break
        standing = left
    return standing


def _named(decisions: pl.DataFrame, revokes: pl.DataFrame) -> pl.DataFrame:
    return _reach(decisions, revokes).select("decision_id").unique()


def _reach(decisions: pl.DataFrame, revokes: pl.DataFrame) -> pl.DataFrame:
    """Pairs of a revoke and a decision that it names and that was there when it was said.

    A batch of revokes never reaches what is of the same instant in it: it would take itself back.
    """
    by = revokes.select("subject", revoke_id="decision_id", revoked_at="decided_at", own_batch="batch")
    targets = decisions.select("decision_id", "decided_at", "kind", "batch")
    by_id = by.join(targets, left_on="subject", right_on="decision_id", coalesce=False).filter(
        pl.col("decided_at") <= pl.col("revoked_at")
    )
    of_batch = by.filter(pl.col("subject").str.starts_with(BATCH)).with_columns(
        subject=pl.col("subject").str.strip_prefix(BATCH)
    )
    said_before = pl.col("decided_at") < pl.col("revoked_at")
    same_instant = (pl.col("decided_at") == pl.col("revoked_at")) & (pl.col("kind").cast(pl.String) != "revoke")
    by_batch = of_batch.join(targets, left_on="subject", right_on="batch").filter(said_before | same_instant)
    return pl.concat([found.select("revoke_id", "decision_id") for found in (by_id, by_batch)])


def refused(decisions: pl.DataFrame) -> pl.DataFrame:
    """Return decisions that cannot be followed as rejected rows.

    Args:
        decisions: Columns of `RawCatalogDecisions`, and `reason`.
    """
    # Who said it, and their own words, stay in the journal.
    columns = [name for name in RawCatalogDecisions.column_names() if name not in {"decided_by", "note"}]
    return decisions.select(
        source_key=pl.concat_str(pl.lit("decision/"), "decision_id"),
        reason=pl.concat_str("kind", pl.lit(" of `"), "subject", pl.lit("`: "), "reason"),
        reason_type=pl.lit(ReasonType.WRONG_DECISION.value),
        payload=pl.struct(columns).struct.json_encode(),
    ).cast(REJECTED)


def refused_for(decisions: pl.DataFrame, reasons: Mapping[str, str]) -> pl.DataFrame:
    """Return the decisions with these ids as rejected rows, each with its reason."""
    why = pl.DataFrame(
        {"decision_id": list(reasons), "reason": list(reasons.values())},
        schema={"decision_id": pl.String, "reason": pl.String},
    )
    return refused(decisions.join(why, on="decision_id", maintain_order="left"))


def of_kind(decisions: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Return the decisions of one kind."""
    return decisions.filter(pl.col("kind").cast(pl.String) == kind)


def contents(decisions: pl.DataFrame, model: type[Model]) -> Iterator[tuple[dict[str, str], Model | str]]:
    """Read what decisions say, one after the other: each content is an object of its own, which no column can hold.

    Args:
        decisions: The decisions, all of one kind.
        model: What their content looks like.

    Yields:
        `decision_id`, `subject` and `decided_by`, and the content; or, in its place, a sentence that says why it cannot
        be read.
    """
    for row in decisions.select("decision_id", "subject", "decided_by", "content").iter_rows(named=True):
        try:
            yield row, model.model_validate_json(row["content"])
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False, include_context=False)
            yield row, "; ".join(f"{'.'.join(map(str, p['loc'])) or 'the content'}: {p['msg']}" for p in problems)


def _as_text(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"A decision cannot hold {value!r}: write it as text, number, list or object.")
