"""A condition on the day reaches the partitions that a view reads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlglot import exp

from local.aws.athena.dialect import parse_query
from local.aws.athena.pushdown import Conditions, conditions_on, push_down, push_into
from tests.lake_views import VIEWS, query_of
from tools.statement_headers import read_header

# These look beyond the day, at few columns: for newer versions of files, and for what a source asks for.
BEYOND_THE_DAY = {"asset_versions": ["media_assets"], "coverage": ["analyses", "media_assets"]}
ALL_DAYS = {
    "budget_status",
    "cost_anomalies",
    "cost_by_feature",
    "cost_by_source",
    "cost_by_team_day",
    "cost_by_team_month",
    "cost_drivers",
    "dashboard_readers",
    "duplicates_of_content",
    "focus_costs",
    "forecast_monthly",
    "label_share_weekly",
    "savings",
    "unit_costs",
}


def of_all_days(view: str, conditions: Conditions) -> Iterator[tuple[str, str]]:
    """Yield each table that is read without a condition on its day, and the view that reads it."""
    query = parse_query(query_of(view))
    push_into(query, conditions)
    push_down(query)
    for table in query.find_all(exp.Table):
        inherited = conditions_on(table)
        if table.name in VIEWS:
            yield from of_all_days(table.name, inherited)
        elif isinstance(table.this, exp.Identifier) and not any("dt = " in each.sql() for each in inherited):
            yield view, table.name


@pytest.mark.parametrize("view", sorted(set(VIEWS) - ALL_DAYS))
def test_a_view_reads_the_findings_of_the_day_asked_for(view: str) -> None:
    unlimited: dict[str, list[str]] = {}
    for reader, table in of_all_days(view, [exp.column("dt").eq("2026-11-20")]):
        unlimited.setdefault(reader, []).append(table)
    assert {reader: sorted(set(tables)) for reader, tables in unlimited.items()}.items() <= (
        BEYOND_THE_DAY.items()
    )


@pytest.mark.parametrize("view", sorted(ALL_DAYS))
def test_views_without_a_day_are_those_over_all_days(view: str) -> None:
    names = [name for names, _ in read_header(VIEWS[view]).columns for name in names]
    assert "dt" not in names
