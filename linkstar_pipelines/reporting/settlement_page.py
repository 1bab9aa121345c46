"""The settlement report as one self-contained web page: no script, no outside host, prints on A4.

Belongs here: what the page's template is given, and its chart. Does not belong here: figures
(`settlement_figures`), wording (`words.yaml`), markup (`settlement_page.html.j2`).
"""

from decimal import Decimal
from io import StringIO
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import polars as pl

from linkstar_pipelines.reporting.settlement_figures import PART_NAMES, Figures, money
from linkstar_pipelines.reporting.words import Words

SUSPENSE_SHOWN: Final = 100
FONTS: Final = (
    "Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
)
RISE, FALL, TOTAL, INK, MUTED = "#2F6FDE", "#E07A3F", "#1F2A44", "#1F2A44", "#667085"


def write(path: Path, figures: Figures, words: Words) -> None:
    """Write the page."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = lambda instant: "-" if instant is None else f"{instant:%Y-%m-%d}"
    environment.filters["money"] = money
    environment.filters["count"] = lambda number: f"{number:,}"
    page = environment.get_template("settlement_page.html.j2").render(
        w=words,
        figures=figures,
        settlements=figures.report.to_dicts(),
        part_names=PART_NAMES,
        categories=_with_shares(figures.categories),
        suspense=figures.suspense.head(SUSPENSE_SHOWN).to_dicts(),
        hidden=max(0, figures.suspense.height - SUSPENSE_SHOWN),
        fonts=FONTS,
        chart=_chart(figures, words),
    )
    path.write_text(page, encoding="utf-8")


def _with_shares(categories: pl.DataFrame) -> list[dict[str, Any]]:
    """Add each category's share of sales, in percent; null without sales."""
    rows = categories.to_dicts()
    sales = sum((row["base_amount"] for row in rows if row["category"] == "sales"), Decimal(0))
    return [row | {"share": f"{row['base_amount'] / sales:.1%}".replace("-", "−") if sales else "-"} for row in rows]


def _chart(figures: Figures, words: Words) -> str:
    """Draw how the parts build up to the sum of all lines: a waterfall in the base currency, as SVG."""
    import altair as alt

    amounts = figures.parts["base_amount"].to_list()
    ends = list(accumulate(amounts, initial=Decimal(0)))
    names = [words.of("parts", part) for part in figures.parts["part"]]
    bars = [
        _bar(name, start, end, amount, RISE if amount >= 0 else FALL)
        for name, start, end, amount in zip(names, ends, ends[1:], amounts, strict=False)
    ]
    bars.append(_bar(words("total"), Decimal(0), ends[-1], ends[-1], TOTAL))
    order = [bar["part"] for bar in bars]
    base = alt.Chart(pl.DataFrame(bars)).encode(
        x=alt.X("part:N", sort=order, title=None, axis=alt.Axis(labelAngle=0, labelLimit=110, ticks=False))
    )
    body = base.mark_bar(size=54, cornerRadius=2).encode(
        y=alt.Y("start:Q", title=None, axis=alt.Axis(format="~s", tickCount=5, domain=False, ticks=False)),
        y2="end:Q",
        color=alt.Color("color:N", scale=None),
    )
    label = base.mark_text(dy=-8, fontSize=12, color=INK).encode(y="top:Q", text="label:N")
    zero = alt.Chart(pl.DataFrame({"zero": [0]})).mark_rule(color="#98A2B3").encode(y="zero:Q")
    chart = (
        (body + label + zero)
        .properties(width=940, height=300, background="transparent")
        .configure(font=FONTS)
        .configure_view(stroke=None)
        .configure_axis(gridColor="#E4E7EC", labelColor=MUTED, labelFontSize=12, domainColor="#98A2B3")
    )
    drawing = StringIO()
    chart.save(drawing, format="svg")
    return drawing.getvalue()


def _bar(name: str, start: Decimal, end: Decimal, amount: Decimal, color: str) -> dict[str, Any]:
    # Pixels need no exact decimals: the label carries the figure.
    return {
        "part": name,
        "start": float(start),
        "end": float(end),
        "top": float(max(start, end)),
        "label": f"{amount:,.0f}".replace("-", "−"),
        "color": color,
    }
