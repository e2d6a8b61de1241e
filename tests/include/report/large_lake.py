"""The costs of a lake of 400 days and 12 teams, made by chance, for tests of the cost page."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from include.core.features import FEATURES
from include.core.schemas import TABLES
from include.report.cost_figures import CostFigures

COLUMNS = [column.name for column in TABLES["costs_daily"].columns]
TEAMS = (
    "newsroom", "sports", "archive", "marketplace", "advertising", "brand-safety", "accessibility",
    "social-media", "regional-studios", "licensing-and-rights", "research", "e-commerce",
)  # fmt: skip
LAST, DAYS = date(2026, 11, 26), 400
MONTH = "2026-11"


def cost(
    day: date, feature: str, operation: str, item: str, units: float, usd: float, **more: Any
) -> dict[str, Any]:
    """Return a row of table ``costs_daily``."""
    row = {
        "usage_date": day, "source": "sample", "cost_center": "media-team",
        "media_type": "image" if item.startswith("image") else "video", "feature": feature,
        "operation": operation, "price_item": item, "analyses": 2, "units": units, "usd": usd,
        "reused_analyses": 0, "reused_units": 0.0, "saved_usd": 0.0, "price_version": "us-east-1-2026-10-07",
    }  # fmt: skip
    return {**row, **more}


def large_lake() -> CostFigures:
    """Return 400 days of 12 teams with budgets, a bill, a forecast, savings and unusual days."""
    chance = random.Random(13)
    rows = [
        row
        for number in range(DAYS)
        for place, team in enumerate(TEAMS)
        for row in _day(chance, LAST - timedelta(days=number), team, place)
    ]
    costs = pd.DataFrame(rows, columns=COLUMNS)
    return CostFigures(
        costs=costs,
        budgets=_budgets(costs),
        bill=_bill(costs),
        unit_costs=_unit_costs(costs),
        savings=_savings(costs),
        drivers=_drivers(costs),
        forecast=_forecast(costs),
        anomalies=[
            {
                "billing_month": MONTH, "usage_date": date(2026, 11, day), "cost_center": team,
                "feature": name, "usd": usd, "usual_usd": usual,
            }
            for day, team, name, usd, usual in (
                (9, "sports", "moderation", 241.5, 61.2), (9, "archive", "labels", 88.0, 20.4),
                (21, "regional-studios", "celebrities", 133.1, 32.9),
            )
        ],
    )  # fmt: skip


def _day(chance: random.Random, day: date, team: str, place: int) -> list[dict[str, Any]]:
    size = (0.4 if day.weekday() > 4 else 1.0) * (14 - place) * (1 + (day - date(2025, 10, 1)).days / 600)
    found = []
    for feature in list(FEATURES.values())[place % 3 :: 1 + place % 2]:
        units = round(size * chance.uniform(50, 150))
        more: dict[str, Any] = {"source": f"{team}-uploads", "cost_center": team, "analyses": units}
        if feature.image and feature.name not in ("custom_labels", "bulk_analysis"):
            item = (feature.image.price_items or ("image-group-2",))[0]
            found.append(
                cost(day, feature.name, feature.image.operation, item, units, units * 0.0008, **more)
            )
        if feature.video and place < 6:
            minutes = round(units / 60, 2)
            operation = feature.video.start_operation
            more |= {"source": f"{team}-films", "analyses": max(1, units // 500)}
            found.append(cost(day, feature.name, operation, "video-minutes", minutes, minutes * 0.1, **more))
    if place == 1:
        frames = units * 4
        more |= {"media_type": "video", "analyses": max(1, units // 500)}
        found.append(
            cost(
                day, "moderation", "DetectModerationLabels", "image-group-2", frames, frames * 0.0008, **more
            )
        )
    if place == 5:
        more |= {"media_type": "image", "analyses": 1}
        found.append(
            cost(
                day, "custom_labels", "StartProjectVersion", "custom-labels-inference-hours", 1.5, 6.0, **more
            )
        )
    return found


def _by_month(costs: pd.DataFrame, *names: str) -> pd.DataFrame:
    months = costs.assign(billing_month=pd.to_datetime(costs["usage_date"]).dt.strftime("%Y-%m"))
    return months.groupby(["billing_month", *names], as_index=False)[["analyses", "units", "usd"]].sum()


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _budgets(costs: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "billing_month": row["billing_month"], "cost_center": row["cost_center"], "kind": "hard",
            "limit_usd": round(row["usd"] * factor, -1),
        }
        for row in _rows(_by_month(costs, "cost_center"))
        if (factor := 0.9 + 0.12 * TEAMS.index(row["cost_center"])) < 2 and row["billing_month"] > "2026-03"
    ]  # fmt: skip


def _bill(costs: pd.DataFrame) -> list[dict[str, Any]]:
    types = {"image-group-2": "USE1-Group2-ImagesProcessed", "video-minutes": "USE1-MinutesOfVideoProcessed"}
    differences = {"image-group-2": (None, 0.8, 0.8), "video-minutes": ("rounding, other users", 14.2, 0.0)}
    return [
        {
            "billing_month": row["billing_month"], "usage_type": types[row["price_item"]], "cause": cause,
            "days": 20, "lake_usd": row["usd"], "bill_usd": row["usd"] + more, "unexplained_usd": left,
        }
        for row in _rows(_by_month(costs, "price_item"))
        if row["price_item"] in types
        for cause, more, left in [differences[row["price_item"]]]
    ]  # fmt: skip


def _unit_costs(costs: pd.DataFrame) -> list[dict[str, Any]]:
    of_media = _by_month(costs[costs["price_item"] != "image-group-1"], "cost_center", "media_type")
    return [
        {
            **row, "contents": int(row["units"] // 3) + 1,
            "film_minutes": row["usd"] / 0.5 if row["media_type"] == "video" else None,
        }
        for row in _rows(of_media)
    ]  # fmt: skip


def _savings(costs: pd.DataFrame) -> list[dict[str, Any]]:
    kinds = {"duplicate content": 0.04, "cheaper route": 0.11, "rejected before paying": 0.002, "re-run": 0.2}
    return [
        {
            "billing_month": row["billing_month"], "kind": kind, "is_saving": kind != "re-run",
            "analyses": int(row["analyses"] * share), "usd": row["usd"] * share,
        }
        for row in _rows(_by_month(costs))
        for kind, share in kinds.items()
    ]  # fmt: skip


def _drivers(costs: pd.DataFrame) -> list[dict[str, Any]]:
    names = ["cost_center", "source", "feature", "media_type", "price_item"]
    sums = _by_month(costs, *names)
    found = []
    for month in sorted(sums["billing_month"].unique())[1:]:
        before = f"{pd.Period(month) - 1}"
        both = sums[sums["billing_month"] == month].merge(
            sums[sums["billing_month"] == before], "outer", names, suffixes=("", "_before")
        )
        for row in _rows(both.fillna(0.0)):
            more = row["usd"] - row["usd_before"]
            found.append(
                {
                    **{name: row[name] for name in names}, "billing_month": month,
                    "previous_usd": row["usd_before"], "change_usd": more, "volume_usd": more * 1.1,
                    "price_usd": -more * 0.1,
                }
            )  # fmt: skip
    return found


def _forecast(costs: pd.DataFrame) -> list[dict[str, Any]]:
    sums = _by_month(costs[pd.to_datetime(costs["usage_date"]).dt.strftime("%Y-%m") == MONTH], "cost_center")
    each = [(row["cost_center"], row["usd"]) for row in _rows(sums)]
    return [
        {
            "billing_month": MONTH, "cost_center": team, "as_of": datetime(2026, 11, 26),
            "forecast_usd": usd * 1.17, "low_usd": usd * 1.13, "high_usd": usd * 1.21, "learned_days": 56,
        }
        for team, usd in [(None, sum(usd for _, usd in each)), *each]
    ]  # fmt: skip
