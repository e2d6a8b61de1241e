"""The task that publishes, over a stage that refuses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from include.publish.pointers import StaleRunError
from media_lake.tasks.publish import publish


def reviewed(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    """Give the task what task ``review`` returned."""
    instance = SimpleNamespace(xcom_pull=lambda task_ids: {"review": answer}[task_ids])
    monkeypatch.setattr("media_lake.tasks.publish.get_current_context", lambda: {"ti": instance})


def test_a_run_whose_data_is_older_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media_lake.task_context.task_workspace", mock.MagicMock())
    monkeypatch.setattr("include.store.audited_tables.read_audit", mock.MagicMock())
    stale = mock.MagicMock(side_effect=StaleRunError("readers have newer data"))
    monkeypatch.setattr("include.publish.publisher.publish", stale)
    reviewed(monkeypatch, None)
    with pytest.raises(AirflowSkipException, match="readers have newer data"):
        publish.function("image")


@pytest.mark.parametrize(
    ("answer", "decided_by"),
    [
        (None, None),
        ({"responded_by_user": {"id": "7", "name": "ada"}}, "ada"),
        ({"responded_by_user": None}, "somebody in Airflow"),
    ],
)
def test_the_version_says_who_approved_it(
    monkeypatch: pytest.MonkeyPatch, answer: Any, decided_by: str | None
) -> None:
    published = mock.MagicMock(return_value={"labels": "s3://b/curated/labels/"})
    monkeypatch.setattr("media_lake.task_context.task_workspace", mock.MagicMock())
    monkeypatch.setattr("include.store.audited_tables.read_audit", mock.MagicMock())
    monkeypatch.setattr("include.publish.publisher.publish", published)
    monkeypatch.setattr("include.store.waiting_reports.ask_for_report", mock.MagicMock())
    for name in ("findings_figures", "leave_figures", "task_metrics"):
        monkeypatch.setattr(f"media_lake.tasks.publish.{name}", mock.MagicMock())
    reviewed(monkeypatch, answer)
    publish.function("image")
    assert published.call_args.kwargs["decided_by"] == decided_by
