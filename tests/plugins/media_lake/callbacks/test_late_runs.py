from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

import media_lake.callbacks.alert_sender
from include.operate.alerts import Alert
from media_lake.callbacks.late_runs import deadline, report_late_run

RUN: dict[str, Any] = {
    "dag_id": "enrich_videos",
    "dag_run_id": "r1",
    "partition_key": "2026-11-20",
    "queued_at": "2026-11-21T00:00:05Z",
    "run_after": "2026-11-21T00:00:00Z",
    "state": "running",
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Alert, str, str]]:
    alerts: list[tuple[Alert, str, str]] = []
    monkeypatch.setattr(
        media_lake.callbacks.alert_sender, "send", lambda *arguments: alerts.append(arguments)
    )
    states = {"r1": {"plan": "success", "analyze.wait_for_jobs_0": "deferred", "normalize": None}}
    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(lambda dag_id, run_ids: states))
    return alerts


def test_a_deadline_counts_from_when_the_run_is_queued() -> None:
    alert = deadline("enrich_videos")
    assert alert.interval == timedelta(hours=24)
    assert alert.reference.reference_name == "DagRunQueuedAtDeadline"
    assert isinstance(alert.callback, AsyncCallback)
    assert alert.callback.path == "media_lake.callbacks.late_runs.report_late_run"


async def test_a_late_run_is_one_message(sent: list[tuple[Alert, str, str]]) -> None:
    await report_late_run({"dag_run": RUN, "deadline": {}})
    ((alert, dag_id, kind),) = sent
    assert (alert.subject, dag_id, kind) == ("enrich_videos of 2026-11-20 is late", "enrich_videos", "late")
    assert alert.lines[:2] == (
        "Queued: 2026-11-21T00:00:05Z",
        "Unfinished tasks: analyze.wait_for_jobs deferred, normalize waiting",
    )


@pytest.mark.parametrize("state", ["failed", "success"])
async def test_a_run_that_ended_meanwhile_is_not_late(sent: list[tuple[Alert, str, str]], state: str) -> None:
    """Airflow 3.3.2 keeps the deadlines of runs that failed."""
    await report_late_run({"dag_run": RUN | {"state": state}})
    assert sent == []


async def test_a_callback_never_raises(
    sent: list[tuple[Alert, str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    await report_late_run({})
    assert sent == []
    assert "could not be reported" in caplog.text
