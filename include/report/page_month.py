"""What the cost page knows of a month, and the figures at its head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import pandas as pd

from include.report.cost_figures import CostFigures
from include.report.page_charts import shown_feature
from include.report.page_numbers import NONE, change, dollars, percent
from include.store.objects import Row

# Columns of costs_daily that name a line.
TEXTS = ("cost_center", "source", "media_type", "feature", "operation", "price_item", "price_version")


@dataclass(frozen=True)
class MonthFigures:
    """The figures of a month.

    :ivar month: such as 2026-11.
    :ivar is_running: whether the month is not over.
    :ivar costs: rows of ``costs_daily`` with ``day`` of the month, ``unit`` and ``route``.
    :ivar budgets: dollars by team.
    """

    month: str
    is_running: bool
    costs: pd.DataFrame
    budgets: dict[str, float]
    bill: list[Row]
    unit_costs: list[Row]
    savings: list[Row]
    drivers: list[Row]
    forecast: list[Row]
    anomalies: list[Row]

    @cached_property
    def usd(self) -> float:
        return float(self.costs["usd"].sum())

    @cached_property
    def of_media(self) -> tuple[float, float]:
        """Dollars of images, and of videos."""
        sums = self.by("media_type")
        return sums.get("image", 0.0), sums.get("video", 0.0)

    @property
    def label(self) -> str:
        return f"{datetime.strptime(self.month, '%Y-%m'):%B %Y}"

    @property
    def limit_usd(self) -> float | None:
        """All budgets together."""
        return sum(self.budgets.values()) if self.budgets else None

    @property
    def used(self) -> float | None:
        """What teams with a budget have spent of it, as a share of 1."""
        costs = self.by("cost_center")
        spent = sum(costs.get(team, 0.0) for team in self.budgets)
        return spent / self.limit_usd if self.limit_usd else None

    @property
    def saved_usd(self) -> float:
        return float(sum(row["usd"] for row in self.savings if row["is_saving"]))

    @property
    def forecast_of_all(self) -> Row | None:
        return next((row for row in self.forecast if row["cost_center"] is None), None)

    def by(self, column: str) -> dict[str, float]:
        """Return dollars by the values of a column."""
        return {str(name): float(usd) for name, usd in self.costs.groupby(column)["usd"].sum().items()}

    def share(self, usd: float) -> float | None:
        return usd / self.usd if self.usd else None


@dataclass(frozen=True)
class Total:
    """A figure at the head of the page.

    :ivar value: the exact number, for programs; None if there is none.
    :ivar meter: a share of 1 that is drawn as a bar; None for no bar.
    """

    name: str
    label: str
    value: float | None
    shown: str
    note: str
    meter: float | None = None


def months_of(figures: CostFigures, now: datetime) -> Iterator[MonthFigures]:
    """Yield the months with costs, newest first.

    :param now: in UTC.
    """
    costs = prepared(figures.costs)
    for month in sorted(costs["billing_month"].unique(), reverse=True):
        yield MonthFigures(
            month=month,
            is_running=month >= f"{now:%Y-%m}",
            costs=costs[costs["billing_month"] == month],
            budgets={row["cost_center"]: row["limit_usd"] for row in _of(figures.budgets, month)},
            bill=_of(figures.bill, month),
            unit_costs=_of(figures.unit_costs, month),
            savings=_of(figures.savings, month),
            drivers=_of(figures.drivers, month) if _before(month) in set(costs["billing_month"]) else [],
            forecast=_of(figures.forecast, month),
            anomalies=_of(figures.anomalies, month),
        )


def prepared(costs: pd.DataFrame) -> pd.DataFrame:
    """Add the billing month, the day of it, the unit of the price line, and the route."""
    costs = costs.astype({name: object for name in TEXTS})  # which groups faster than Arrow's strings
    dates = pd.to_datetime(costs["usage_date"])
    routes = {key: _route(*key) for key in set(zip(costs["media_type"], costs["operation"], strict=True))}
    return costs.assign(
        billing_month=dates.dt.strftime("%Y-%m").astype(object),
        day=dates.dt.day,
        unit=costs["price_item"].map(_unit),
        route=[routes[key] for key in zip(costs["media_type"], costs["operation"], strict=True)],
    )


def _unit(price_item: str) -> str:
    if price_item.startswith("image"):
        return "images"
    return "hours" if price_item.endswith("hours") else "minutes"


def _route(media_type: str, operation: str) -> str:
    if operation == "StartProjectVersion":
        return "model"
    if media_type == "image":
        return "image"
    return "job" if operation.startswith("Start") else "frames"


def _of(rows: list[Row], month: str) -> list[Row]:
    return [row for row in rows if row["billing_month"] == month]


def _before(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02}"


def totals_of(month: MonthFigures) -> list[Total]:
    """Return the figures at the head of a month."""
    return [
        _actual(month),
        _budget(month),
        _forecast(month),
        _difference(month),
        _saved(month),
        _units(month),
    ]


def _actual(month: MonthFigures) -> Total:
    previous = sum(row["previous_usd"] for row in month.drivers)
    note = "no month before"
    if previous:
        more = month.usd - previous
        compared = "the same days before" if month.is_running else "the month before"
        note = f"{change(more)} ({percent(more / previous)}) against {compared}"
    return Total("usd", "Cost so far" if month.is_running else "Cost", month.usd, dollars(month.usd), note)


def _budget(month: MonthFigures) -> Total:
    if month.limit_usd is None:
        return Total("budget", "Budget", None, NONE, "none in lake.yaml")
    costs = month.by("cost_center")
    over = sum(costs.get(team, 0.0) >= limit for team, limit in month.budgets.items())
    note = f"{percent(month.used)} used; " + (f"{over} over budget" if over else "no team over")
    return Total("budget", "Budget", month.limit_usd, dollars(month.limit_usd), note, month.used)


def _forecast(month: MonthFigures) -> Total:
    row = month.forecast_of_all
    if row is None:
        note = "needs a whole day with use" if month.is_running else "the month is over"
        return Total("forecast", "Forecast", None, NONE, note)
    note = f"a band needs 14 days, there are {row['learned_days']}"
    if row["low_usd"] is not None:
        note = f"{dollars(row['low_usd'])} to {dollars(row['high_usd'])} in 8 of 10 cases"
    return Total(
        "forecast", "Forecast for the month", row["forecast_usd"], dollars(row["forecast_usd"]), note
    )


def _difference(month: MonthFigures) -> Total:
    label = "Difference to the bill"
    if not month.bill:
        return Total("difference", label, None, NONE, "not compared with a bill")
    bill, lake, unexplained = (
        sum(row[name] for row in month.bill) for name in ("bill_usd", "lake_usd", "unexplained_usd")
    )
    found = "all explained" if abs(unexplained) < 0.005 else f"{dollars(unexplained)} unexplained"
    return Total("difference", label, bill - lake, change(bill - lake), f"bill {dollars(bill)}; {found}")


def _saved(month: MonthFigures) -> Total:
    whole = month.usd + month.saved_usd
    note = f"{percent(month.saved_usd / whole)} of what it would have cost" if whole else "nothing used"
    return Total("saved-usd", "Saved", month.saved_usd, dollars(month.saved_usd), note)


def _units(month: MonthFigures) -> Total:
    images = [row for row in month.unit_costs if row["media_type"] == "image"]
    contents, usd = (sum(row[name] for row in images) for name in ("contents", "usd"))
    each = 1000 * usd / contents if contents else None
    minutes = sum(row["film_minutes"] for row in month.unit_costs if row["media_type"] == "video")
    videos = sum(row["usd"] for row in month.unit_costs if row["media_type"] == "video")
    note = f"a minute of film: {dollars(videos / minutes)}" if minutes else "no film was paid for"
    return Total("thousand-images", "A thousand images", each, dollars(each), note)


def chart_data(month: MonthFigures) -> dict[str, Any]:
    """Return what the chart of days draws: number of days, dollars by day and feature, unusual days."""
    days = pd.Period(month.month).days_in_month
    shown = month.costs.assign(shown=month.costs["feature"].map(shown_feature))
    sums = shown.groupby(["day", "shown"], as_index=False)["usd"].sum()
    odd: dict[int, list[str]] = {}
    for row in month.anomalies:
        whose = f"{row['cost_center']}, {row['feature']}"
        amounts = f"{dollars(row['usd'])}, usual {dollars(row['usual_usd'])}"
        odd.setdefault(row["usage_date"].day, []).append(f"{whose}: {amounts}")
    totals = month.costs.groupby("day")["usd"].sum()
    return {
        "label": month.label,
        "days": days,
        "costs": [list(row) for row in sums.round(9).itertuples(index=False, name=None)],
        "anomalies": [
            [day, round(float(totals.get(day, 0.0)), 9), "; ".join(texts)] for day, texts in odd.items()
        ],
    }
