from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

import media_lake.airflow_metrics
from include.core.errors import TerminalError
from include.core.metrics import Metric, NoMetrics
from include.core.run import Run
from include.core.settings import Settings
from include.store.waiting_reports import ask_for_report, days_asked_for
from include.store.workspace import Workspace
from media_lake import task_context
from media_lake.cost_tables import CheckError
from media_lake.links.cost_page_link import CostPageLink
from media_lake.tasks import report
from media_lake.tasks.report import ReportCostsOperator, report_waiting_days

REPORT = {"uri": "s3://media-lake/reports/costs.html", "rows": 3}
FIGURES = {"usd": 1.5, "saved_usd": 0.5}


class Gauges(NoMetrics):
    def __init__(self) -> None:
        self.shown: list[tuple[str, float, dict[str, str]]] = []

    def gauge(self, metric: Metric, value: float, **tags: str) -> None:
        self.shown.append((metric, value, tags))


OWN, OTHER = "2026-11-20", "2026-11-19"
PAGE = "s3://media-lake/reports/costs.html"


class Desk:
    """Reports days as told and remembers in which order, and when budgets were read and the page drawn."""

    def __init__(self, s3: Any, monkeypatch: pytest.MonkeyPatch, published: bool = True) -> None:
        run = Run("media-lake", "report_costs", "r", OWN)
        aws: Any = SimpleNamespace(session=lambda: "session", client=lambda *_, **__: s3)
        self.lake = Workspace(run, Settings(), aws)
        self.done: list[str] = []
        self.errors: dict[str, Exception] = {}
        monkeypatch.setattr(report, "report_days", self._report)
        monkeypatch.setattr("include.report.day_costs.draw_page", self._draw)
        monkeypatch.setattr(report, "publish_budgets", lambda lake: self.done.append("budgets"))
        monkeypatch.setattr("include.publish.publisher.is_published", lambda *_: published)

    def ask(self, *days: str) -> None:
        for day in days:
            ask_for_report(self.lake.s3, Run("media-lake", "enrich_images", "i", day))

    def waiting(self) -> list[str]:
        return list(days_asked_for(self.lake.s3, "media-lake"))

    def report(self, always: bool = False) -> Any:
        return report_waiting_days(self.lake, always)

    def _report(self, lake: Workspace, days: list[str]) -> Any:
        errors = {day: self.errors[day] for day in days if day in self.errors}
        for error in errors.values():
            if not isinstance(error, TerminalError):
                raise error
        reported = [day for day in days if day not in errors]
        self.done += reported
        return dict.fromkeys(reported, FIGURES), errors

    def _draw(self, *_: Any) -> dict[str, Any]:
        self.done.append("page")
        return {"uri": PAGE, "bytes": 1}


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="media-lake")
        yield client


@pytest.fixture
def desk(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(s3, monkeypatch)


def test_one_run_reports_all_days_that_wait_oldest_first_and_draws_the_page_once(desk: Desk) -> None:
    desk.ask(OWN, "2026-11-21", OTHER, OTHER)
    figures, page = desk.report()
    assert desk.done == [OTHER, OWN, "2026-11-21", "budgets", "page"]
    assert (list(figures), page["uri"], desk.waiting()) == ([OTHER, OWN, "2026-11-21"], PAGE, [])


def test_a_run_whose_day_was_reported_does_nothing(desk: Desk) -> None:
    desk.ask(OTHER)
    assert desk.report() == ({}, {"uri": PAGE})
    assert (desk.done, desk.waiting()) == ([], [OTHER])


def test_a_day_that_is_asked_for_again_is_reported_again(desk: Desk) -> None:
    for _ in range(2):
        desk.ask(OWN)
        desk.report()
    assert desk.done == [OWN, "budgets", "page"] * 2


def test_whoever_asks_by_hand_gets_a_report(desk: Desk) -> None:
    assert list(desk.report(always=True)[0]) == [OWN]


def test_a_day_without_a_report_gets_one_whatever_waits(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its marker may never have been written, by an older version or by an error."""
    assert list(Desk(s3, monkeypatch, published=False).report()[0]) == [OWN]


def test_a_crash_leaves_every_day_waiting(desk: Desk) -> None:
    desk.ask(OWN, OTHER)
    desk.errors[OWN] = RuntimeError("the machine is gone")
    with pytest.raises(RuntimeError):
        desk.report()
    assert desk.waiting() == [OTHER, OWN]
    desk.errors.clear()
    desk.report()
    assert desk.waiting() == []


def test_a_day_that_cannot_be_reported_fails_its_own_run_only(desk: Desk) -> None:
    desk.ask(OWN, OTHER)
    desk.errors[OTHER] = CheckError("no price")
    assert list(desk.report()[0]) == [OWN]
    assert desk.waiting() == [OTHER]
    desk.ask(OWN)
    desk.errors = {OWN: CheckError("no price")}
    with pytest.raises(CheckError):
        desk.report()
    assert desk.waiting() == [OWN]


def test_what_one_run_reports_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MOST_DAYS", 1)
    desk.ask("2026-01-01", "2026-01-02", OWN)
    desk.report()
    assert desk.done == ["2026-01-01", OWN, "budgets", "page"]


@pytest.mark.parametrize(
    ("run_type", "attempt", "always"),
    [("asset_triggered", 1, False), ("asset_triggered", 2, True), ("manual", 1, True)],
)
def test_the_report_is_of_the_runs_day_and_its_figures_are_returned(
    monkeypatch: pytest.MonkeyPatch, run_type: str, attempt: int, always: bool
) -> None:
    asked: list[Any] = []
    lake = SimpleNamespace(run=SimpleNamespace(partition=OWN))
    monkeypatch.setattr(task_context, "task_workspace", lambda: lake)
    figures = {OTHER: {"usd": 9.0, "saved_usd": 0.0}, OWN: FIGURES}
    monkeypatch.setattr(
        report, "report_waiting_days", lambda lake, always: asked.append(always) or (figures, REPORT)
    )
    gauges = Gauges()
    monkeypatch.setattr(media_lake.airflow_metrics, "task_metrics", lambda: gauges)
    left: list[Any] = []
    monkeypatch.setattr(report, "leave_figures", lambda asset, figures: left.append((asset.name, figures)))
    context: Any = {
        "dag_run": SimpleNamespace(run_type=run_type),
        "ti": SimpleNamespace(try_number=attempt),
    }
    returned = ReportCostsOperator(task_id="report").execute(context)
    assert returned == {**REPORT, **FIGURES, "days": 2}
    assert gauges.shown[-2:] == [("usd", 1.5, {"kind": "paid"}), ("usd", 0.5, {"kind": "saved"})]
    assert asked == [always]
    assert left == [("cost_report", {"days": 2, **FIGURES})]


def test_nothing_that_xcom_keeps_opens_the_page_without_signing_in(desk: Desk) -> None:
    operator = ReportCostsOperator(task_id="report")
    (link,) = operator.operator_extra_links
    assert isinstance(link, CostPageLink)
    kept = [link.get_link(operator, ti_key="ti"), *desk.report(always=True)[1].values()]
    assert [value for value in kept if "X-Amz" in str(value) or "Signature" in str(value)] == []
    assert kept[0].endswith("/media-lake/costs")
