"""The task that reports costs."""

from __future__ import annotations

import logging
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


class CheckError(TerminalError, ValueError):
    """Priced usage broke its own schema; nothing was published. The text names the checks."""


class ReportCostsOperator(BaseOperator):
    """Price the day's usage, publish it, and draw the cost page."""

    operator_extra_links = (CostPageLink(),)

    def execute(self, context: Context) -> dict[str, Any]:
        from media_lake.airflow_metrics import task_metrics
        from media_lake.task_context import task_workspace

        lake = task_workspace()
        reported = report_day(lake)
        metrics = task_metrics()
        metrics.gauge(Metric.USD, reported["usd"], kind="paid")
        metrics.gauge(Metric.USD, reported["saved_usd"], kind="saved")
        leave_figures(cost_report, {name: reported[name] for name in ("rows", "usd", "saved_usd")})
        return reported


def report_day(lake: Workspace) -> dict[str, Any]:
    """Publish the priced usage of a day and the cost page.

    :return: ``{uri, url, bytes, rows, usd, saved_usd}``; the URL works for a week.
    :raises include.core.prices.PriceError: if something was used that the price book does not know.
    :raises CheckError: if the result breaks its schema.
    """
    from include.core.schemas import TABLES
    from include.publish.publisher import publish
    from include.report.day_costs import COST_TABLES, draw_page, price_day
    from include.store.tables import write_frame
    from include.validate.audit import check, in_words

    run = lake.run
    frames = price_day(lake.session, lake.s3, lake.settings, run)
    results = [row for name in COST_TABLES for row in check(TABLES[name], frames[name], run.run_id)]
    failed = [row for row in results if not row["success"]]
    if failed:
        raise CheckError(f"the costs of {run.partition} were not published:\n{in_words(failed)}")
    for name in COST_TABLES:
        if len(frames[name]):
            uri = f"{run.staged_uri(name, None)}{name}.parquet"
            write_frame(lake.s3, TABLES[name], frames[name], uri)
    publish(lake, COST_TABLES, None)
    costs = frames["costs_daily"]
    usd, saved_usd = float(costs["usd"].sum()), float(costs["saved_usd"].sum())
    log.info("%s: $%.4f paid, $%.4f saved by re-use", run.partition, usd, saved_usd)
    return {
        "rows": len(frames["usage"]),
        "usd": round(usd, 6),
        "saved_usd": round(saved_usd, 6),
        **draw_page(lake.session, lake.s3, lake.settings),
    }
