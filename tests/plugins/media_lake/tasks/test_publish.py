"""The task that publishes, over a stage that refuses."""

from __future__ import annotations

from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from include.publish.pointers import StaleRunError
from media_lake.tasks.publish import publish


def test_a_run_whose_data_is_older_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media_lake.task_context.task_workspace", mock.MagicMock())
    monkeypatch.setattr("include.store.audited_tables.read_audit", mock.MagicMock())
    stale = mock.MagicMock(side_effect=StaleRunError("readers have newer data"))
    monkeypatch.setattr("include.publish.publisher.publish", stale)
    with pytest.raises(AirflowSkipException, match="readers have newer data"):
        publish.function("image")
