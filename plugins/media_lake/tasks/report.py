"""The task that reports costs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context

from include.core.errors import TerminalError
from include.core.metrics import Metric
from media_lake.assets import cost_report
from media_lake.links.cost_page_link import CostPageLink
from media_lake.run_figures import leave_figures

if TYPE_CHECKING:
    from include.store.workspace import Workspace

log = logging.getLogger(__name__)

# Days that one run reports; what is more waits for the next, so that a run ends within minutes.
MOST_DAYS = 100


class CheckError(TerminalError, ValueError):
    """Priced usage broke its own schema; nothing was published. The text names the checks."""


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
    """Report the run's day and the others that wait, oldest first, and draw the cost page.

    :param always: report the run's day although it was reported since it was published.
    :return: the figures of each day that was reported, and where the page is.
    :raises include.core.errors.TerminalError: if the run's own day cannot be reported. Other days that cannot
        be wait for their own run.
    """
    from include.publish.publisher import is_published
    from include.report.day_costs import COST_TABLES, draw_page, page_address
    from include.store.waiting_reports import days_asked_for, note_reported

    own = lake.run.partition
    waiting = days_asked_for(lake.s3, lake.settings.bucket)
    if not (always or own in waiting) and is_published(lake, COST_TABLES[-1], None):
        log.info("another run has reported %s since it was published", own)
        return {}, page_address(lake.s3, lake.settings)
    figures: dict[str, dict[str, Any]] = {}
    own_error: TerminalError | None = None
    for day in sorted({own, *list(waiting)[:MOST_DAYS]}):
        try:
            figures[day] = report_day(lake.on(day))
        except TerminalError as error:
            log.error("%s is not reported: %s", day, error)
            own_error = error if day == own else own_error
    page = draw_page(lake.session, lake.s3, lake.settings)
    note_reported(lake.s3, [marker for day in figures for marker in waiting.get(day, ())])
    if own_error:
        raise own_error
    return figures, page


def report_day(lake: Workspace) -> dict[str, Any]:
    """Publish the priced usage of a day.

    :return: ``{rows, usd, saved_usd}``.
    :raises include.core.prices.PriceError: if something was used that the price book does not know.
    :raises CheckError: if the result breaks its schema.
    """
    from include.core.schemas import TABLES
    from include.publish.pointers import StaleRunError
    from include.publish.publisher import publish
    from include.report.day_costs import COST_TABLES, price_day
    from include.store.audited_tables import AuditedTable, AuditedTables, staged_objects
    from include.store.objects import delete_prefix
    from include.store.parquet import arrow_frame
    from include.store.tables import write_frame
    from include.validate.audit import in_words
    from include.validate.column_rules import check

    run, begun = lake.run, datetime.now(UTC)
    frames = price_day(lake.session, lake.s3, lake.settings, run)
    results = [
        result
        for name in COST_TABLES
        for result in check(TABLES[name], arrow_frame(TABLES[name], frames[name]))
    ]
    failed = [result.to_row(run.run_id, lake.lake.validation_severity) for result in results if result.broken]
    if failed:
        raise CheckError(f"the costs of {run.partition} were not published:\n{in_words(failed)}")
    tables = {}
    for name in COST_TABLES:
        delete_prefix(lake.s3, run.staged_uri(name, None))
        if len(frames[name]):
            uri = f"{run.staged_uri(name, None)}{name}.parquet"
            write_frame(lake.s3, TABLES[name], frames[name], uri)
        objects = staged_objects(lake.s3, run, name, None)
        tables[name] = AuditedTable(rows=len(frames[name]), objects=objects)
    audited = AuditedTables(planned_at=begun, audited_at=datetime.now(UTC), tables=tables)
    try:
        publish(lake, audited, None)
    except StaleRunError as error:
        log.info("a report that read the usage log later is published already: %s", error)
    costs = frames["costs_daily"]
    usd, saved_usd = float(costs["usd"].sum()), float(costs["saved_usd"].sum())
    log.info("%s: $%.4f paid, $%.4f saved by re-use", run.partition, usd, saved_usd)
    return {"rows": len(frames["usage"]), "usd": round(usd, 6), "saved_usd": round(saved_usd, 6)}
