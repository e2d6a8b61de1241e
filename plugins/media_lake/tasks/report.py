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
from media_lake.lineage.facts import tell
from media_lake.links.cost_page_link import CostPageLink
from media_lake.run_figures import leave_figures

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from include.store.objects import Row
    from include.store.workspace import Workspace

log = logging.getLogger(__name__)

# Days that one run reports; what is more waits for the next, so that a run ends within minutes.
MOST_DAYS = 100


class CheckError(TerminalError, ValueError):
    """Costs break rules that hold them back; readers keep what they have. The text says what to do."""


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
    :raises CheckError: if the result breaks rules that hold it back.
    """
    from include.core.schemas import TABLES
    from include.publish.pointers import StaleRunError
    from include.publish.published_rows import read_published
    from include.publish.publisher import publish
    from include.report.day_costs import COST_TABLES, price_day
    from include.store.audited_tables import AuditedTable, AuditedTables, staged_objects
    from include.store.objects import delete_prefix
    from include.store.tables import write_frame
    from include.validate.usage_rules import ANALYSIS_COLUMNS

    run, begun = lake.run, datetime.now(UTC)
    # Before the usage log, which has whatever these were paid with.
    analyses = read_published(lake, "analyses", ANALYSIS_COLUMNS)
    frames = price_day(lake.session, lake.s3, lake.settings, run)
    results = _check(lake, frames, analyses)
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
    tell({name: table.rows for name, table in tables.items()}, results)
    costs = frames["costs_daily"]
    usd, saved_usd = float(costs["usd"].sum()), float(costs["saved_usd"].sum())
    log.info("%s: $%.4f paid, $%.4f saved by re-use", run.partition, usd, saved_usd)
    return {"rows": len(frames["usage"]), "usd": round(usd, 6), "saved_usd": round(saved_usd, 6)}


def _check(lake: Workspace, frames: Mapping[str, pd.DataFrame], analyses: pa.Table) -> list[Row]:
    """Check the costs of a day, and publish what was found.

    :param frames: cost table to rows.
    :return: rows of ``validation_results``, but for when.
    :raises CheckError: if a rule is broken that holds them back.
    """
    from include.core.prices import load_price_book
    from include.core.schemas import TABLES
    from include.publish.check_results import publish_results
    from include.store.parquet import arrow_frame
    from include.validate.column_rules import check
    from include.validate.cost_rules import cost_results
    from include.validate.review_text import found_in_words
    from include.validate.usage_rules import usage_results

    run, book = lake.run, load_price_book(lake.settings.region)
    rows = {name: arrow_frame(TABLES[name], frame) for name, frame in frames.items()}
    results = [result for name in rows for result in check(TABLES[name], rows[name])]
    results += cost_results(rows["usage"], rows["costs_daily"], {book.version: book}, lake.lake)
    results += usage_results(rows["usage"], analyses, run.partition, lake.ledger.lookup)
    found = [result.to_row(run.run_id, lake.lake.validation_severity) for result in results]
    failures = [row for result in results for row in result.failures(run.run_id)]
    publish_results(lake, None, found, failures, datetime.now(UTC))
    broken = [row for row in found if not row["success"]]
    if held_back := [row for row in broken if row["severity"] == "fail"]:
        raise CheckError(
            f"the costs of {run.partition} are held back, readers keep what they have:\n"
            f"{found_in_words(held_back, failures)}\n"
            "validation_failures has the rows, under media_type = 'costs'. Mend the usage log or the price "
            "book, then clear this task; or set a rule to warn under validation_severity in lake.yaml"
        )
    if broken:
        log.warning("%s: published although\n%s", run.partition, found_in_words(broken, failures))
    return found
