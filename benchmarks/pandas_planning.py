"""The graph's planning transforms written in pandas: the yardstick of `loop.py`.

Belongs here: forecast and advice by the same method as in `linkstar_pipelines/domain`, in vectorized pandas.
Does not belong here: anything the product uses, or what comes before planning (`pandas_loop.py`).
"""

from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

QUANTILES: Final = (0.5, 0.8, 0.9, 0.95, 0.98)
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


def forecast_by_series(demand: pd.DataFrame, protection_days: int, as_of: date) -> pd.DataFrame:
    """Counterpart of `forecasting.forecast` written plainly: one series after the other."""
    horizon = max(round(protection_days / 7), 1)
    demand = demand.assign(days=(pd.Timestamp(as_of) - demand["business_day"]).dt.days)
    weeks = int(min(max((demand["days"].max() + 1) // 7, 1), HISTORY_WEEKS))
    facts, taught = [], []
    for (node, sku), rows in demand.groupby(["node", "sku"]):
        history = rows["days"].max() + 1
        age = int(min(max((history + 6) // 7, 1), weeks))
        units = rows["units"].groupby(age - 1 - rows["days"] // 7).sum().reindex(range(age), fill_value=0)
        level = units.ewm(alpha=0.2, adjust=True).mean()
        facts.append((node, sku, history // 7, _demand_class(units), level.iloc[-1]))
        pairs = pd.DataFrame({"expected": level * horizon, "actual": units.rolling(horizon).sum().shift(-horizon)})
        origin = weeks - age + 1 + pairs.index
        taught.append(pairs[(pairs.index >= 3) & (origin >= max(4, weeks - horizon - 51)) & pairs["actual"].notna()])
    frame = pd.DataFrame(facts, columns=["node", "sku", "history_weeks", "demand_class", "level"])
    frame["demand_class"] = frame["demand_class"].where(frame["history_weeks"] >= 4, "new")
    frame["mean_units"] = (frame["level"] / 7 * protection_days).round(3)
    ratios = _ratios(pd.concat(taught))
    return _with_quantiles(frame.drop(columns=["history_weeks", "level"]), ratios)


def _demand_class(units: pd.Series) -> str:
    recent = units.iloc[-52:]
    sold = recent[recent > 0]
    rare = len(recent) / max(len(sold), 1) >= 1.32
    varied = len(sold) > 0 and sold.var(ddof=0) / sold.mean() ** 2 >= 0.49
    if rare:
        return "lumpy" if varied else "intermittent"
    return "erratic" if varied else "smooth"


def _with_quantiles(frame: pd.DataFrame, ratios: np.ndarray) -> pd.DataFrame:
    size = np.searchsorted(SIZE_EDGES, frame["mean_units"], side="right")
    least = frame["mean_units"].clip(lower=SMALLEST_FORECAST).to_numpy()
    names = [f"p{round(level * 100)}" for level in QUANTILES]
    frame[names] = (ratios[size] * least[:, None]).round(3)
    return frame


def _ratios(pairs: pd.DataFrame) -> np.ndarray:
    """Learn actual over forecast per size class."""
    table = np.array(DEFAULT_RATIOS)
    ratio = pairs["actual"] / pairs["expected"].clip(lower=SMALLEST_FORECAST)
    size = np.searchsorted(SIZE_EDGES, pairs["expected"], side="right")
    for number, pool in ratio.groupby(size):
        if len(pool) >= 100:
            ranks = np.minimum(np.array(QUANTILES) * (len(pool) + 1) / len(pool), 1.0)
            table[number] = np.quantile(pool, ranks, method="inverted_cdf")
    return table


def forecast(demand: pd.DataFrame, protection_days: int, as_of: date) -> pd.DataFrame:
    """Counterpart of `forecasting.forecast`, tuned: all series at once, a column for each week."""
    units, age = _weekly_panel(demand, as_of)
    weeks = units.shape[1]
    known = np.arange(weeks) >= (weeks - age.to_numpy())[:, None]
    levels = units.where(known).T.ewm(alpha=0.2, adjust=True).mean().T
    frame = levels.iloc[:, -1].rename("level").reset_index()
    frame["demand_class"] = np.where(_whole_weeks(demand, as_of) < 4, "new", _demand_classes(units, age))
    frame["mean_units"] = (frame["level"] / 7 * protection_days).round(3)
    horizon = max(round(protection_days / 7), 1)
    return _with_quantiles(frame.drop(columns="level"), _error_ratios(units, levels, age, horizon))


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
    weeks = units.shape[1]
    origins = list(range(max(4, weeks - horizon - 51), weeks - horizon + 1))
    if not origins:
        return np.array(DEFAULT_RATIOS)
    ends = [origin - 1 for origin in origins]
    actual = units.T.rolling(horizon).sum().shift(-horizon).T[ends].to_numpy()
    expected = levels[ends].to_numpy() * horizon
    known = age.to_numpy()[:, None] - (weeks - np.array(origins)) >= 4
    return _ratios(pd.DataFrame({"expected": expected[known], "actual": actual[known]}))


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
