"""The task that reports costs, with a link to the page it draws."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import XCom
from airflow.sdk import BaseOperator, BaseOperatorLink, Context

from include.metrics import Metric


class CostPageLink(BaseOperatorLink):
    """Opens the cost page that the task drew."""

    name = "Cost page"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the page's address, which works for a week."""
        report = XCom.get_value(ti_key=ti_key, key="return_value")
        return report["url"] if report else ""


class ReportCostsOperator(BaseOperator):
    """Price the day's usage, publish it, and draw the cost page."""

    operator_extra_links = (CostPageLink(),)

    def execute(self, context: Context) -> dict[str, Any]:
        from include.usage import report
        from media_lake.metrics import task_metrics
        from media_lake.task_context import TaskContext

        lake = TaskContext()
        reported = report(lake.session, lake.s3, lake.client("glue"), lake.settings, lake.run)
        metrics = task_metrics()
        metrics.gauge(Metric.USD, reported["usd"], kind="paid")
        metrics.gauge(Metric.USD, reported["saved_usd"], kind="saved")
        return reported
