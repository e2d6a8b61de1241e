"""The question about a file; tests/plugins/media_lake/test_small_days.py lets Airflow run the whole Dag."""

from __future__ import annotations

import pytest
from airflow.providers.standard.exceptions import HITLTriggerEventError
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import AirflowSkipException

from media_lake.operators.file_review import FileReviewOperator, decide
from tests.queued_files import a_file


def a_review() -> FileReviewOperator:
    return decide(file=a_file().model_dump(mode="json"))


def test_a_person_sees_the_file_and_two_buttons(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None]] = []
    monkeypatch.setattr(
        HITLOperator, "execute", lambda self, context: asked.append((self.subject, self.body))
    )
    review = a_review()
    review.execute({})
    assert asked == [("May it be used? clip.mp4: Physical Violence (88.5 %)", a_file().description)]
    assert review.options == ["Approve", "Reject"]
    assert review.defaults is None
    assert review.params.dump() == {"reason": None}


def test_what_a_key_says_is_no_template() -> None:
    """Airflow renders what a task is made with; what the queue holds comes later."""
    assert set(a_review().template_fields) == {"file"}


def test_a_file_that_nobody_decides_about_waits_on() -> None:
    event = {"error": "The response timeout has passed without a response.", "error_type": "timeout"}
    with pytest.raises(AirflowSkipException, match="Nobody answered within 7 days.*: the file waits on"):
        a_review().execute_complete({}, event)


def test_other_errors_are_retried() -> None:
    with pytest.raises(HITLTriggerEventError):
        a_review().execute_complete({}, {"error": "no such request", "error_type": "unknown"})
