"""The cost page: one HTML file with a month chooser, charts and tables that opens anywhere, offline."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from include.core.features import FEATURES
from include.report import page_charts, page_numbers
from include.report.chart_library import make_chart_library
from include.report.cost_figures import CostFigures
from include.report.page_charts import OTHERS, color_of, shown_feature
from include.report.page_month import MonthFigures, chart_data, months_of, totals_of
from include.report.page_tables import ROUTES, month_tables

_FOLDER = Path(__file__).parent
_LINE = (
    "cost_center",
    "source",
    "media_type",
    "feature",
    "route",
    "operation",
    "price_item",
    "price_version",
)
_AMOUNTS = ("analyses", "units", "usd", "reused_analyses", "reused_units", "saved_usd")
# Months that the chart of months has room for.
_FEWEST_MONTHS = 12


def render_cost_page(
    figures: CostFigures,
    *,
    title: str,
    generated_at: datetime,
    simulated: bool = False,
    currency: str = "USD",
    library: Callable[[], str] = make_chart_library,
) -> str:
    """Return the page as HTML that loads nothing from anywhere.

    :param generated_at: when the figures were read, in UTC.
    :param simulated: whether the analyses were made by the local stand-in, so that nothing was really paid.
    :param currency: of the dollars, as in the price book.
    :param library: returns the script that draws the charts.
    """
    months = list(months_of(figures, generated_at))
    features = _features(months)
    return (
        _environment()
        .get_template("cost_page.html.jinja")
        .render(
            title=title,
            generated_at=generated_at,
            simulated=simulated,
            currency=currency,
            months=[
                {"figures": month, "totals": totals_of(month), "tables": month_tables(month)}
                for month in months
            ],
            price_versions=sorted(figures.costs["price_version"].unique()),
            features=features,
            others=OTHERS,
            palettes=page_charts,
            style=_text("cost_page.css"),
            script=_text("cost_page.js"),
            vega=Markup(library()) if months else "",
            data=_script(_data(months, features)),
        )
    )


def _features(months: Sequence[MonthFigures]) -> list[str]:
    """Return the features that charts show, in the order of the registry."""
    found = {shown_feature(feature) for month in months for feature in month.costs["feature"].unique()}
    return [name for name in (*FEATURES, OTHERS) if name in found]


def _data(months: Sequence[MonthFigures], features: list[str]) -> dict[str, Any]:
    """Return what the page's script reads."""
    numbers: dict[tuple[str, ...], int] = {}
    return {
        "features": features,
        "routes": ROUTES,
        "history": _history(months),
        "months": {month.month: chart_data(month) for month in months},
        "lines": {month.month: _lines(month.costs, numbers) for month in months},
        "of": [list(line) for line in numbers],
        "specs": {
            "months": page_charts.chart_of_months(),
            "days": page_charts.chart_of_days(features),
        },
    }


def _history(months: Sequence[MonthFigures]) -> list[dict[str, Any]]:
    """Return the bars of the months, oldest first: at least a year, and a place for months without use."""
    if not months:
        return []
    newest = pd.Period(months[0].month)
    first = min(pd.Period(months[-1].month), newest - (_FEWEST_MONTHS - 1))
    known = {month.month: month for month in months}
    return [_bar(f"{each}", known.get(f"{each}")) for each in pd.period_range(first, newest)]


def _bar(name: str, month: MonthFigures | None) -> dict[str, Any]:
    row = (month and month.forecast_of_all) or {}
    return {
        "month": name,
        "label": f"{pd.Period(name):%b %Y}",
        "usd": month.usd if month else 0.0,
        "budget": month.limit_usd if month else None,
        "forecast": row.get("forecast_usd"),
        "low": row.get("low_usd"),
        "high": row.get("high_usd"),
    }


def _lines(costs: pd.DataFrame, numbers: dict[tuple[str, ...], int]) -> list[list[float]]:
    """Return the month's rows: day, number of the line, and amounts.

    :param numbers: of the lines so far; new ones are added.
    """
    keys = costs[list(_LINE)].itertuples(index=False, name=None)
    of = [numbers.setdefault(key, len(numbers)) for key in keys]
    amounts = costs[list(_AMOUNTS)].astype("float").round(9).itertuples(index=False, name=None)
    return [
        [day, number, *(_short(amount) for amount in row)]
        for day, number, row in zip(costs["day"].tolist(), of, amounts, strict=True)
    ]


def _short(amount: float) -> float:
    """Return a number that JSON writes without a needless ``.0``."""
    return int(amount) if amount.is_integer() else amount


def _script(value: Any) -> Markup:
    """Return JSON that can stand in a script: no text in it can end the script."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))


def _breakable(text: str) -> Markup:
    """Return text as HTML in which a line may end after each underscore."""
    return escape(text).replace("_", Markup("_<wbr>"))


def _text(name: str) -> Markup:
    return Markup((_FOLDER / name).read_text(encoding="utf-8"))


@lru_cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    names = ("dollars", "change", "quantity", "percent")
    environment.filters.update({name: getattr(page_numbers, name) for name in names})
    environment.filters.update(color=color_of, breakable=_breakable)
    return environment
