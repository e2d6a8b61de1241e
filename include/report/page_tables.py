"""The tables of a month on the cost page: who paid for what, by which way, and why it changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from include.report.page_month import MonthFigures
from include.report.page_numbers import dollars, quantity
from include.store.objects import Row

Kind = Literal["text", "feature", "usd", "bar", "change", "count", "percent", "status"]

# Changes that a table lists one by one.
_MOST_DRIVERS = 12

ROUTES = {
    "image": "Image calls",
    "job": "Video jobs",
    "frames": "Video frames",
    "model": "Custom Labels models",
}


@dataclass(frozen=True)
class Column:
    """A column of a table.

    :ivar kind: how its values are written. ``bar`` is dollars with a bar, ``change`` dollars with their sign.
    """

    label: str
    kind: Kind = "text"

    @property
    def is_number(self) -> bool:
        return self.kind not in ("text", "feature", "status")


@dataclass(frozen=True)
class PageTable:
    """A table of the page.

    :ivar explanation: a sentence below the title.
    :ivar rows: values by column; None where there is none. The first value names the row.
    :ivar total: of the columns; None without a row of totals.
    :ivar empty: what is said instead of a table without rows.
    """

    name: str
    title: str
    explanation: str
    columns: tuple[Column, ...]
    rows: list[tuple[Any, ...]]
    total: tuple[Any, ...] | None = None
    empty: str = ""
    is_wide: bool = False

    def width_of(self, place: int, value: float | None) -> float:
        """Return how long the bar of a value is, in percent of the longest of its column."""
        longest = max((row[place] or 0.0 for row in self.rows), default=0.0)
        return 100 * max(value or 0.0, 0.0) / longest if longest > 0 else 0.0


def month_tables(month: MonthFigures) -> list[PageTable]:
    """Return the tables of a month, in the order of the page."""
    return [
        _teams(month),
        _features(month),
        _sources(month),
        _routes(month),
        _price_lines(month),
        _unit_costs(month),
        _savings(month),
        _anomalies(month),
        _drivers(month),
        _bill(month),
    ]


def _teams(month: MonthFigures) -> PageTable:
    costs, budgets = month.by("cost_center"), month.budgets
    forecasts = {row["cost_center"]: row for row in month.forecast if row["cost_center"]}
    teams = sorted({*costs, *budgets}, key=lambda team: (-costs.get(team, 0.0), team))
    columns = [Column("Team"), Column("Cost", "bar"), Column("Share", "percent")]
    rows: list[list[Any]] = [
        [team, costs.get(team, 0.0), month.share(costs.get(team, 0.0))] for team in teams
    ]
    total: list[Any] = ["All teams", month.usd, month.share(month.usd)]
    if budgets:
        columns += [Column("Budget", "usd"), Column("Used", "percent")]
        for team, row in zip(teams, rows, strict=True):
            row += [budgets.get(team), _ratio(row[1], budgets.get(team))]
        total += [month.limit_usd, month.used]
    if forecasts:
        columns += [Column("Forecast", "usd"), Column("In 8 of 10 cases")]
        for team, row in zip(teams, rows, strict=True):
            row += _forecast_cells(forecasts.get(team))
        total += _forecast_cells(month.forecast_of_all)
    if budgets:
        columns.append(Column("Status", "status"))
        for team, row in zip(teams, rows, strict=True):
            row.append(budget_status(row[1], budgets.get(team), forecasts.get(team)))
        total.append(None)
    return PageTable(
        "teams",
        "Teams",
        "Cost by cost center, against budget and forecast.",
        tuple(columns),
        _tuples(rows),
        tuple(total),
        is_wide=True,
    )


def budget_status(usd: float, limit: float | None, forecast: Row | None) -> str | None:
    """Say in words how a budget stands: None without one."""
    if limit is None:
        return None
    if usd >= limit:
        return "over budget"
    if forecast and forecast["forecast_usd"] > limit:
        return "will be over"
    return "80% used" if usd >= 0.8 * limit else "within budget"


def _forecast_cells(row: Row | None) -> list[Any]:
    if row is None:
        return [None, None]
    has_band = row["low_usd"] is not None
    return [
        row["forecast_usd"],
        f"{dollars(row['low_usd'])} to {dollars(row['high_usd'])}" if has_band else None,
    ]


def _features(month: MonthFigures) -> PageTable:
    costs = month.costs.assign(
        image_usd=month.costs["usd"].where(month.costs["media_type"] == "image", 0.0),
        video_usd=month.costs["usd"].where(month.costs["media_type"] == "video", 0.0),
    )
    sums = costs.groupby("feature", as_index=False)[["image_usd", "video_usd", "usd"]].sum()
    rows = [
        (row["feature"], row["image_usd"], row["video_usd"], row["usd"], month.share(row["usd"]))
        for row in _dearest_first(sums)
    ]
    return PageTable(
        "features",
        "Features",
        "Cost by kind of analysis, of images and of videos.",
        (
            Column("Feature", "feature"), Column("Images", "usd"), Column("Videos", "usd"),
            Column("Cost", "bar"), Column("Share", "percent"),
        ),
        rows,
        ("All features", *month.of_media, month.usd, month.share(month.usd)),
    )  # fmt: skip


def _sources(month: MonthFigures) -> PageTable:
    sums = month.costs.groupby(["source", "cost_center"], as_index=False)[["usd"]].sum()
    rows = [
        (row["source"], row["cost_center"], row["usd"], month.share(row["usd"]))
        for row in _dearest_first(sums)
    ]
    return PageTable(
        "sources",
        "Sources",
        "Cost by source of lake.yaml and the team that pays for it.",
        (Column("Source"), Column("Team"), Column("Cost", "bar"), Column("Share", "percent")),
        rows,
        ("All sources", None, month.usd, month.share(month.usd)),
    )


def _routes(month: MonthFigures) -> PageTable:
    sums = month.costs.groupby(["route", "unit"], as_index=False)[["analyses", "units", "usd"]].sum()
    rows = [
        (
            ROUTES[row["route"]],
            row["analyses"],
            f"{quantity(row['units'])} {'frames' if row['route'] == 'frames' else row['unit']}",
            row["usd"],
            month.share(row["usd"]),
        )
        for row in _dearest_first(sums)
    ]
    return PageTable(
        "routes",
        "Routes",
        "Cost by the way to Rekognition. A video takes a job or frames, as lake.yaml says.",
        (
            Column("Route"), Column("Analyses", "count"), Column("Units"), Column("Cost", "bar"),
            Column("Share", "percent"),
        ),
        rows,
        ("All routes", float(month.costs["analyses"].sum()), None, month.usd, month.share(month.usd)),
    )  # fmt: skip


def _price_lines(month: MonthFigures) -> PageTable:
    sums = month.costs.groupby(["price_item", "unit"], as_index=False)[["units", "usd"]].sum()
    rows = [
        (
            row["price_item"],
            f"{quantity(row['units'])} {row['unit']}",
            row["usd"],
            _ratio(row["usd"], row["units"]),
        )
        for row in _dearest_first(sums)
    ]
    return PageTable(
        "price-lines",
        "Price lines",
        "What a unit cost in the mean; it falls with the month's volume.",
        (Column("Price line"), Column("Units paid"), Column("Cost", "bar"), Column("A unit", "usd")),
        rows,
        ("All lines", None, month.usd, None),
    )


def _unit_costs(month: MonthFigures) -> PageTable:
    found = {(row["cost_center"], row["media_type"]): row for row in month.unit_costs}
    teams = sorted({team for team, _ in found})
    rows = [(team, *_unit_cells(found.get((team, "image")), found.get((team, "video")))) for team in teams]
    total = [
        _summed(row for (_, kind), row in found.items() if kind == wanted) for wanted in ("image", "video")
    ]
    return PageTable(
        "unit-costs",
        "Unit costs",
        "With all that was asked for. A file counts once a month, however many features were paid for.",
        (
            Column("Team"), Column("Images", "count"), Column("A thousand images", "usd"),
            Column("Minutes of film", "count"), Column("A minute of film", "usd"),
        ),
        rows,
        ("All teams", *_unit_cells(*total)),
        empty="Nothing was paid for in this month.",
    )  # fmt: skip


def _unit_cells(images: Row | None, videos: Row | None) -> tuple[float | None, ...]:
    images, videos = images or {}, videos or {}
    per_image = _ratio(images.get("usd"), images.get("contents"))
    return (
        images.get("contents"),
        None if per_image is None else 1000 * per_image,
        videos.get("film_minutes"),
        _ratio(videos.get("usd"), videos.get("film_minutes")),
    )


def _summed(rows: Iterable[Row]) -> Row:
    frame = pd.DataFrame(list(rows), columns=["contents", "film_minutes", "usd"]).astype(float)
    return {str(name): value for name, value in frame.sum().items()} if len(frame) else {}


def _savings(month: MonthFigures) -> PageTable:
    rows = [
        (str(row["kind"]).capitalize(), row["analyses"], row["usd"])
        for row in month.savings
        if row["is_saving"]
    ]
    reruns = [row for row in month.savings if not row["is_saving"]]
    explanation = "What was not paid because the lake knew better."
    if reruns:
        count, usd = (sum(row[name] for row in reruns) for name in ("analyses", "usd"))
        explanation += (
            f" {quantity(count)} analyses of re-runs ({dollars(usd)}) are no saving and not in here."
        )
    return PageTable(
        "savings",
        "Savings",
        explanation,
        (Column("How"), Column("Analyses", "count"), Column("Saved", "bar")),
        rows,
        ("All savings", sum(row[1] for row in rows), month.saved_usd),
        empty="Nothing was saved in this month.",
    )


def _drivers(month: MonthFigures) -> PageTable:
    amounts = ("change_usd", "volume_usd", "price_usd")
    named = [
        (
            row["cost_center"], row["source"], row["feature"], row["price_item"],
            *(row[name] for name in amounts),
        )
        for row in sorted(month.drivers, key=lambda row: -abs(row["change_usd"]))
    ]  # fmt: skip
    shown, others = named[:_MOST_DRIVERS], named[_MOST_DRIVERS:]
    if others:
        shown.append((f"{len(others)} smaller changes", None, None, None, *_sums(others, 4)))
    compared = "the same days of the month before" if month.is_running else "the month before"
    return PageTable(
        "drivers",
        "What changed",
        f"Against {compared}: the part that more or fewer units make, and that of another price a unit.",
        (
            Column("Team"), Column("Source"), Column("Feature", "feature"), Column("Price line"),
            Column("Change", "change"), Column("By units", "change"), Column("By price", "change"),
        ),
        shown,
        ("All changes", None, None, None, *_sums(named, 4)),
        empty="There is no month before to compare with.",
        is_wide=True,
    )  # fmt: skip


def _anomalies(month: MonthFigures) -> PageTable:
    rows = [
        (
            f"{row['usage_date']:%Y-%m-%d}", row["cost_center"], row["feature"], row["usd"], row["usual_usd"],
            row["usd"] - row["usual_usd"],
        )
        for row in month.anomalies
    ]  # fmt: skip
    return PageTable(
        "anomalies",
        "Unusual days",
        "Days on which a feature cost a team much more than in the two weeks before. The chart marks them.",
        (
            Column("Day"), Column("Team"), Column("Feature", "feature"), Column("Cost", "usd"),
            Column("Usual", "usd"), Column("More", "change"),
        ),
        rows,
        empty="No day of this month stands out. A team's feature is judged from its 16th day on.",
    )  # fmt: skip


def _bill(month: MonthFigures) -> PageTable:
    rows = []
    for usage_type in dict.fromkeys(row["usage_type"] for row in month.bill):
        lines = [row for row in month.bill if row["usage_type"] == usage_type]
        lake, bill, unexplained = (
            sum(row[name] for row in lines) for name in ("lake_usd", "bill_usd", "unexplained_usd")
        )
        causes = ", ".join(row["cause"] for row in lines if row["cause"]).split(", ")
        each = ", ".join(dict.fromkeys(causes)) or None
        rows.append((usage_type, lake, bill, bill - lake, unexplained, each))
    return PageTable(
        "bill",
        "Lake and bill",
        "What the lake counted against what AWS charged, on the days that were compared.",
        (
            Column("Usage type"), Column("Lake", "usd"), Column("Bill", "usd"),
            Column("Difference", "change"), Column("Unexplained", "change"), Column("Causes"),
        ),
        rows,
        ("All types", *_sums(rows, 1, 5), None),
        empty="Not compared with a bill. MEDIA_LAKE_BILL_SOURCE turns Dag reconcile_costs on.",
        is_wide=True,
    )  # fmt: skip


def _dearest_first(sums: pd.DataFrame) -> list[dict[str, Any]]:
    ordered = sums.sort_values("usd", ascending=False, kind="stable")
    return [{str(name): value for name, value in row.items()} for row in ordered.to_dict("records")]


def _sums(rows: Sequence[tuple[Any, ...]], first: int, end: int | None = None) -> tuple[float, ...]:
    return tuple(sum(column) for column in zip(*(row[first:end] for row in rows), strict=True)) or ()


def _tuples(rows: Iterable[list[Any]]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows]


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
