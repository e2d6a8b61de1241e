"""What tasks hand to the stages, where no other test would see it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from include.core.selection import Selection
from media_lake.tasks import plan as tasks

SUMMARY = {"calls": 1, "reused": 0, "rejected": 0, "usd": {"likely": 0.001}}


@pytest.mark.parametrize("selections", [None, [Selection.of(["text"], ["ThrottlingException"])]])
def test_the_plan_of_a_redrive_is_limited_to_what_was_selected(
    monkeypatch: pytest.MonkeyPatch, selections: Any
) -> None:
    taken: list[Any] = []

    def plan(*arguments: Any) -> Any:
        taken.extend(arguments)
        return [], SUMMARY

    context = SimpleNamespace(settings=SimpleNamespace(region="us-east-1"))
    for name in ("s3", "ledger", "lake", "run", "session"):
        setattr(context, name, name)
    airflow = {"ti": SimpleNamespace(xcom_push=lambda **_: None), "dag_run": SimpleNamespace(dag_id="d")}
    monkeypatch.setattr("media_lake.task_context.task_workspace", lambda: context)
    monkeypatch.setattr("include.store.month_to_date.this_month", lambda *_: {})
    monkeypatch.setattr("include.plan.planner.plan", plan)
    monkeypatch.setattr(tasks, "requested_selections", lambda media_type: selections)
    for module in ("media_lake.tasks.plan", "media_lake.airflow_metrics"):
        monkeypatch.setattr(f"{module}.get_current_context", lambda: airflow)
    assert tasks.plan.function("image") == []
    assert taken[-1] == selections
