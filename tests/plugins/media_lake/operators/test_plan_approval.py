"""Task ``approve`` of a run whose plan waits: one run asks for all, and each gets its part of the answer."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.exceptions import HITLTriggerEventError
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import (
    AirflowFailException,
    DownstreamTasksSkipped,
    ParamValidationError,
    TaskDeferred,
)

from include.plan.approvals import Approvals, PlannedRun
from include.plan.plan_approval import CutPlan
from media_lake.operators import approval
from media_lake.operators.approval import AMOUNT, PlanApproval, approve_plan
from tests.include.plan.planning import a_lake

NOON = 1_700_000_000 // 86_400 * 86_400 + 43_200
TEAMS = [{"source": name, "cost_center": "team", "images": 5} for name in ("s", "other")]
MODELS = [{"arn": "arn:needed", "teams": TEAMS}, {"arn": "arn:not-any-more", "teams": TEAMS}]
LEFT = [{"arn": "arn:needed", "teams": [TEAMS[0] | {"images": 3}]}]
SUMMARY = {"approval_needed": True, "models": MODELS}


class Memory:
    """A record that only this process has."""

    def __init__(self) -> None:
        self.record: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        return self.record

    def change(self, change: Any) -> dict[str, Any]:
        self.record = change(self.record)
        return self.record


class Instance:
    """The task instance of a run, with what the run's tasks have left."""

    map_index = -1

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def xcom_pull(self, task_ids: str, key: str) -> Any:
        assert (task_ids, key) == ("plan", "summary")
        return SUMMARY

    def xcom_push(self, key: str, value: Any) -> None:
        self.kept[key] = value


class Runs:
    """Two runs that each plan to pay $30 above a limit of nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        record: Any = Memory()
        self.now = NOON
        self.approvals = Approvals(record, 60, clock=lambda: self.now)
        self.asked: list[str] = []
        self.instance = Instance()
        self.left = CutPlan(calls=3, cut=2, models=defaultdict(Counter, {"arn:needed": Counter(s=3)}))
        for name in ("first", "second"):
            plan = PlannedRun(name, f"2026-11-20, {name}", {"sample": 30.0}, {"sample": 20.0})
            assert self.approvals.plan(plan, {"sample": 0.0})
        monkeypatch.setattr(ApprovalOperator, "execute", lambda task, _: self.asked.append(task.body))
        monkeypatch.setattr("include.plan.plan_approval.cut_plan", lambda *_: self.left)
        self._patch = monkeypatch.setattr

    def task(self, run: str) -> PlanApproval:
        """Return task ``approve`` of a run, rendered."""
        workspace = SimpleNamespace(
            run=SimpleNamespace(token=run), lake=a_lake(), settings=SimpleNamespace(region="us-east-1")
        )
        self._patch(approval, "task_approvals", lambda: (self.approvals, workspace))
        self._patch("media_lake.task_context.task_workspace", lambda: workspace)
        self._patch(
            "media_lake.triggers.approval_trigger.ApprovalTrigger.of", lambda _: SimpleNamespace(name="waits")
        )
        with DAG("d", schedule=None):
            task = approve_plan("image")
            task >> [BaseOperator(task_id="reserve"), BaseOperator(task_id="validate")]
        context = {"ti": self.instance, "dag_run": SimpleNamespace(partition_key="2026-11-20")}
        task.render_template_fields(context)
        return task

    def context(self) -> Any:
        return {"ti": self.instance}

    def ask(self) -> PlanApproval:
        self.now += 60
        task = self.task("first")
        task.execute(self.context())
        return task

    def answer(self, option: str, **form: Any) -> dict[str, Any]:
        return {
            "chosen_options": [option],
            "params_input": form,
            "responded_at": datetime(2026, 11, 21, tzinfo=UTC),
            "responded_by_user": {"id": "7", "name": "ada"},
        }


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(monkeypatch)


def test_the_form_takes_an_amount_and_an_answer_is_waited_for_seven_days(runs: Runs) -> None:
    task = runs.task("first")
    assert (task.needed, task.teardown_needed) == ("True", "True")
    assert list(task.serialized_params) == [AMOUNT]
    assert (
        task.serialized_params[AMOUNT]["schema"] | {"type": ["number", "null"], "minimum": 0}
        == (task.serialized_params[AMOUNT]["schema"])
    )
    assert task.response_timeout == timedelta(days=7)


def test_how_long_is_a_setting(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_LAKE_DEADLINE_HOURS_ANSWER", "0.5")
    assert runs.task("first").response_timeout == timedelta(minutes=30)


def test_a_run_waits_until_all_plans_are_there_and_then_asks_for_all(runs: Runs) -> None:
    with pytest.raises(TaskDeferred) as waits:
        runs.task("first").execute(runs.context())
    assert waits.value.method_name == "look_again"
    runs.now += 60
    runs.task("first").look_again(runs.context(), {"at": 0})
    (body,) = runs.asked
    assert "2 plans wait for this answer. They may cost up to **$60.00** together, likely $40.00" in body


def test_the_others_wait_for_its_answer_and_ask_nobody(runs: Runs) -> None:
    task = runs.ask()
    with pytest.raises(TaskDeferred):
        runs.task("second").execute(runs.context())
    assert len(runs.asked) == 1
    task.execute_complete(runs.context(), runs.answer("Approve", amount=None))
    assert runs.task("second").look_again(runs.context(), {"at": 0}) is None
    assert "cut" not in runs.instance.kept


def test_a_run_that_gets_less_pays_for_a_part_and_starts_the_models_of_that(runs: Runs) -> None:
    task = runs.ask()
    task.execute_complete(runs.context(), runs.answer("Approve", amount=40))
    assert runs.instance.kept == {}
    runs.task("second").look_again(runs.context())
    assert runs.instance.kept == {"cut": {"calls": 3, "cut": 2, "models": LEFT}}


def test_a_run_that_gets_nothing_skips_what_follows(runs: Runs) -> None:
    task = runs.ask()
    runs.left = CutPlan(cut=5)
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        task.execute_complete(runs.context(), runs.answer("Reject"))
    assert sorted(skipped.value.tasks) == ["reserve", "validate"]
    with pytest.raises(DownstreamTasksSkipped):
        runs.task("second").look_again(runs.context())


def test_what_the_limit_allows_is_paid_although_the_rest_was_rejected(runs: Runs) -> None:
    task = runs.ask()
    task.execute_complete(runs.context(), runs.answer("Reject"))
    assert runs.instance.kept["cut"]["calls"] == 3


def test_if_nobody_answers_all_fail_for_good_and_may_ask_again(runs: Runs) -> None:
    task = runs.ask()
    event = {"error": "The response timeout has passed without a response.", "error_type": "timeout"}
    with pytest.raises(AirflowFailException, match="Nobody answered within 7 days, 0:00:00. Clear the task"):
        task.execute_complete(runs.context(), event)
    with pytest.raises(AirflowFailException, match="Nobody answered"):
        runs.task("second").look_again(runs.context())
    with pytest.raises(TaskDeferred):
        runs.task("first").execute(runs.context())
    runs.now += 60
    runs.task("first").look_again(runs.context())
    assert len(runs.asked) == 2


@pytest.mark.parametrize(
    ("option", "form"), [("Perhaps", {}), ("Approve", {"amount": -1}), ("Approve", {"amount": "all"})]
)
def test_what_is_no_answer_changes_nothing(runs: Runs, option: str, form: dict[str, Any]) -> None:
    task = runs.ask()
    with pytest.raises((ValueError, ParamValidationError)):
        task.execute_complete(runs.context(), runs.answer(option, **form))
    assert runs.approvals.turn("second") == "wait"


def test_other_errors_are_retried(runs: Runs) -> None:
    task = runs.ask()
    with pytest.raises(HITLTriggerEventError):
        task.execute_complete(runs.context(), {"error": "no such request", "error_type": "unknown"})
    assert runs.approvals.turn("second") == "wait"


@pytest.mark.parametrize("option", ["Approve", "Reject"])
def test_a_run_of_which_nothing_is_known_never_pays(runs: Runs, option: str) -> None:
    """An earlier version asked, or the answer came long after the time for it."""
    with pytest.raises(AirflowFailException, match="Clear `plan` to be asked again"):
        runs.task("third").execute(runs.context())
    with pytest.raises(AirflowFailException, match="Clear `plan` to be asked again"):
        runs.task("third").execute_complete(runs.context(), runs.answer(option))


def test_a_plan_within_its_limit_asks_nobody(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SUMMARY, "approval_needed", False)
    assert runs.task("first").execute(runs.context()) is None
    assert runs.asked == []
