from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.standard.exceptions import HITLTriggerEventError
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowFailException

from media_lake.operators.approval import ConditionalApprovalOperator


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
    approval.subject, approval.body = "Pay for {{ day }}?", "{{ summary['approval_text'] }}"
    approval.render_template_fields(
        {"day": "2026-11-20", "summary": {"approval_needed": True, "approval_text": "up to $5"}}
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
