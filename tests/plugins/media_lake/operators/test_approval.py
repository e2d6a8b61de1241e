from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.exceptions import HITLTriggerEventError
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.utils.skipmixin import XCOM_SKIPMIXIN_KEY
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException, DownstreamTasksSkipped, ParamValidationError

from include.publish import publish_decisions
from media_lake import task_context
from media_lake.operators.approval import ConditionalApprovalOperator, review_checks


def an_approval(needed: str, **changes: Any) -> ConditionalApprovalOperator:
    return ConditionalApprovalOperator(task_id="approve", needed=needed, subject="Pay?", body="$5", **changes)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    subjects: list[str] = []
    monkeypatch.setattr(ApprovalOperator, "execute", lambda self, context: subjects.append(self.subject))
    return subjects


@pytest.mark.parametrize("needed", ["True", True])
def test_a_person_is_asked_if_there_is_something_to_decide(asked: list[str], needed: Any) -> None:
    an_approval(needed).execute({})
    assert asked == ["Pay?"]


@pytest.mark.parametrize("needed", ["False", False, "", "None"])
def test_nobody_is_asked_otherwise(asked: list[str], needed: Any) -> None:
    assert an_approval(needed).execute({}) is None
    assert asked == []


def test_what_the_plan_says_is_rendered() -> None:
    approval = an_approval("{{ summary['approval_needed'] }}")
    approval.subject, approval.body = "Pay for {{ day }}?", "{{ summary['text'] }}"
    approval.render_template_fields(
        {"day": "2026-11-20", "summary": {"approval_needed": True, "text": "up to $5"}}
    )
    assert (approval.needed, approval.subject, approval.body) == ("True", "Pay for 2026-11-20?", "up to $5")


def test_an_answer_is_waited_for_seven_days_unless_said_otherwise() -> None:
    assert an_approval("True").response_timeout == timedelta(days=7)
    assert an_approval("True", response_timeout=timedelta(hours=1)).response_timeout == timedelta(hours=1)


def test_a_rejection_skips_what_follows_and_fails_nothing() -> None:
    assert an_approval("True").fail_on_reject is False


def test_nobody_is_asked_again_by_a_retry() -> None:
    event = {"error": "The response timeout has passed without a response.", "error_type": "timeout"}
    with pytest.raises(AirflowFailException, match="Nobody answered within 7 days, 0:00:00. Clear the task"):
        an_approval("True").execute_complete({}, event)


def test_other_errors_are_retried() -> None:
    with pytest.raises(HITLTriggerEventError):
        an_approval("True").execute_complete({}, {"error": "no such request", "error_type": "unknown"})


class Skipping:
    """A task instance that remembers what it was told to skip."""

    map_index = -1

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.kept[key] = value


def an_approval_before_a_teardown(needed: str, teardown_needed: str) -> ConditionalApprovalOperator:
    with DAG("d", schedule=None):
        approval = an_approval(needed, teardown_needed=teardown_needed)
        reserve, analyze, stop = (BaseOperator(task_id=name) for name in ("reserve", "analyze", "stop"))
        approval >> reserve.as_setup() >> analyze >> stop.as_teardown(setups=reserve)
    return approval


def test_teardowns_are_skipped_if_they_have_nothing_to_do() -> None:
    instance = Skipping()
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        an_approval_before_a_teardown("False", teardown_needed="False").execute({"ti": instance})
    assert skipped.value.tasks == ["stop"]
    assert instance.kept == {XCOM_SKIPMIXIN_KEY: {"skipped": ["stop"]}}


def test_teardowns_are_skipped_also_after_a_person_has_approved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        ApprovalOperator, "execute_complete", lambda *_, **__: {"chosen_options": ["Approve"]}
    )
    approval = an_approval_before_a_teardown("True", teardown_needed="False")
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        approval.execute_complete({"ti": Skipping()}, {})
    assert skipped.value.tasks == ["stop"]


def test_teardowns_with_something_to_do_go_on() -> None:
    instance = Skipping()
    assert an_approval_before_a_teardown("False", teardown_needed="True").execute({"ti": instance}) is None
    assert instance.kept == {}


class Kept(list[Any]):
    """Takes the decisions that are noted, in place of the table."""

    def note(self, workspace: str, media_type: str, decision: Any, failed_rules: list[str]) -> None:
        assert workspace == "lake"
        self.append((media_type, decision.decision, decision.decided_by, decision.reason, failed_rules))


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    kept = Kept()
    monkeypatch.setattr(task_context, "task_workspace", lambda: "lake")
    monkeypatch.setattr(publish_decisions, "note_decision", kept.note)
    return kept


def an_answer(option: str, **changes: Any) -> dict[str, Any]:
    return {
        "chosen_options": [option],
        "params_input": {"reason": "we looked at all of them"},
        "responded_at": datetime(2026, 11, 21, tzinfo=UTC),
        "responded_by_user": {"id": "7", "name": "ada"},
        **changes,
    }


def a_review(validated: dict[str, Any]) -> Any:
    """Return task ``review`` before ``publish``, rendered as for a run."""
    with DAG("d", schedule=None):
        review = review_checks("image")
        review >> BaseOperator(task_id="publish")
    instance = SimpleNamespace(xcom_pull=lambda task_ids: validated)
    review.render_template_fields({"ti": instance, "dag_run": SimpleNamespace(partition_key="2026-11-20")})
    return review


BROKEN = {"failed": True, "failed_text": "two rules", "failed_rules": ["rows_are_unique", "scores_differ"]}


def test_a_reviewer_may_say_why() -> None:
    review = a_review(BROKEN)
    assert (review.needed, review.body) == ("True", "two rules")
    (reason,) = review.serialized_params.values()
    assert list(review.serialized_params) == ["reason"]
    assert (reason["value"], reason["schema"]["type"]) == (None, ["string", "null"])


def test_who_approved_and_why_is_kept(kept: Kept) -> None:
    a_review(BROKEN).execute_complete({"ti": Skipping()}, an_answer("Approve"))
    rules = ["rows_are_unique", "scores_differ"]
    assert kept == [("image", "approved", "ada", "we looked at all of them", rules)]


def test_who_rejected_is_kept_although_a_rejection_ends_the_task(kept: Kept) -> None:
    review = a_review(BROKEN)
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        review.execute_complete({"ti": Skipping(), "task": review}, an_answer("Reject", params_input={}))
    assert list(skipped.value.tasks) == ["publish"]
    assert kept == [("image", "rejected", "ada", None, ["rows_are_unique", "scores_differ"])]


def test_that_nobody_answered_is_kept(kept: Kept) -> None:
    with pytest.raises(AirflowFailException):
        a_review(BROKEN).execute_complete({}, {"error": "over", "error_type": "timeout"})
    assert [decision for _, decision, *_ in kept] == ["timed_out"]


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "no such request", "error_type": "unknown"},
        an_answer("Perhaps"),
        an_answer("Approve", params_input={"reason": 5}),
        an_answer("Approve", params_input={"why": "so"}),
    ],
)
def test_what_is_no_answer_is_not_kept(kept: Kept, answer: dict[str, Any]) -> None:
    with pytest.raises((HITLTriggerEventError, ValueError, ParamValidationError)):
        a_review(BROKEN).execute_complete({"ti": Skipping()}, answer)
    assert kept == []


def test_a_run_that_an_earlier_version_validated_is_reviewed_too(kept: Kept) -> None:
    review = a_review({"failed": True, "failed_text": "two rules"})
    review.execute_complete({"ti": Skipping()}, an_answer("Approve"))
    assert [rules for *_, rules in kept] == [[]]
