"""The task that reports costs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context

from include.core.errors import TerminalError
from include.core.metrics import Metric
from media_lake.assets import cost_report
from media_lake.callbacks.alert_sender import send
from media_lake.links.cost_page_link import CostPageLink
from media_lake.run_figures import leave_figures

if TYPE_CHECKING:
    from include.report.budget_figures import BudgetFigures
    from include.store.workspace import Workspace

log = logging.getLogger(__name__)

# Days that one run reports; what is more waits for the next, so that a run ends within minutes.
MOST_DAYS = 100


class ReportCostsOperator(BaseOperator):
    """Price the usage of all days that wait for it, publish it, and draw the cost page once.

    A run does nothing if another has reported its day since the day was published. A run that was started by
    hand or cleared always reports its day.
    """

    operator_extra_links = (CostPageLink(),)

    def execute(self, context: Context) -> dict[str, Any]:
        from media_lake.airflow_metrics import task_metrics
        from media_lake.task_context import task_workspace

        by_events = context["dag_run"].run_type == "asset_triggered"
        lake, metrics = task_workspace(), task_metrics()
        figures, page = report_waiting_days(lake, always=not by_events or context["ti"].try_number > 1)
        for reported in figures.values():
            metrics.gauge(Metric.USD, reported["usd"], kind="paid")
            metrics.gauge(Metric.USD, reported["saved_usd"], kind="saved")
        own = figures.get(lake.run.partition, {})
        leave_figures(cost_report, {"days": len(figures), **own})
        return {**own, **page, "days": len(figures)}


def report_waiting_days(
    lake: Workspace, always: bool
) -> tuple[dict[str, dict[str, Any]], Mapping[str, str | int]]:
    """Report the run's day and the others that wait, oldest first, and draw the cost page once.

    :param always: report the run's day although it was reported since it was published.
    :return: the figures of each day that was reported, and where the page is.
    :raises include.core.errors.TerminalError: if the run's own day cannot be reported. Other days that cannot
        be wait for their own run.
    """
    from include.core.settings import COST_PAGE_KEY
    from include.publish.publisher import is_published
    from include.report.day_costs import COST_TABLES, draw_page
    from include.store.waiting_reports import days_asked_for, note_reported

    own = lake.run.partition
    waiting = days_asked_for(lake.s3, lake.settings.bucket)
    if not (always or own in waiting) and is_published(lake, COST_TABLES[-1], None):
        log.info("another run has reported %s since it was published", own)
        return {}, {"uri": lake.settings.uri(COST_PAGE_KEY)}
    figures, errors = report_days(lake, sorted({own, *list(waiting)[:MOST_DAYS]}))
    if figures:
        publish_budgets(lake)
    page = draw_page(lake.session, lake.s3, lake.settings)
    note_reported(lake.s3, [marker for day in figures for marker in waiting.get(day, ())])
    if own in errors:
        raise errors[own]
    return figures, page


def publish_budgets(lake: Workspace) -> int:
    """Add how the budgets stand to table ``budgets``, and tell people of those that reach 50, 80 or 100%.

    :return: the number of rows.
    """
    from include.publish.added_rows import publish_added
    from include.report import budget_figures as budgets

    now = datetime.now(UTC)
    found = budgets.budget_figures(lake, budgets.read_months(lake, now))
    if found:
        rows = [figures.to_row(now) for figures in found]
        publish_added(lake, budgets.TABLE, [f"{now:%Y-%m-%d}"], rows, lake.run.token)
    for figures in found:
        _warn(lake, figures)
    return len(found)


def _warn(lake: Workspace, figures: BudgetFigures) -> None:
    from include.core.budgets import MICROS
    from include.operate.alerts import budget_alert
    from include.report.budget_figures import warn_of

    if (percent := warn_of(lake, figures)) is not None:
        usd = figures.spent / MICROS, figures.limit / MICROS
        alert = budget_alert(figures.cost_center, figures.month, percent, *usd, figures.kind == "hard")
        send(alert, lake.run.dag_id, "budget")


def report_day(lake: Workspace) -> dict[str, Any]:
    """Report the run's day, and what changes by it in its months.

    :return: ``{rows, usd, saved_usd}``.
    :raises include.core.errors.TerminalError: if the day cannot be reported.
    """
    day = lake.run.partition
    figures, errors = report_days(lake, [day])
    if day in errors:
        raise errors[day]
    return figures[day]


def report_days(
    lake: Workspace, days: Sequence[str]
) -> tuple[dict[str, dict[str, Any]], dict[str, TerminalError]]:
    """Publish the priced usage of days, and of all other days whose prices change by it.

    :return: ``{rows, usd, saved_usd}`` of each day that was reported, and why others were not.
    """
    from include.core.prices import load_price_books
    from include.report.month_report import MonthReport
    from include.store.month_volumes import VOLUMES_PREFIX, MonthVolumes, S3Files
    from media_lake.cost_tables import CostTables

    books = load_price_books(lake.settings.region)
    store = MonthVolumes(S3Files(lake.s3), lake.ledger.shared, lake.settings.uri(VOLUMES_PREFIX))
    with TemporaryDirectory() as folder:
        tables = CostTables(lake, books, Path(folder))
        report = MonthReport(store, books, tables, tables.others_used)
        report.report({day: tables.read_log(day) for day in days})
    for day, used in report.reported.items():
        log.info("%s: $%.4f paid, $%.4f saved by re-use", day, used.usd, used.saved_usd)
    figures = {
        day: {"rows": used.rows, "usd": round(used.usd, 6), "saved_usd": round(used.saved_usd, 6)}
        for day, used in report.reported.items()
        if day not in report.errors
    }
    return figures, report.errors
