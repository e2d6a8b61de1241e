"""The charts of the cost page, and their colors in light and dark."""

from __future__ import annotations

from typing import Any

import altair as alt

from include.core.features import FEATURES

# Features that have no color of their own.
OTHERS = "other features"

# Colors of the features in registry order, chosen by search: each has a contrast of 3:1 with its ground, and
# any two are apart for people who see all colors and for those who do not see red or green.
LIGHT_GROUND, DARK_GROUND = "#ffffff", "#171c24"
LIGHT_COLORS = (
    "#0072b2", "#d1590b", "#416758", "#c4278a", "#4e1586", "#819374", "#622b09", "#a264f6", "#19444e",
    "#708cc3", "#1040c3", "#964101",
)  # fmt: skip
DARK_COLORS = (
    "#4aa8e8", "#f08c4a", "#20f4bb", "#b57da7", "#8567fa", "#98b497", "#958464", "#955878", "#dcd838",
    "#8dccf9", "#2c71b7", "#a9531e",
)  # fmt: skip
# Of a month such as 2026-11, as an expression of Vega.
_MONTH_ABOVE_YEAR = "[monthAbbrevFormat(slice(datum.value, 5) - 1), slice(datum.value, 0, 4)]"
LIGHT_OTHERS, DARK_OTHERS = "#7a828c", "#c9d1d9"


def shown_feature(feature: str) -> str:
    """Return the name under which charts show a feature."""
    return feature if feature in list(FEATURES)[: len(LIGHT_COLORS)] else OTHERS


def color_of(feature: str) -> str:
    """Return the CSS color of a feature, which follows the page's scheme."""
    shown = shown_feature(feature)
    return "var(--others)" if shown == OTHERS else f"var(--feature-{list(FEATURES).index(feature)})"


def chart_of_months() -> dict[str, Any]:
    """Return the Vega-Lite specification of the months: cost, budget and forecast.

    It reads the data set ``months`` and the parameter ``chosen``, a month.
    """
    base = alt.Chart(alt.NamedData("months")).encode(
        x=alt.X(
            "month:O",
            title=None,
            axis=_axis(labelAngle=0, labelFontSize=11, labelSeparation=1, labelExpr=_MONTH_ABOVE_YEAR),
        )
    )
    chosen = alt.param(name="chosen", value="")
    tooltip = [alt.Tooltip("label:N", title="month"), alt.Tooltip("shown:N", title="USD")]
    forecast = base.transform_filter("isValid(datum.forecast)")
    band = base.transform_filter("isValid(datum.low)")
    drawn = alt.layer(
        forecast.mark_bar(fill="transparent", stroke="var(--accent)", strokeDash=[4, 3]).encode(
            y=_money("forecast:Q"), tooltip=tooltip
        ),
        base.mark_bar(cursor="pointer").encode(
            y=_money("usd:Q"),
            color=alt.when("datum.month == chosen")
            .then(alt.value("var(--accent)"))
            .otherwise(alt.value("var(--past)")),
            tooltip=tooltip,
        ),
        band.mark_rule(stroke="var(--ink)", strokeWidth=1.5).encode(y=_money("low:Q"), y2="high:Q"),
        base.transform_filter("isValid(datum.budget)")
        .mark_tick(thickness=3, opacity=1, color="var(--alert)", width=alt.RelativeBandSize(0.9))
        .encode(y=_money("budget:Q"), tooltip=tooltip),
    ).add_params(chosen)
    return _styled(drawn)


def chart_of_days(features: list[str]) -> dict[str, Any]:
    """Return the Vega-Lite specification of the days of a month, with marks at unusual ones.

    It reads the data sets ``costs`` and ``anomalies``.

    :param features: as charts show them, in the order of the stack.
    """
    x = alt.X("day:O", title="day (UTC)", axis=_axis(labelAngle=0))
    color = alt.Color(
        "feature:N",
        scale=alt.Scale(domain=features, range=[color_of(name) for name in features]),
        legend=None,
    )
    bars = (
        alt.Chart(alt.NamedData("costs"))
        .mark_bar(stroke="var(--card)", strokeWidth=0.5)
        .encode(
            x=x,
            y=_money("usd:Q", stack="zero"),
            color=color,
            order=alt.Order("place:Q"),
            tooltip=["day:O", "feature:N", alt.Tooltip("shown:N", title="USD")],
        )
    )
    marks = (
        alt.Chart(alt.NamedData("anomalies"))
        .mark_point(
            shape="triangle-down", size=110, filled=True, color="var(--alert)", opacity=1, yOffset=-11
        )
        .encode(x=x, y=_money("usd:Q"), tooltip=["day:O", alt.Tooltip("note:N", title="unusual")])
    )
    return _styled(alt.layer(bars, marks))


def _money(field: str, **options: Any) -> alt.Y:
    return alt.Y(field, title=None, axis=_axis(format="$,.6~f", tickCount=5), **options)


def _axis(**options: Any) -> alt.Axis:
    return alt.Axis(**{"labelOverlap": "parity", "labelSeparation": 6, **options})


def _styled(chart: alt.LayerChart | alt.FacetChart) -> dict[str, Any]:
    font = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
    styled = (
        chart.properties(width="container", height=250, background="transparent")
        .configure(font=font, padding={"left": 2, "right": 8, "top": 16, "bottom": 2})
        .configure_view(stroke=None)
        .configure_axis(
            gridColor="var(--line)", domainColor="var(--line)", tickColor="var(--line)",
            labelColor="var(--quiet)", titleColor="var(--quiet)", labelFontSize=12, titleFontSize=12,
            titleFontWeight="normal", titlePadding=8,
        )
        .configure_axisY(domain=False, ticks=False, labelPadding=6)
        .configure_axisX(grid=False)
    )  # fmt: skip
    spec: dict[str, Any] = styled.to_dict()
    return spec
