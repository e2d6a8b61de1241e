"""The figures of the cost page, as the lake's tables and views have them."""

from __future__ import annotations

from dataclasses import dataclass, field

import boto3
import pandas as pd

from include.core.settings import Settings
from include.store.athena_queries import read_query, read_rows
from include.store.objects import Row


@dataclass(frozen=True)
class CostFigures:
    """What the page shows. Rows have their month as ``billing_month``, such as 2026-11.

    :ivar costs: rows of table ``costs_daily``, of any number of partitions and months.
    :ivar budgets: ``cost_center``, ``kind``, ``limit_usd``.
    :ivar bill: ``usage_type``, ``cause``, ``days``, ``lake_usd``, ``bill_usd``, ``unexplained_usd``.
    :ivar unit_costs: columns of the view ``unit_costs``.
    :ivar savings: ``kind``, ``is_saving``, ``analyses``, ``usd``.
    :ivar drivers: columns of the view ``cost_drivers``.
    :ivar forecast: columns of the view ``forecast_monthly``; without a cost center it is of all teams.
    :ivar anomalies: days of the view ``cost_anomalies`` that are odd.
    """

    costs: pd.DataFrame
    budgets: list[Row] = field(default_factory=list)
    bill: list[Row] = field(default_factory=list)
    unit_costs: list[Row] = field(default_factory=list)
    savings: list[Row] = field(default_factory=list)
    drivers: list[Row] = field(default_factory=list)
    forecast: list[Row] = field(default_factory=list)
    anomalies: list[Row] = field(default_factory=list)


def read_cost_figures(session: boto3.Session, settings: Settings) -> CostFigures:
    """Read the figures through Athena: the last 14 months with use."""
    names = ("budgets", "bill", "unit_costs", "savings", "drivers", "forecast", "anomalies")
    return CostFigures(
        costs=read_query(session, settings, "reports/costs"),
        **{name: read_rows(session, settings, f"reports/page_{name}") for name in names},
    )
