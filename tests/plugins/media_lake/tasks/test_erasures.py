"""The tasks that erase: what the form becomes for the library, and what they return."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from airflow.sdk.execution_time.context import set_current_context

from media_lake.forms.erasure_form import ERASURE_PARAMS
from media_lake.tasks.erasures import erase


@pytest.mark.parametrize(
    ("form", "called", "returned"),
    [
        ({}, "find", {"ledger": 3}),
        ({"dry_run": False}, "erase", {"ledger": 3}),
        ({"dry_run": False, "allow_again": True}, "allow", {"allowed": 1}),
        ({"allow_again": True}, None, {"allowed": 0}),
    ],
    ids=["dry run", "erase", "allow", "dry run of allow"],
)
def test_nothing_changes_unless_the_form_says_so(
    monkeypatch: pytest.MonkeyPatch, form: dict[str, Any], called: str | None, returned: dict[str, int]
) -> None:
    plan = SimpleNamespace(counts=[("ledger", 2, 3)])
    answers = {"find": plan, "erase": [plan], "allow": 1}
    stages = {name: mock.Mock(return_value=answer) for name, answer in answers.items()}
    for name, stage in stages.items():
        monkeypatch.setattr(f"include.operate.erasure.{name}", stage)
    monkeypatch.setattr("media_lake.task_context.task_deployment", mock.Mock())
    params = {name: param.value for name, param in ERASURE_PARAMS.items()} | {"asset": "s3://b/k"} | form
    dag_run = SimpleNamespace(triggering_user_name="ann")
    context: Any = {"params": params, "dag_run": dag_run, "ti": SimpleNamespace()}
    with set_current_context(context):
        assert erase.function() == returned
    assert [name for name, stage in stages.items() if stage.called] == ([called] if called else [])
