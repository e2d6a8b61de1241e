"""Analyses that budgets stopped: the days on which some may go on, because there is money again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.core.budgets import month_at
from include.core.features import MEDIA_TYPES, MediaType
from include.store.athena_queries import read_query
from include.store.workspace import Deployment

# A run of a day reads its manifest and asks the ledger: below this share of a budget it is not worth it.
LEAST_SHARE = 0.01


def days_to_resume(deployment: Deployment, now: float) -> Mapping[MediaType, list[str]]:
    """Return the days, by media type, that have stopped analyses of cost centers with money.

    :param now: seconds since the epoch.
    """
    found = read_query(deployment.session, deployment.settings, "reports/stopped_by_budgets")
    rows: list[Any] = found.to_dict("records")
    cost_centers = {row["cost_center"] for row in rows}
    has_money = {name: _has_money(deployment, name, month_at(now)) for name in cost_centers}
    days: dict[MediaType, set[str]] = {media_type: set() for media_type in MEDIA_TYPES}
    for row in rows:
        if has_money[row["cost_center"]]:
            days[row["media_type"]].add(row["dt"])
    return {media_type: sorted(each) for media_type, each in days.items()}


def _has_money(deployment: Deployment, cost_center: str, month: str) -> bool:
    budget = deployment.lake.budgets.get(cost_center)
    if budget is None or budget.kind == "soft":
        return True
    spent, limit = deployment.ledger.committed(cost_center, month), budget.limit_micros(month)
    return limit > spent and limit - spent >= LEAST_SHARE * limit
