from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import XCom
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.sdk.log import mask_secret

import media_lake.callbacks.alert_sender
from include.operate.alerts import Alert
from media_lake.callbacks.failed_runs import record_failure, report_failed_run

LEFT = {
    ("failure", "analyze"): [{"code": "AccessDeniedException", "message": "no DetectText"}] * 2,
    ("return_value", "analyze"): [{"calls": 3, "errors": {"InvalidImageFormatException": 1}}],
    ("return_value", "analyze.collect_responses"): None,
}


class TaskInstance:
    def __init__(self, refuses: bool = False) -> None:
        self.pushed: list[tuple[str, Any]] = []
        self._refuses = refuses

    def xcom_push(self, key: str, value: Any) -> None:
        if self._refuses:
            raise RuntimeError("unhandled request")
        self.pushed.append((key, value))


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer as Airflow would about one run."""
    states = {
        "r 1": {"plan": "success", "analyze_0": "failed", "analyze_1": "failed", "publish": "upstream_failed"}
    }
    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(lambda dag_id, run_ids: states))
    monkeypatch.setattr(XCom, "get_all", lambda key, dag_id, task_id, run_id: LEFT[key, task_id])


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Alert]:
    alerts: list[Alert] = []
    monkeypatch.setattr(
        media_lake.callbacks.alert_sender, "send", lambda alert, dag_id, kind: alerts.append(alert)
    )
    return alerts


def run_context(**more: Any) -> Any:
    return {"dag": SimpleNamespace(dag_id="enrich_images"), "run_id": "r 1", "reason": "task_failure", **more}


def test_a_failed_run_is_one_message_with_its_causes(airflow: None, sent: list[Alert]) -> None:
    report_failed_run(run_context(dag_run=SimpleNamespace(partition_key="2026-11-20")))
    (alert,) = sent
    assert alert.subject == "enrich_images of 2026-11-20 failed"
    assert alert.lines[:3] == (
        "Failed tasks: analyze (2 of 2)",
        "Causes: AccessDeniedException (2, for example: no DetectText)",
        "Failed analyses: InvalidImageFormatException (1)",
    )
    assert alert.lines[3].endswith("/dags/enrich_images/runs/r%201")


def test_a_run_of_which_airflow_tells_nothing_is_reported_all_the_same(
    monkeypatch: pytest.MonkeyPatch, sent: list[Alert]
) -> None:
    """As when the run timed out: there is no task instance in the context."""

    def refuse(**which: Any) -> Any:
        raise RuntimeError("unhandled request")

    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(refuse))
    monkeypatch.setattr(XCom, "get_all", refuse)
    report_failed_run(run_context())
    (alert,) = sent
    assert alert.subject == "enrich_images (r 1) failed"
    assert alert.lines[0] == "No task failed; Airflow says: task_failure"


def test_a_callback_never_raises(caplog: pytest.LogCaptureFixture, sent: list[Alert]) -> None:
    report_failed_run({})
    assert sent == []
    assert "could not be reported" in caplog.text


def test_a_task_leaves_its_cause_without_secrets() -> None:
    mask_secret("tops3cret-value")
    instance = TaskInstance()
    record_failure({"ti": instance, "exception": ValueError("signed with tops3cret-value")})
    assert instance.pushed == [("failure", {"code": "ValueError", "message": "signed with ***"})]


@pytest.mark.parametrize("exception", [None, "killed"])
def test_a_task_without_an_exception_leaves_nothing(exception: Any) -> None:
    instance = TaskInstance()
    record_failure({"ti": instance, "exception": exception})
    assert instance.pushed == []


def test_a_cause_that_cannot_be_left_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        record_failure({"ti": TaskInstance(refuses=True), "exception": ValueError("x")})
    assert "not recorded: unhandled request" in caplog.text
