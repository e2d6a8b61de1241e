"""The tables of a month: that each adds up to ``costs_daily``, and what they say of budgets and bills."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest

from include.report.cost_figures import CostFigures
from include.report.page_month import months_of, totals_of
from include.report.page_tables import PageTable, budget_status, month_tables
from tests.include.report.large_lake import COLUMNS, cost

NOVEMBER = {"billing_month": "2026-11"}
DAY, NOW = date(2026, 11, 18), datetime(2026, 11, 27, 6)
COSTS = [
    cost(DAY, "labels", "DetectLabels", "image-group-2", 1000.0, 1.0),
    cost(DAY, "labels", "StartLabelDetection", "video-minutes", 20.0, 2.0, cost_center="film"),
    cost(DAY, "text", "DetectText", "image-group-2", 500.0, 0.5, media_type="video", cost_center="film"),
    cost(
        DAY,
        "custom_labels",
        "StartProjectVersion",
        "custom-labels-inference-hours",
        10.0,
        40.0,
        media_type="image",
    ),
]


def tables(costs: list[dict[str, Any]] = COSTS, **figures: Any) -> dict[str, PageTable]:
    """Return the tables of the newest month by name."""
    return {table.name: table for table in month_tables(newest(costs, **figures))}


def newest(costs: list[dict[str, Any]], now: datetime = NOW, **figures: Any) -> Any:
    return next(months_of(CostFigures(pd.DataFrame(costs, columns=COLUMNS), **figures), now))


def figure(name: str, **figures: Any) -> Any:
    """Return a figure at the head of the month."""
    return next(total for total in totals_of(newest(COSTS, **figures)) if total.name == name)


def test_each_table_of_costs_adds_up_to_the_month() -> None:
    found = tables()
    for name in ("teams", "features", "sources", "routes", "price-lines"):
        table = found[name]
        place = next(place for place, column in enumerate(table.columns) if column.kind == "bar")
        assert table.total is not None
        assert sum(row[place] for row in table.rows) == pytest.approx(table.total[place])
        assert table.total[place] == pytest.approx(43.5), name


def test_routes_tell_jobs_from_frames_and_the_hours_of_a_model_are_no_minutes() -> None:
    assert {row[0]: row[2] for row in tables()["routes"].rows} == {
        "Custom Labels models": "10 hours",
        "Video jobs": "20 minutes",
        "Image calls": "1,000 images",
        "Video frames": "500 frames",
    }


def test_a_team_with_a_budget_and_without_costs_is_shown() -> None:
    budgets = [
        {**NOVEMBER, "cost_center": "film", "kind": "hard", "limit_usd": 2.5},
        {**NOVEMBER, "cost_center": "idle", "kind": "soft", "limit_usd": 7.5},
    ]
    teams = tables(budgets=budgets)["teams"]
    assert [(row[0], *row[3:]) for row in teams.rows] == [
        ("media-team", None, None, None),
        ("film", 2.5, 1.0, "over budget"),
        ("idle", 7.5, 0.0, "within budget"),
    ]
    assert teams.total == ("All teams", 43.5, 1.0, 10.0, 0.25, None)
    assert figure("budget", budgets=budgets).note == "25% used; 1 over budget"
    assert figure("budget").value is None


@pytest.mark.parametrize(
    ("usd", "forecast", "status"),
    [
        (1.0, 9.0, "within budget"),
        (8.0, 9.0, "80% used"),
        (1.0, 11.0, "will be over"),
        (10.0, 9.0, "over budget"),
    ],
)
def test_a_budget_is_judged_by_what_was_and_what_will_be_paid(
    usd: float, forecast: float, status: str
) -> None:
    assert budget_status(usd, 10.0, {"forecast_usd": forecast}) == status
    assert budget_status(usd, None, {"forecast_usd": forecast}) is None


def test_a_forecast_has_its_band_and_a_month_that_is_over_has_none() -> None:
    row = {
        **NOVEMBER,
        "cost_center": None,
        "forecast_usd": 60.0,
        "low_usd": 55.0,
        "high_usd": 65.0,
        "learned_days": 40,
    }
    short = {**row, "low_usd": None, "high_usd": None, "learned_days": 5}
    assert figure("forecast", forecast=[row]).note == "$55.00 to $65.00 in 8 of 10 cases"
    assert figure("forecast", forecast=[short]).note == "a band needs 14 days, there are 5"
    assert figure("forecast").note == "needs a whole day with use"
    assert figure("usd").label == "Cost so far"
    later = datetime(2026, 12, 1)
    assert figure("forecast", now=later).note == "the month is over"
    assert figure("usd", now=later).label == "Cost"


def test_the_bill_is_summed_by_usage_type_with_each_cause_once() -> None:
    line = {
        **NOVEMBER,
        "usage_type": "USE1-Group2",
        "days": 2,
        "lake_usd": 1.0,
        "bill_usd": 1.5,
        "unexplained_usd": 0.0,
    }
    bill = [
        {**line, "cause": "rounding, price"},
        {**line, "cause": "price", "unexplained_usd": 0.5},
        {**line, "cause": None},
    ]
    table = tables(bill=bill)["bill"]
    assert table.rows == [("USE1-Group2", 3.0, 4.5, 1.5, 0.5, "rounding, price")]
    assert table.total == ("All types", 3.0, 4.5, 1.5, 0.5, None)
    assert figure("difference", bill=bill).note == "bill $4.50; $0.50 unexplained"
    assert "MEDIA_LAKE_BILL_SOURCE" in tables()["bill"].empty


def test_reruns_are_told_apart_from_savings() -> None:
    savings = [
        {**NOVEMBER, "kind": "duplicate content", "is_saving": True, "analyses": 3, "usd": 0.5},
        {**NOVEMBER, "kind": "re-run", "is_saving": False, "analyses": 9, "usd": 40.0},
    ]
    table = tables(savings=savings)["savings"]
    assert (table.rows, table.total) == ([("Duplicate content", 3, 0.5)], ("All savings", 3, 0.5))
    assert "9 analyses of re-runs ($40.00) are no saving" in table.explanation


def test_small_changes_are_one_row_and_all_changes_add_up() -> None:
    drivers = [
        {
            **NOVEMBER, "cost_center": "film", "source": "s", "feature": "labels",
            "price_item": "video-minutes", "previous_usd": 1.0, "change_usd": float(number),
            "volume_usd": float(number), "price_usd": 0.0,
        }
        for number in range(20)
    ]  # fmt: skip
    before = cost(date(2026, 10, 18), "labels", "DetectLabels", "image-group-2", 1000.0, 20.0)
    table = tables([*COSTS, before], drivers=drivers)["drivers"]
    assert [row[4] for row in table.rows[:2]] == [19.0, 18.0]
    assert table.rows[-1] == ("8 smaller changes", None, None, None, 28.0, 28.0, 0.0)
    assert table.total == ("All changes", None, None, None, 190.0, 190.0, 0.0)
    assert tables(drivers=drivers)["drivers"].rows == []  # without a month before there is no change


def test_unit_costs_of_all_teams_are_weighted() -> None:
    image = {**NOVEMBER, "media_type": "image", "film_minutes": None}
    units = [
        {**image, "cost_center": "a", "contents": 1000, "usd": 1.0},
        {**image, "cost_center": "b", "contents": 3000, "usd": 5.0},
        {
            **NOVEMBER,
            "media_type": "video",
            "cost_center": "b",
            "contents": 2,
            "film_minutes": 10.0,
            "usd": 4.0,
        },
    ]
    table = tables(unit_costs=units)["unit-costs"]
    assert table.rows == [("a", 1000, 1.0, None, None), ("b", 3000, pytest.approx(5 / 3), 10.0, 0.4)]
    assert table.total == ("All teams", 4000.0, 1.5, 10.0, 0.4)
    assert figure("thousand-images", unit_costs=units).shown == "$1.50"
