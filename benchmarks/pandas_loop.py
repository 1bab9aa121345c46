"""The graph's transforms written in pandas: the yardstick of `loop.py`.

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
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import pandas as pd

Money = Literal["decimal", "scaled"]

SCALE: Final = 10_000
QUANTILES: Final = (0.5, 0.8, 0.9, 0.95, 0.98)
NON_GOODS: Final = (
    "POST", "DOT", "C2", "C3", "23444", "M", "D", "S", "B", "ADJUST", "ADJUST2", "BANK CHARGES", "AMAZONFEE", "CRUK",
)  # fmt: skip
HISTORY_WEEKS: Final = 104
SMALLEST_FORECAST: Final = 0.1
SIZE_EDGES: Final = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
DEFAULT_RATIOS: Final = (
    (0.00, 0.00, 0.00, 0.00, 20.0),
    (0.00, 0.00, 10.1, 24.8, 60.0),
    (0.00, 2.37, 6.09, 13.0, 35.3),
    (0.00, 2.15, 4.85, 9.97, 22.7),
    (0.45, 2.00, 3.93, 6.95, 13.8),
    (0.66, 1.86, 3.18, 5.24, 10.2),
    (0.74, 1.59, 2.41, 3.59, 5.74),
    (0.78, 1.45, 1.99, 2.65, 3.79),
    (0.80, 1.33, 1.68, 2.08, 2.74),
    (0.77, 1.19, 1.49, 1.76, 2.24),
)
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
    """Counterpart of `imported_orders.skus_from_import`."""
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


def forecast(demand: pd.DataFrame, protection_days: int, as_of: date) -> pd.DataFrame:
    """Counterpart of `forecasting.forecast` for one protection interval."""
    units, age = _weekly_panel(demand, as_of)
    weeks = units.shape[1]
    known = np.arange(weeks) >= (weeks - age.to_numpy())[:, None]
    levels = units.where(known).T.ewm(alpha=0.2, adjust=True).mean().T
    frame = levels.iloc[:, -1].rename("level").reset_index()
    frame["demand_class"] = np.where(_whole_weeks(demand, as_of) < 4, "new", _demand_classes(units, age))
    frame["mean_units"] = (frame["level"] / 7 * protection_days).round(3)
    horizon = max(round(protection_days / 7), 1)
    ratios = _error_ratios(units, levels, age, horizon)
    size = np.searchsorted(SIZE_EDGES, frame["mean_units"], side="right")
    least = frame["mean_units"].clip(lower=SMALLEST_FORECAST).to_numpy()
    names = [f"p{round(level * 100)}" for level in QUANTILES]
    frame[names] = (ratios[size] * least[:, None]).round(3)
    return frame.drop(columns="level")


def _days(demand: pd.DataFrame, as_of: date) -> pd.Series:
    return (pd.Timestamp(as_of) - demand["business_day"]).dt.days


def _whole_weeks(demand: pd.DataFrame, as_of: date) -> np.ndarray:
    first = demand.assign(days=_days(demand, as_of) + 1).groupby(["node", "sku"])["days"].max()
    return (first // 7).to_numpy()


def _weekly_panel(demand: pd.DataFrame, as_of: date) -> tuple[pd.DataFrame, pd.Series]:
    days = _days(demand, as_of)
    first = (days + 1).groupby([demand["node"], demand["sku"]]).max()
    weeks = int(min(max(first.max() // 7, 1), HISTORY_WEEKS))
    binned = demand.assign(week=weeks - 1 - days // 7)
    binned = binned[binned["week"] >= 0]
    units = binned.pivot_table(index=["node", "sku"], columns="week", values="units", aggfunc="sum", fill_value=0)
    units = units.reindex(index=first.index, columns=range(weeks), fill_value=0).astype("float64")
    return units, ((first + 6) // 7).clip(1, weeks)


def _demand_classes(units: pd.DataFrame, age: pd.Series) -> np.ndarray:
    recent = units.iloc[:, -52:]
    sold = recent.where(recent > 0)
    count = sold.count(axis=1).clip(lower=1)
    rare = age.clip(upper=recent.shape[1]) / count >= 1.32
    varied = (sold.var(axis=1, ddof=0) / sold.mean(axis=1) ** 2).fillna(0) >= 0.49
    conditions = [rare & varied, rare, varied]
    return np.select(conditions, ["lumpy", "intermittent", "erratic"], default="smooth")


def _error_ratios(units: pd.DataFrame, levels: pd.DataFrame, age: pd.Series, horizon: int) -> np.ndarray:
    table = np.array(DEFAULT_RATIOS)
    weeks = units.shape[1]
    origins = list(range(max(4, weeks - horizon - 51), weeks - horizon + 1))
    if not origins:
        return table
    ends = [origin - 1 for origin in origins]
    actual = units.T.rolling(horizon).sum().shift(-horizon).T[ends].to_numpy()
    expected = levels[ends].to_numpy() * horizon
    known = age.to_numpy()[:, None] - (weeks - np.array(origins)) >= 4
    pairs = pd.DataFrame({"expected": expected[known], "actual": actual[known]})
    pairs["ratio"] = pairs["actual"] / pairs["expected"].clip(lower=SMALLEST_FORECAST)
    size = np.searchsorted(SIZE_EDGES, pairs["expected"], side="right")
    for number, pool in pairs["ratio"].groupby(size):
        if len(pool) >= 100:
            ranks = np.minimum(np.array(QUANTILES) * (len(pool) + 1) / len(pool), 1.0)
            table[number] = np.quantile(pool, ranks, method="inverted_cdf")
    return table


def advise(forecasts: pd.DataFrame, positions: pd.DataFrame, terms: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Counterpart of `replenishment.advise`."""
    key = ["node", "sku"]
    pairs = pd.concat([forecasts[key], positions[key]]).drop_duplicates()
    rows = pairs.merge(terms, on=key, how="left").merge(forecasts, on=key, how="left")
    rows = rows.merge(positions[[*key, "available", "inbound"]], on=key, how="left").sort_values(key)
    inbound = rows["inbound"].fillna(0).astype("int64")
    expected = rows["mean_units"].fillna(0.0)
    days = rows["lead_time_days"] + rows["review_days"]
    names = [f"p{round(level * 100)}" for level in QUANTILES]
    target = rows[names[0]].copy()
    for (low, low_name), (high, high_name) in pairwise(zip(QUANTILES, names, strict=True)):
        target += (rows[high_name] - rows[low_name]) * ((rows["service_level"] - low) / (high - low)).clip(0, 1)
    target = target.fillna(0.0).round(3)
    available = rows["available"].astype("Int64")
    shortfall = (np.ceil(target).astype("Int64") - available - inbound).clip(lower=0)
    multiple = rows["order_multiple"].astype("Int64")
    cartons = (np.maximum(shortfall.fillna(0), rows["minimum_order"]) + multiple - 1) // multiple
    suggested = (cartons * multiple).where(shortfall.fillna(0) > 0, shortfall)
    unknown = available.isna()
    order = (suggested > 0).fillna(False)
    advice = np.select([unknown, order, target == 0], ["stock_unknown", "order_now", "no_demand"], default="covered")
    lasting = (available.astype("float64") * days / expected.where(expected > 0)).where(lambda d: d <= 365)
    runs_out = pd.Timestamp(as_of) + pd.to_timedelta(np.floor(lasting), unit="D")
    demand = [
        f"{e} units expected in {d} days (lead time {lead} + review {review}), up to {t} at service level {s} %"
        for e, d, lead, review, t, s in zip(
            expected.round(1), days, rows["lead_time_days"], rows["review_days"], target.round(1),
            (rows["service_level"] * 100).round(1), strict=True,
        )
    ]  # fmt: skip
    stock = [f"{a} available + {i} inbound" for a, i in zip(available, inbound, strict=True)]
    numbers = zip(suggested, shortfall, rows["order_multiple"], rows["minimum_order"], strict=True)
    reason = [
        _sentence(*words, suggested=units, shortfall=short, multiple=carton, minimum=least)
        for words, (units, short, carton, least) in zip(zip(advice, demand, stock, strict=True), numbers, strict=True)
    ]
    return rows[key].assign(
        advice=advice, target_units=target, shortfall=shortfall, suggested_units=suggested, runs_out_on=runs_out,
        reason=reason,
    )  # fmt: skip


def _sentence(
    advice: str, demand: str, stock: str, *, suggested: int, shortfall: int, multiple: int, minimum: int
) -> str:
    if advice == "stock_unknown":
        return f"Count the stock first: nobody has told us what is there; {demand}."
    if advice == "order_now":
        return (
            f"Order {suggested}: {demand}; {stock} leave {shortfall} short; "
            f"cartons of {multiple}, minimum order {minimum}."
        )
    if advice == "no_demand":
        return f"No demand to cover: {demand}; {stock}."
    return f"Covered: {stock} for {demand}."
