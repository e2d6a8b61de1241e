from __future__ import annotations

from typing import Any

import pytest

import media_lake.airflow_metrics
from include.core.metrics import Metric, NoMetrics
from media_lake import task_context
from media_lake.links import cost_page_link
from media_lake.links.cost_page_link import CostPageLink
from media_lake.tasks import report
from media_lake.tasks.report import ReportCostsOperator

REPORT = {"uri": "s3://media-lake/reports/costs.html", "url": "http://127.0.0.1/costs.html", "rows": 3}
FIGURES = {"usd": 1.5, "saved_usd": 0.5}


class Gauges(NoMetrics):
    def __init__(self) -> None:
        self.shown: list[tuple[str, float, dict[str, str]]] = []

    def gauge(self, metric: Metric, value: float, **tags: str) -> None:
        self.shown.append((metric, value, tags))


def test_the_report_is_of_the_runs_day_and_its_figures_are_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(task_context, "task_workspace", lambda: "the run's workspace")
    reported = REPORT | FIGURES
    monkeypatch.setattr(report, "report_day", lambda *arguments: asked.append(arguments) or reported)
    gauges = Gauges()
    monkeypatch.setattr(media_lake.airflow_metrics, "task_metrics", lambda: gauges)
    assert ReportCostsOperator(task_id="report").execute({}) == reported
    assert gauges.shown == [("usd", 1.5, {"kind": "paid"}), ("usd", 0.5, {"kind": "saved"})]
    assert asked == [("the run's workspace",)]


@pytest.mark.parametrize(("drawn", "address"), [(REPORT, REPORT["url"]), (None, "")])
def test_the_link_opens_the_page_that_the_task_drew(
    monkeypatch: pytest.MonkeyPatch, drawn: Any, address: str
) -> None:
    """Before the task has run there is no page, and the link is empty."""
    asked: list[dict[str, Any]] = []

    class XCom:
        @staticmethod
        def get_value(**which: Any) -> Any:
            asked.append(which)
            return drawn

    monkeypatch.setattr(cost_page_link, "XCom", XCom)
    operator = ReportCostsOperator(task_id="report")
    (link,) = operator.operator_extra_links
    assert isinstance(link, CostPageLink)
    assert link.get_link(operator, ti_key="ti") == address
    assert asked == [{"ti_key": "ti", "key": "return_value"}]
