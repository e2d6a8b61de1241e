from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.operate.alerts import (
    MESSAGE_CHARACTERS,
    SUBJECT_CHARACTERS,
    TEXT_BYTES,
    Alert,
    RunName,
    budget_alert,
    cut_bytes,
    failed_run,
    failed_tasks,
    failure_of,
    late_run,
    publish,
    shorten,
)

RUN = RunName("enrich_images", "manual__1", "2026-11-20", "http://airflow/dags/enrich_images/runs/manual__1")


def denied(message: str = "not authorized to perform rekognition:DetectText") -> ClientError:
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": message}}, "DetectText")


def test_one_message_says_which_run_failed_where_and_why() -> None:
    alert = failed_run(
        RUN,
        "task_failure",
        {"plan": "success", "analyze_0": "failed", "analyze_1": "success", "normalize": "upstream_failed"},
        [failure_of(denied())],
        [{"calls": 9, "errors": {"InvalidImageFormatException": 2}, "examples": {}}],
    )
    assert alert.subject == "enrich_images of 2026-11-20 failed"
    assert alert.lines == (
        "Failed tasks: analyze (1 of 2)",
        "Causes: AccessDeniedException (1, for example: An error occurred (AccessDeniedException) when "
        "calling the DetectText operation: not authorized to perform rekognition:DetectText)",
        "Failed analyses: InvalidImageFormatException (2)",
        "Run: http://airflow/dags/enrich_images/runs/manual__1",
    )
    assert "\n" not in alert.line
    assert all(line in alert.line for line in (alert.subject, *alert.lines))


def test_the_three_most_frequent_causes_are_told_over_all_batches() -> None:
    summaries: list[dict[str, Any]] = [
        {"errors": {"A": 5, "B": 1, "C": 2}, "examples": {"A": "first"}},
        {"errors": {"B": 3, "D": 1}, "examples": {"A": "second", "B": "other"}},
        {"errors": None},
        {},
    ]
    (_, _, analyses, _) = failed_run(RUN, "task_failure", {"analyze_0": "failed"}, [], summaries).lines
    assert analyses == "Failed analyses: A (5, for example: first); B (4, for example: other); C (2)"


def test_what_failed_tasks_comes_before_what_failed_analyses_however_often() -> None:
    failures = [{"code": code, "message": f"{code} {n}"} for n, code in enumerate("ABBCDB")]
    lines = failed_run(RUN, "task_failure", {"analyze": "failed"}, failures, [{"errors": {"Z": 9000}}]).lines
    assert lines[1] == "Causes: B (3, for example: B 1); A (1, for example: A 0); C (1, for example: C 3)"
    assert lines[2] == "Failed analyses: Z (9000)"


def test_a_failure_without_a_cause_says_where_to_look() -> None:
    (tasks, causes, _) = failed_run(RUN, "timed_out", {}, [], []).lines
    assert tasks == "No task failed; Airflow says: timed_out"
    assert "process may have been killed" in causes


def test_the_code_is_that_of_aws_behind_the_exception_and_the_text_is_the_outer_one() -> None:
    def give_up() -> None:
        try:
            raise denied()
        except ClientError as error:
            raise RuntimeError("gave up after 10 attempts") from error

    with pytest.raises(RuntimeError) as caught:
        give_up()
    assert failure_of(caught.value) == {
        "code": "AccessDeniedException",
        "message": "gave up after 10 attempts",
    }
    assert failure_of(KeyError("x")) == {"code": "KeyError", "message": "'x'"}


def test_an_error_raised_while_another_was_handled_without_it_stands_alone() -> None:
    def replaced() -> None:
        try:
            raise denied()
        except ClientError:
            raise ValueError("wrong") from None

    with pytest.raises(ValueError, match="wrong") as caught:
        replaced()
    assert failure_of(caught.value)["code"] == "ValueError"


def test_exceptions_in_a_circle_end() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert failure_of(one) == {"code": "ValueError", "message": "one"}


@pytest.mark.parametrize(
    "text",
    [
        "x-amz-security-token:SECRETSECRET more",
        "https://b.s3.amazonaws.com/k?X-Amz-Signature=SECRETSECRET&x=1",
        "https://b.s3.amazonaws.com/k?X-Amz-Credential=SECRETSECRET",
        "Authorization: SECRETSECRET",
        "AWSAccessKeyId=SECRETSECRET&Expires=1",
    ],
)
def test_what_signs_a_request_is_not_repeated(text: str) -> None:
    assert "SECRET" not in shorten(text)
    assert "***" in shorten(text)


def test_an_example_is_one_short_line() -> None:
    assert shorten("a\n  b\tc") == "a b c"
    assert len(shorten("x" * 10_000)) == MESSAGE_CHARACTERS


def test_late_runs_name_what_is_under_way_before_what_waits() -> None:
    states = {
        "plan": "success",
        "approve": "skipped",
        "analyze_0": "running",
        "analyze_1": "running",
        "analyze_2": "scheduled",
        "normalize": None,
    }
    alert = late_run(RUN, "2026-11-21T00:00:05Z", states)
    assert alert.subject == "enrich_images of 2026-11-20 is late"
    assert alert.lines == (
        "Queued: 2026-11-21T00:00:05Z",
        "Unfinished tasks: analyze running (2), analyze scheduled, normalize waiting",
        "Run: http://airflow/dags/enrich_images/runs/manual__1",
    )


def test_only_a_few_tasks_are_named() -> None:
    (_, tasks, _) = late_run(RUN, "now", {f"task{letter}": "queued" for letter in "abcdefgh"}).lines
    assert (
        tasks
        == "Unfinished tasks: taska queued, taskb queued, taskc queued, taskd queued, taske queued and 3 more"
    )
    (_, none, _) = late_run(RUN, "now", {}).lines
    assert none == "Unfinished tasks: none is known"
    (_, left, _) = late_run(RUN, "now", {"plan": "success", "stop_models": "skipped"}).lines
    assert left == "Unfinished tasks: none; the run is about to end"


def test_instances_of_mapped_tasks_are_one_task() -> None:
    states = {
        "analyze_0": "failed",
        "analyze_11": "failed",
        "analyze.collect_responses_2": "failed",
        "plan": "success",
    }
    assert failed_tasks(states) == ["analyze", "analyze.collect_responses"]


def test_a_run_without_a_day_is_named_by_its_id() -> None:
    assert RunName("d", "manual__2", "", "l").title == "d (manual__2)"


def test_a_message_fits_into_sns() -> None:
    alert = failed_run(
        RunName("d" * 250, "r" * 250, "2026-11-20", "l" * 2000),
        "task_failure",
        {f"{'t' * 240}{chr(97 + n)}": "failed" for n in range(26)},
        [{"code": "é" * 1000 + str(n), "message": "\u00e9" * 100_000} for n in range(5)],
        [],
    )
    assert len(alert.subject) <= SUBJECT_CHARACTERS
    assert len(alert.text.encode()) <= TEXT_BYTES < 256 * 1024


@pytest.mark.parametrize("most", [10, 11, 12, 13])
def test_a_cut_never_halves_a_character(most: int) -> None:
    cut = cut_bytes("é" * 100, most)
    assert len(cut.encode()) <= most
    assert set(cut) == {"é", "…"}


class Topic:
    def __init__(self) -> None:
        self.made: list[str] = []
        self.published: list[dict[str, str]] = []

    def create_topic(self, Name: str) -> dict[str, str]:
        self.made.append(Name)
        return {"TopicArn": f"arn:aws:sns:us-east-1:1:{Name}"}

    def publish(self, **message: str) -> None:
        self.published.append(message)


@pytest.mark.parametrize(("topic", "made"), [("alerts", ["alerts"]), ("arn:aws:sns:us-east-1:1:alerts", [])])
def test_a_topic_is_given_by_name_or_arn(topic: str, made: list[str]) -> None:
    sns = Topic()
    publish(sns, topic, Alert("é is late", ("one", "two")))
    assert sns.made == made
    assert sns.published == [
        {"TopicArn": "arn:aws:sns:us-east-1:1:alerts", "Subject": "? is late", "Message": "one\ntwo"}
    ]


def test_an_alert_obeys_no_key() -> None:
    failure = failure_of(ValueError("in/a\n\x1b[2J\u202e.jpg is odd"))
    assert failure["message"] == r"in/a \x1b[2J\u202e.jpg is odd"
    assert Alert("a subject", ("\x1b[2J\n", "b")).line == r"a subject | \x1b[2J  | b"


@pytest.mark.parametrize(
    ("percent", "stops", "words"),
    [
        (80, True, "At 100% its analyses are stopped"),
        (100, True, "they go on by themselves next month"),
        (100, False, "The budget is soft"),
    ],
)
def test_an_alert_of_a_budget_says_what_follows(percent: int, stops: bool, words: str) -> None:
    alert = budget_alert("media-team", "2026-11", percent, 1234.5, 1500.0, stops)
    assert alert.subject == f"Budget of media-team for 2026-11: {percent}% reached"
    assert "$1,234.50 of $1,500.00 are spent." in alert.text
    assert words in alert.text
