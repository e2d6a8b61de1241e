"""The task that goes back: what the form and Airflow's user become for the stage."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from airflow.sdk.execution_time.context import set_current_context

from media_lake.tasks.roll_back import roll_back


@pytest.mark.parametrize(
    ("user", "decided_by"), [("ann", "ann"), (None, "somebody in Airflow")], ids=["named", "unknown"]
)
def test_the_version_of_the_form_and_the_user_are_passed_on(
    monkeypatch: pytest.MonkeyPatch, user: str | None, decided_by: str
) -> None:
    moved = SimpleNamespace(media_type="image", version="v", run_id="r", locations={"labels": "s3://l/v/"})
    stage, workspace = mock.Mock(return_value=[moved]), mock.Mock()
    monkeypatch.setattr("include.publish.earlier_versions.roll_back", stage)
    monkeypatch.setattr("media_lake.task_context.task_workspace", workspace)
    context: Any = {
        "params": {"day": "2026-11-20", "version": "v", "as_of": None},
        "dag_run": SimpleNamespace(triggering_user_name=user),
        "ti": SimpleNamespace(),
    }
    with set_current_context(context):
        assert roll_back.function() == {"labels": "s3://l/v/"}
    workspace.assert_called_once_with("2026-11-20")
    stage.assert_called_once_with(workspace.return_value, decided_by, version="v", as_of=None)
