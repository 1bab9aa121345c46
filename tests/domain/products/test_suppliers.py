"""Suppliers: the latest word on each term."""

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from linkstar_pipelines.domain.products.decisions import journal
from linkstar_pipelines.domain.products.suppliers import suppliers
from tests.domain.products.said import make_skus, say

SKUS = [say("sku", sku) for sku in ("A", "B")]


def _made(*rows: Any) -> tuple[pl.DataFrame, list[str]]:
    made, refused = suppliers(journal([*SKUS, *rows]), make_skus(*SKUS, *rows)[0])
    return made, refused["reason"].to_list()


def test_terms_are_kept_per_supplier_and_sku() -> None:
    made, refused = _made(
        say("supplier", "acme/A", {"name": "Acme", "unit_cost": "2.5", "currency": "CNY", "lead_time_days": 30}),
        say("supplier", "acme/A", {"lead_time_days": 40}, hour=1),
        say("supplier", "凌云/A", {"minimum_order": 12}),
    )
    assert refused == []
    assert made.select("supplier", "sku", "name", "lead_time_days", "unit_cost", "minimum_order").rows() == [
        ("acme", "A", "Acme", 40, Decimal("2.5000"), None), ("凌云", "A", None, None, None, 12),
    ]  # fmt: skip


def test_the_name_of_a_supplier_may_hold_a_slash() -> None:
    made, _ = _made(say("supplier", "Acme/Ltd/B", {}))
    assert made.select("supplier", "sku").rows() == [("Acme/Ltd", "B")]


@pytest.mark.parametrize(
    ("subject", "content", "why"),
    [
        ("acme/X", {}, "there is no SKU `X`"),
        ("acme", {}, "not of the form `<supplier>/<SKU>`"),
        ("acme/A", {"unit_cost": "3"}, "unit_cost would be without its currency"),
        ("acme/A", {"carton_units": 0}, "carton_units `0` is too small"),
        ("acme/A", {"sku": "B"}, "`sku` is no field"),
    ],
)
def test_wrong_terms_are_refused_with_the_reason(subject: str, content: dict[str, Any], why: str) -> None:
    made, refused = _made(say("supplier", subject, content), say("supplier", "acme/B", {"lead_time_days": 1}))
    assert made["sku"].to_list() == ["B"]
    assert len(refused) == 1
    assert why in refused[0]
