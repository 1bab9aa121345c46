"""Good rows pass, bad rows stay visible with a reason a person understands."""

import json

import dataframely as dy
import polars as pl
import pytest

from linkstar_pipelines.domain import quarantine


class Parcels(dy.Schema):
    parcel = dy.String(primary_key=True, min_length=1)
    country = dy.String(nullable=False, regex="^[A-Z]{2}$")
    grams = dy.Int64(nullable=False, min=1)
    fee = dy.Decimal(18, 4, nullable=True)

    @dy.rule()
    def heavy_parcels_have_a_fee(cls) -> pl.Expr:
        return (cls.grams.col < 1000) | cls.fee.col.is_not_null()


def parcels(*rows: tuple[str | None, str | None, int | None, str | None]) -> pl.DataFrame:
    schema = {"parcel": pl.String, "country": pl.String, "grams": pl.Int64, "fee": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(pl.col("fee").cast(pl.Decimal(18, 4)))


def split(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return quarantine.split(frame, Parcels, pl.concat_str(pl.lit("x"), "parcel", separator="/"))


def test_a_bad_row_never_stops_a_good_one() -> None:
    good, rejected = split(parcels(("a", "DE", 10, None), ("b", "??", 10, None)))
    assert good["parcel"].to_list() == ["a"]
    assert rejected["source_key"].to_list() == ["x/b"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("a", None, 10, None), "country is missing or unreadable"),
        (("a", "de", 10, None), "country has the wrong form"),
        (("a", "DE", 0, None), "grams is too small"),
        (("", "DE", 5, None), "parcel is empty"),
        (("a", "DE", 2000, None), "it is not so that heavy parcels have a fee"),
        (("a", "de", 0, None), "country has the wrong form, grams is too small"),
    ],
)
def test_the_reason_says_in_words_which_rules_are_broken(
    row: tuple[str | None, str | None, int | None, str | None], reason: str
) -> None:
    _, rejected = split(parcels(row))
    assert rejected["reason"].to_list() == [reason]


def test_the_type_of_a_reason_is_schema_unless_the_rule_has_one_of_its_own() -> None:
    _, rejected = split(parcels(("a", "??", 10, None)))
    assert rejected["reason_type"].to_list() == ["schema"]


def test_rows_with_the_same_key_are_all_rejected_for_none_is_known_to_be_right() -> None:
    good, rejected = split(parcels(("a", "DE", 1, None), ("a", "FR", 2, None), ("b", "FR", 2, None)))
    assert good["parcel"].to_list() == ["b"]
    assert rejected["reason"].to_list() == ["another row has the same key"] * 2


def test_the_payload_is_the_whole_row_with_exact_amounts() -> None:
    _, rejected = split(parcels(("a", "??", 10, "0.1000")))
    assert json.loads(rejected["payload"].item()) == {"parcel": "a", "country": "??", "grams": 10, "fee": "0.1000"}


def test_the_scope_is_written_as_text_where_asked_for() -> None:
    key = pl.col("parcel")
    _, rejected = quarantine.split(parcels(("a", "??", 10, None)), Parcels, key, scope=pl.col("grams"))
    assert rejected["scope"].to_list() == ["10"]


def test_an_empty_frame_has_no_rejected_rows() -> None:
    good, rejected = split(parcels())
    assert good.is_empty()
    assert rejected.equals(quarantine.no_rejects())


def test_frames_with_and_without_scope_go_together() -> None:
    _, plain = split(parcels(("a", "??", 10, None)))
    both = quarantine.concat_rejects(plain, plain.with_columns(scope=pl.lit("2026-05-01")), quarantine.no_rejects())
    assert both["scope"].to_list() == [None, "2026-05-01"]
    assert quarantine.concat_rejects().equals(quarantine.no_rejects())


def test_a_missing_column_is_our_mistake_and_raises() -> None:
    with pytest.raises(dy.exc.SchemaError, match="fee"):
        split(parcels().drop("fee"))
