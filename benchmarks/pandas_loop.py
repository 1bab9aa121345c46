"""The graph's transforms up to demand, written in pandas: the yardstick of `loop.py`.

Belongs here: the same results by the same rules, in vectorized pandas: no loop over rows but where pandas has no other
way (`Decimal`, and sentences for people).
Does not belong here: anything the product uses.

Each function returns what its counterpart in `linkstar_pipelines/domain` returns, checks the same rules on every row as
the schema does, and keeps the rows that break them, with the reason. Money is exact in two ways: `decimal`, Python's
`Decimal` as pandas keeps it, or `scaled`, whole ten-thousandths in int64, which asks every reader to know the scale but
is the fastest that pandas can do.
"""

from datetime import date
from decimal import Decimal
from typing import Final, Literal

import numpy as np
import pandas as pd

Money = Literal["decimal", "scaled"]

SCALE: Final = 10_000
NON_GOODS: Final = (
    "POST", "DOT", "C2", "C3", "23444", "M", "D", "S", "B", "ADJUST", "ADJUST2", "BANK CHARGES", "AMAZONFEE", "CRUK",
)  # fmt: skip
SOURCE: Final = ["sheet", "invoice", "stock_code", "description", "quantity", "invoice_date", "price", "country"]


def import_lines(
    rows: pd.DataFrame, file_sha256: str, imported_on: date, store: str, money: Money
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counterpart of `order_import.apply_mapping` with the mapping `online_retail_ii`."""
    scaled = (rows["price"] * SCALE).round()
    exact = (scaled / SCALE == rows["price"]).to_numpy()
    local = rows["invoice_date"].astype("datetime64[us]").dt
    lines = pd.DataFrame(
        {
            "platform": "import",
            "store": store,
            "file_sha256": file_sha256,
            "line_number": np.arange(1, len(rows) + 1),
            "order_id": rows["invoice"].str.strip(),
            "listing_sku": rows["stock_code"].where(rows["stock_code"].str.strip() != ""),
            "title": rows["description"].where(rows["description"].str.strip() != ""),
            "quantity": rows["quantity"].astype("int64"),
            "unit_price": _money(scaled, money),
            "currency": "GBP",
            "ordered_at": local.tz_localize("Europe/London", ambiguous=True, nonexistent="NaT").dt.tz_convert("UTC"),
            "time_zone": "Europe/London",
            "country": rows["country"].where(rows["country"].str.strip() != ""),
            "customer_id": rows["customer_id"].astype("Int64").astype("str"),
            "changed_on": imported_on,
        }
    )
    problem = _problems(
        {
            "order_id is empty": lines["order_id"].isna() | (lines["order_id"] == ""),
            "listing_sku is empty": lines["listing_sku"].isna(),
            "unit_price is empty or no amount with at most 4 decimals": ~exact,
            "ordered_at is empty or not in the declared form": lines["ordered_at"].isna(),
        }
    )
    cancel = lines["order_id"].str.startswith("C").to_numpy()
    conditions = [
        problem != "",
        _copies(rows),
        cancel,
        lines["order_id"].str.startswith("A"),
        lines["quantity"] < 0,
        lines["unit_price"] <= 0,
    ]
    overlap = "sheet overlap, the same line stands in sheet 2010-2011"
    reasons = [problem, overlap, "", "bad debt adjustment", "stock write-off", "price 0 or below"]
    reason = np.select(conditions, reasons, default="")
    code = lines["listing_sku"].str.strip().str.upper()
    charge = (
        code.isin(NON_GOODS)
        | code.str.startswith(("GIFT", "TEST"))
        | lines["title"].str.startswith("Dotcomgiftshop Gift Voucher").fillna(False)
    )
    lines["line_kind"] = pd.Categorical.from_codes(
        np.select([cancel, charge], [2, 1], default=0), categories=["sale", "charge", "cancel"]
    )
    bad = reason != ""
    keys = "import/" + store + "/" + file_sha256[:12] + "/" + lines.loc[bad, "line_number"].astype("str")
    payload = rows.loc[bad, SOURCE].to_json(orient="records", lines=True, date_format="iso").splitlines()
    rejected = pd.DataFrame({"source_key": keys, "reason": reason[bad], "payload": payload})
    good = lines[~bad]
    _require(
        {
            "key": ~good.duplicated(["platform", "store", "file_sha256", "line_number"]),
            "platform": good["platform"].str.fullmatch(r"[a-z_]+"),
            "digest": good["file_sha256"].str.fullmatch(r"[0-9a-f]{64}"),
            "line_number": good["line_number"] >= 1,
            "currency": good["currency"].str.fullmatch(r"[A-Z]{3}"),
        }
    )
    return good, rejected


def _money(scaled: pd.Series, money: Money) -> pd.Series:
    whole = scaled.astype("int64")
    if money == "scaled":
        return whole
    # Few prices repeat often: each is made once.
    exact = {value: Decimal(value).scaleb(-4) for value in whole.unique().tolist()}
    return whole.map(exact).astype(object)


def _copies(rows: pd.DataFrame) -> np.ndarray:
    by = ["invoice", "stock_code", "description", "quantity", "invoice_date", "price", "customer_id", "country"]
    kept = rows.loc[rows["sheet"] == "2010-2011", by].drop_duplicates()
    suspects = rows.loc[rows["sheet"] == "2009-2010", by].reset_index()
    found = suspects.merge(kept, on=by, how="inner")["index"]
    return rows.index.isin(found)


def _problems(broken: dict[str, pd.Series]) -> np.ndarray:
    """All that is wrong with each row, comma-separated; the text is only made where something is."""
    text = np.full(len(next(iter(broken.values()))), "", dtype=object)
    for words, where in broken.items():
        at = np.flatnonzero(where)
        text[at] = [f"{before}, {words}" if before else words for before in text[at]]
    return text


def _require(rules: dict[str, pd.Series]) -> None:
    for name, holds in rules.items():
        if not holds.all():
            raise ValueError(name)


def skus(lines: pd.DataFrame) -> pd.DataFrame:
    """Counterpart of `imported_orders.listings_from_import`, where every clean code makes its SKU."""
    sales = lines[lines["line_kind"] == "sale"].sort_values(["ordered_at", "line_number"])
    listed = sales.groupby(["platform", "store", "listing_sku"], as_index=False)["title"].last()
    cleaned = listed["listing_sku"].str.normalize("NFKC").str.upper().str.strip()
    cleaned = cleaned.str.replace(r"[_\s‐-―−]+", "-", regex=True).str.strip("-")
    listed["sku"] = cleaned.str.replace(r"(-(FBA|FBM|MFN|AFN)|-?\((FBA|FBM|MFN|AFN)\))+$", "", regex=True)
    return listed[listed["sku"].str.fullmatch(r"[A-Z0-9]+([.-][A-Z0-9]+)*")]


def orders(lines: pd.DataFrame) -> pd.DataFrame:
    """Counterpart of `imported_orders.orders_from_import`."""
    kept = lines[lines["line_kind"] != "cancel"]
    amount = kept["unit_price"] * kept["quantity"]
    grouped = kept.assign(amount=amount).groupby(["platform", "store", "order_id"], as_index=False, sort=False)
    frame = grouped.agg(
        ordered_at=("ordered_at", "min"),
        updated_at=("ordered_at", "max"),
        time_zone=("time_zone", "first"),
        currency=("currency", "first"),
        currencies=("currency", "nunique"),
        total_amount=("amount", "sum"),
        ship_country=("country", "first"),
        payload_hash=("file_sha256", "last"),
        changed_on=("changed_on", "last"),
    )
    one = frame.pop("currencies") == 1
    frame["currency"] = frame["currency"].where(one)
    frame["total_amount"] = frame["total_amount"].where(one)
    frame["business_day"] = _business_day(frame)
    frame = frame.assign(marketplace_id="-", state="closed", source_state="imported", fulfilled_by="seller")
    _require(
        {
            "key": ~frame.duplicated(["platform", "store", "order_id"]),
            "platform": frame["platform"].str.fullmatch(r"[a-z_]+"),
            "order_id": frame["order_id"].str.len() > 0,
            "currency": frame["currency"].isna() | frame["currency"].str.fullmatch(r"[A-Z]{3}"),
            "payload_hash": frame["payload_hash"].str.fullmatch(r"[0-9a-f]{64}"),
            "amount": frame["total_amount"].isna() | frame["currency"].notna(),
            "times": frame["ordered_at"].notna() & frame["updated_at"].notna(),
        }
    )
    return frame


def order_lines(lines: pd.DataFrame, clean: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counterpart of `imported_orders.order_lines_from_import`."""
    kept = lines[lines["line_kind"] != "cancel"].merge(
        clean[["platform", "store", "listing_sku", "sku"]], on=["platform", "store", "listing_sku"], how="left"
    )
    columns = ["platform", "store", "order_id", "listing_sku", "title", "unit_price", "currency", "ordered_at"]
    frame = kept[[*columns, "changed_on"]].assign(
        line_id=kept["file_sha256"].str[:12] + "-" + kept["line_number"].astype("str"),
        line_kind=kept["line_kind"].cat.remove_categories("cancel"),
        marketplace_id="-",
        state="closed",
        fulfilled_by="seller",
        sku=kept["sku"].where(kept["line_kind"] == "sale"),
        quantity_ordered=kept["quantity"],
        quantity_cancelled=0,
        quantity_shipped=kept["quantity"],
        item_amount=kept["unit_price"] * kept["quantity"],
        updated_at=kept["ordered_at"],
        business_day=_business_day(kept),
        ship_country=kept["country"],
    )
    rules = {
        "another row has the same key": ~frame.duplicated(["platform", "store", "order_id", "line_id"]),
        "platform has the wrong form": frame["platform"].str.fullmatch(r"[a-z_]+"),
        "currency has the wrong form": frame["currency"].str.fullmatch(r"[A-Z]{3}"),
        "order_id is empty": frame["order_id"].str.len() > 0,
        "quantity_ordered is too small": frame["quantity_ordered"] >= 0,
        "quantity_cancelled is too small": frame["quantity_cancelled"] >= 0,
        "quantity_shipped is too small": frame["quantity_shipped"] >= 0,
        "unit_price is too small": frame["unit_price"] >= 0,
        "shipped and cancelled fit ordered": frame["quantity_shipped"] + frame["quantity_cancelled"]
        <= frame["quantity_ordered"],
        "amount has currency": frame["currency"].notna(),
        "times": frame["ordered_at"].notna(),
    }
    broken = {words: ~holds for words, holds in rules.items()}
    bad = np.logical_or.reduce(list(broken.values()))
    rejected = frame[bad].assign(reason=_problems({words: where[bad] for words, where in broken.items()}))
    return frame[~bad], rejected


def _business_day(frame: pd.DataFrame) -> pd.Series:
    days = [
        frame.loc[frame["time_zone"] == zone, "ordered_at"].dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
        for zone in frame["time_zone"].unique()
    ]
    return pd.concat(days).reindex(frame.index)


def daily_demand(lines: pd.DataFrame) -> pd.DataFrame:
    """Counterpart of `demand.daily_demand`."""
    wanted = lines[(lines["line_kind"] == "sale") & lines["sku"].notna() & (lines["state"] != "cancelled")]
    wanted = wanted.assign(
        node=wanted["fulfilled_by"] + ":" + wanted["store"] + ":" + wanted["marketplace_id"],
        units=wanted["quantity_ordered"] - wanted["quantity_cancelled"],
    )
    wanted = wanted[wanted["units"] > 0]
    grouped = wanted.groupby(["node", "sku", "business_day"], as_index=False)
    demand = grouped.agg(
        platform=("platform", "first"),
        store=("store", "first"),
        units=("units", "sum"),
        orders=("order_id", "nunique"),
        valued=("item_amount", "count"),
        rows=("units", "size"),
        currencies=("currency", "nunique"),
        revenue=("item_amount", "sum"),
        currency=("currency", "first"),
    )
    whole = (demand["valued"] == demand["rows"]) & (demand["currencies"] == 1)
    demand["revenue"] = demand["revenue"].where(whole)
    demand["currency"] = demand["currency"].where(whole)
    _require(
        {
            "key": ~demand.duplicated(["node", "sku", "business_day"]),
            "units": demand["units"] >= 1,
            "orders": demand["orders"] >= 1,
            "platform": demand["platform"].str.fullmatch(r"[a-z_]+"),
            "currency": demand["currency"].isna() | demand["currency"].str.fullmatch(r"[A-Z]{3}"),
        }
    )
    return demand
