"""The cost page: one HTML file with charts, totals and figures that opens anywhere, offline."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from include.core.features import FEATURES
from include.report.chart_library import make_chart_library

_PAGE = "cost_page.html.jinja"

# Colors that color-blind people tell apart (Okabe and Ito; Paul Tol), in registry order of the features.
_COLORS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B4C9A", "#7F7F7F",
    "#882255", "#44AA99", "#999933", "#332288",
)  # fmt: skip
_PAID, _SAVED = "#0072B2", "#8CC5A2"
_INK, _QUIET, _LINE = "#1f2933", "#52606d", "#e4e7eb"

# Figures of this many rows are read by people; more would only make the page heavy.
_MOST_ROWS = 400
_MOST_DAYS = 400


def render_cost_page(
    costs: pd.DataFrame,
    *,
    film_minutes: float,
    title: str,
    generated_at: datetime,
    simulated: bool = False,
    currency: str = "USD",
    library: Callable[[], str] = make_chart_library,
) -> str:
    """Return the page as HTML that loads nothing from anywhere.

    :param costs: rows of table ``costs_daily``, of any number of partitions.
    :param film_minutes: minutes of film that were paid for, each film once.
    :param generated_at: when the figures were read, in UTC.
    :param simulated: whether the analyses were made by the local stand-in, so that nothing was really paid.
    :param currency: of the dollars, as in the price book.
    :param library: returns the script that draws the charts.
    """
    costs = _prepared(costs)
    charts = _charts(costs, currency) if len(costs) else {}
    page = _environment().get_template(_PAGE)
    return page.render(
        title=title,
        generated_at=generated_at,
        simulated=simulated,
        currency=currency,
        totals=_totals(costs, film_minutes),
        days=sorted(costs["day"].unique()),
        price_versions=sorted(costs["price_version"].unique()),
        charts=[{"id": name, **chart} for name, chart in charts.items()],
        specs=_script({name: chart["spec"] for name, chart in charts.items()}),
        vega=Markup(library()) if charts else "",
        rows=_figures(costs),
        hidden_rows=max(0, len(costs) - _MOST_ROWS),
    )


def _prepared(costs: pd.DataFrame) -> pd.DataFrame:
    """Add the day as text, and the unit of the price line."""
    unit = costs["price_item"].astype("str").map(_unit)
    return costs.assign(day=pd.to_datetime(costs["usage_date"]).dt.strftime("%Y-%m-%d"), unit=unit)


def _unit(price_item: str) -> str:
    if price_item.startswith("image"):
        return "images"
    return "hours" if price_item.endswith("hours") else "minutes"


def _totals(costs: pd.DataFrame, film_minutes: float) -> list[dict[str, Any]]:
    """Return the figures at the head of the page: id, label, value and how it is written."""
    units = costs.groupby("unit")["units"].sum()
    share = _share(costs["saved_usd"].sum(), costs["usd"].sum())
    return [
        _total("usd", "Paid", costs["usd"].sum(), dollars(costs["usd"].sum())),
        _total(
            "saved-usd",
            f"Saved by re-use{share}",
            costs["saved_usd"].sum(),
            dollars(costs["saved_usd"].sum()),
        ),
        _total("images", "Image analyses paid", units.get("images", 0.0)),
        _total("minutes", "Minutes of film paid", film_minutes),
        _total("hours", "Model hours paid", units.get("hours", 0.0)),
        _total("reused-analyses", "Analyses reused", costs["reused_analyses"].sum()),
    ]


def _total(name: str, label: str, value: float, shown: str | None = None) -> dict[str, Any]:
    return {"id": f"total-{name}", "label": label, "value": f"{value:.9g}", "shown": shown or quantity(value)}


def _share(saved: float, paid: float) -> str:
    return f" ({saved / (saved + paid):.0%})" if saved > 0 else ""


def dollars(value: float) -> str:
    """Write dollars: to the cent, or finer where a cent says too little.

    >>> dollars(1234.5), dollars(0.0125), dollars(0)
    ('$1,234.50', '$0.0125', '$0.00')
    """
    return f"${value:,.2f}" if value >= 10 or value == 0 else f"${value:,.4f}"


def quantity(value: float) -> str:
    """Write images or minutes with at most two decimals.

    >>> quantity(1200.0), quantity(3.917)
    ('1,200', '3.92')
    """
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _figures(costs: pd.DataFrame) -> list[dict[str, Any]]:
    order = ["day", "cost_center", "source", "feature", "operation", "price_item"]
    newest = costs.sort_values(order, ascending=[False, *[True] * (len(order) - 1)]).head(_MOST_ROWS)
    return [{str(name): value for name, value in row.items()} for row in newest.to_dict("records")]


def _charts(costs: pd.DataFrame, currency: str) -> dict[str, dict[str, Any]]:
    """Return title, explanation, width and Vega-Lite specification of each chart."""
    charts = {
        "cost-per-day": (
            "Cost per day",
            f"{currency} by day of use (UTC) and feature",
            True,
            _per_day(costs, currency),
        ),
        "cost-per-team": (
            "Cost per team",
            f"{currency} by cost center and feature",
            False,
            _per_team(costs, currency),
        ),
        "paid-and-saved": (
            "Paid and saved by re-use",
            f"{currency} by feature: what was paid, and what was not because the analysis existed",
            False,
            _paid_and_saved(costs, currency),
        ),
    }
    for unit, title in (("images", "Image analyses by operation"), ("minutes", "Video minutes by operation")):
        of_unit = costs[costs["unit"] == unit]
        if len(of_unit):
            charts[f"{unit}-by-operation"] = (
                title,
                f"{unit} billed, over all price lines of the operation, and reused",
                False,
                _by_operation(of_unit, unit),
            )
    return {
        name: {"title": title, "explanation": explanation, "wide": wide, "spec": _styled(chart).to_dict()}
        for name, (title, explanation, wide, chart) in charts.items()
    }


def _per_day(costs: pd.DataFrame, currency: str) -> alt.Chart:
    sums = _by_feature(costs, "day")
    span = pd.date_range(sums["day"].min(), sums["day"].max()).strftime("%Y-%m-%d").tolist()
    days = span if len(span) <= _MOST_DAYS else sorted(sums["day"].unique())
    drawn: alt.Chart = (
        alt.Chart(sums, height=260)
        .mark_bar(size=44 if len(days) <= 12 else alt.Undefined)
        .encode(
            x=alt.X(
                "day:O", title="day of use (UTC)", scale=alt.Scale(domain=days), axis=_axis(labelAngle=0)
            ),
            y=alt.Y("usd:Q", title=currency, stack="zero", axis=_money_axis()),
            color=_feature_color(sums),
            order=alt.Order("place:Q"),
            tooltip=["day:O", "feature:N", alt.Tooltip("usd:Q", title=currency, format="$,.4f")],
        )
    )
    return drawn


def _per_team(costs: pd.DataFrame, currency: str) -> alt.Chart:
    sums = _by_feature(costs, "cost_center")
    drawn: alt.Chart = (
        alt.Chart(sums, height=alt.Step(38))
        .mark_bar()
        .encode(
            y=alt.Y("cost_center:N", title=None, sort="-x", axis=_axis(labelLimit=180)),
            x=alt.X("usd:Q", title=currency, stack="zero", axis=_money_axis()),
            color=_feature_color(sums),
            order=alt.Order("place:Q"),
            tooltip=["cost_center:N", "feature:N", alt.Tooltip("usd:Q", title=currency, format="$,.4f")],
        )
    )
    return drawn


def _paid_and_saved(costs: pd.DataFrame, currency: str) -> alt.Chart:
    sums = costs.groupby("feature", as_index=False)[["usd", "saved_usd"]].sum()
    return _two_parts(
        sums.rename(columns={"usd": "paid", "saved_usd": "saved"}),
        "feature",
        ("paid", "saved"),
        currency,
        money=True,
    )


def _by_operation(costs: pd.DataFrame, unit: str) -> alt.Chart:
    sums = costs.groupby("operation", as_index=False)[["units", "reused_units"]].sum()
    named = sums.rename(columns={"units": "paid", "reused_units": "reused"})
    return _two_parts(named, "operation", ("paid", "reused"), unit, money=False)


def _two_parts(wide: pd.DataFrame, by: str, parts: tuple[str, str], title: str, money: bool) -> alt.Chart:
    """Stack what was paid and what was not, a bar for each value of a column."""
    sums = wide.melt(by, list(parts), var_name="part", value_name="amount")
    color = alt.Color(
        "part:N", title=None, scale=alt.Scale(domain=list(parts), range=[_PAID, _SAVED]), legend=_legend()
    )
    drawn: alt.Chart = (
        alt.Chart(sums, height=alt.Step(38))
        .mark_bar()
        .encode(
            y=alt.Y(f"{by}:N", title=None, axis=_axis(labelLimit=220)),
            x=alt.X(
                "amount:Q", title=title, stack="zero", axis=_money_axis() if money else _axis(tickCount=5)
            ),
            color=color,
            order=alt.Order("part:N"),
            tooltip=[
                f"{by}:N",
                "part:N",
                alt.Tooltip("amount:Q", title=title, format="$,.4f" if money else ",.2f"),
            ],
        )
    )
    return drawn


def _by_feature(costs: pd.DataFrame, by: str) -> pd.DataFrame:
    """Sum dollars by a column and feature; ``place`` is where the feature comes in the stack."""
    sums = costs.groupby([by, "feature"], as_index=False)["usd"].sum()
    names = [*FEATURES, *sorted(set(sums["feature"]) - set(FEATURES))]
    placed: pd.DataFrame = sums.assign(
        place=sums["feature"].map({name: place for place, name in enumerate(names)})
    )
    return placed


def _feature_color(sums: pd.DataFrame) -> alt.Color:
    places = dict(sorted(zip(sums["feature"], sums["place"], strict=True), key=lambda item: item[1]))
    colors = {name: _COLORS[place % len(_COLORS)] for name, place in places.items()}
    scale = alt.Scale(domain=list(colors), range=list(colors.values()))
    return alt.Color("feature:N", title=None, scale=scale, legend=_legend())


def _axis(**options: Any) -> alt.Axis:
    return alt.Axis(labelOverlap="parity", labelSeparation=10, **options)


def _money_axis() -> alt.Axis:
    return _axis(format="$,.6~f", tickCount=5)


def _legend() -> alt.Legend:
    return alt.Legend(orient="top", direction="horizontal", symbolType="square")


def _styled(chart: alt.Chart) -> alt.Chart:
    font = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
    drawn: alt.Chart = (
        chart.properties(width="container", background="transparent")
        .configure(font=font, padding={"left": 4, "right": 12, "top": 4, "bottom": 4})
        .configure_view(stroke=None)
        .configure_axis(
            gridColor=_LINE, domainColor=_LINE, tickColor=_LINE, labelColor=_INK, titleColor=_QUIET,
            labelFontSize=12, titleFontSize=12, titleFontWeight="normal", titlePadding=10,
        )
        .configure_axisY(domain=False, ticks=False, labelPadding=8)
        .configure_legend(labelColor=_INK, labelFontSize=12, symbolSize=120, offset=14)
        .configure_bar(cornerRadiusEnd=2)
    )  # fmt: skip
    return drawn


def _script(value: Any) -> Markup:
    """Return JSON that can stand in a script: no text in it can end the script."""
    return Markup(json.dumps(value, allow_nan=False).replace("<", "\\u003c").replace("\u2028", "\\u2028"))


@lru_cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
    )
    environment.filters.update(dollars=dollars, quantity=quantity)
    return environment
