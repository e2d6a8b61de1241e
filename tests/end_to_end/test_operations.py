"""A lake in operation on the real scheduler: events, failures and alerts, re-drive, reprocessing.

One stack for all; what happens in its lake is in :mod:`tests.end_to_end.operated_lake`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import pytest

from local.stack.airflow_api import DagRun
from local.stack.stack_settings import PROJECT
from tests.end_to_end.airflow_runs import WAIT_SECONDS, Operator
from tests.end_to_end.conftest import running_stack
from tests.end_to_end.operated_lake import (
    BUCKET,
    DENIED,
    DENIED_DAY,
    EVENT_DAYS,
    FAULTS,
    MODEL_DAY,
    MODERATED,
    REJECTED,
    REJECTED_DAY,
    TOPIC,
    Operations,
    lake,
    train_model,
    upload,
    write,
)

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(900)]

DEADLINE_SECONDS = 5


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operations]:
    """The stack, with the media of all scenarios in it and everything begun."""
    folder = tmp_path_factory.mktemp("operations")
    lake_file = folder / "lake.yaml"
    write(lake_file, lake("arn:of:no:model:that:exists", text=60))
    settings = {
        "MEDIA_LAKE_LAKE_FILE": str(lake_file),
        "MEDIA_LAKE_ALERTS_TOPIC": TOPIC,
        "MEDIA_LAKE_BATCH_SIZE": "3",
        "MEDIA_LAKE_DEADLINE_HOURS_ENRICH_IMAGES": str(DEADLINE_SECONDS / 3600),
    }
    with running_stack(folder / "stack", **settings) as stack:
        up = stack.run("-m", "local.stack", "up")
        assert up.returncode == 0, up.stdout
        model = train_model(stack)
        write(lake_file, lake(model, text=60))
        operator = Operator(stack.url("airflow"), stack.login)
        alerts = stack.subscribed_queue(TOPIC)
        stack.behave(denied=[DENIED], faults=FAULTS)
        upload(stack)
        operator.wait_for_dags({path.stem for path in (PROJECT / "dags").glob("*.py")})
        operator.api.create_backfill("discover_media", MODEL_DAY, REJECTED_DAY, max_active_runs=3)
        yield Operations(stack, lake_file, operator, alerts, model)


@pytest.fixture(scope="module")
def enriched(operations: Operations) -> Operations:
    """The day whose analyses are rejected has been enriched and its costs reported."""
    operator = operations.operator
    for dag_id in ("enrich_images", "enrich_videos"):
        succeeded(operator, operator.runs_of_day(dag_id, REJECTED_DAY), 1)
    reported(operator)
    return operations


@pytest.fixture(scope="module")
def dry_run(enriched: Operations) -> DagRun:
    """The run of ``redrive_failed`` as its form is."""
    return enriched.operator.run_dag("redrive_failed")


@pytest.fixture(scope="module")
def redriven(enriched: Operations, dry_run: DagRun) -> Operations:
    """The text of that day was asked for again, now that Rekognition answers."""
    enriched.operator.runs_of_day("enrich_images", MODEL_DAY)
    enriched.stack.behave(faults=[])
    operator = enriched.operator
    run = operator.run_dag("redrive_failed", dry_run=False, features=["text"])
    succeeded(operator, [run], 1)
    assert operator.returned(run, "select_failures")["analyses"] == len(REJECTED)
    # One run each besides the first: the dry run started none.
    for dag_id in ("enrich_images", "enrich_videos"):
        succeeded(operator, operator.runs_of_day(dag_id, REJECTED_DAY, 2), 2)
    reported(operator)
    return enriched


def reported(operator: Operator) -> None:
    """Assert that what was published of the day is in reports, all of which succeeded."""
    reports = operator.reports_of_day(REJECTED_DAY)
    succeeded(operator, reports, len(reports))


def succeeded(operator: Operator, runs: list[DagRun], count: int) -> None:
    """Assert that there are so many runs, and that all of them succeeded."""
    assert {run.run_id: operator.failures(run) for run in runs if run.state != "success"} == {}
    assert len(runs) == count


def test_a_day_succeeds_with_failed_analyses_as_rows(enriched: Operations) -> None:
    assert enriched.analyses() == {
        ("labels", "failed", "ImageTooLargeException"): len(REJECTED),
        ("text", "failed", "InvalidImageFormatException"): len(REJECTED),
    }
    assert not enriched.billed_operations("archive")


def test_a_model_is_stopped_when_the_analysis_fails(operations: Operations) -> None:
    (run,) = operations.operator.runs_of_day("enrich_images", MODEL_DAY)
    assert run.state == "failed"
    assert any(task.startswith("analyze") for task in operations.operator.failures(run))
    (model,) = [each for each in operations.stack.calls()["models"] if "/parts/" in each["arn"]]
    assert (model["starts"], model["stops"], model["running"]) == (1, 1, False)


def test_a_dry_run_tells_what_failed_and_what_it_would_cost_and_starts_nothing(
    enriched: Operations, dry_run: DagRun
) -> None:
    assert enriched.operator.states(dry_run) == {
        "select_failures": "success",
        "redrive_images": "skipped",
        "redrive_videos": "skipped",
    }
    summary = enriched.operator.returned(dry_run, "select_failures")
    assert (summary["analyses"], summary["days"]) == (2 * len(REJECTED), 1)
    assert (summary["first_day"], summary["last_day"]) == (str(REJECTED_DAY), str(REJECTED_DAY))
    causes = {(cause["feature"], cause["error_code"]): cause["analyses"] for cause in summary["causes"]}
    assert causes == {
        ("labels", "ImageTooLargeException"): len(REJECTED),
        ("text", "InvalidImageFormatException"): len(REJECTED),
    }
    assert summary["usd"]["likely"] == pytest.approx(0.001 * 2 * len(REJECTED))


def test_a_redrive_pays_for_what_was_selected_and_for_nothing_else(redriven: Operations) -> None:
    assert redriven.analyses() == {
        ("labels", "failed", "ImageTooLargeException"): len(REJECTED),
        ("text", "succeeded", None): len(REJECTED),
    }
    assert redriven.billed_operations("archive") == {"DetectText": len(REJECTED)}


def test_a_redrive_ends_in_the_cost_report(redriven: Operations) -> None:
    assert redriven.costs() == {"DetectText": len(REJECTED)}


def test_reprocessing_after_a_change_of_a_threshold_changes_tables_without_a_call(
    redriven: Operations,
) -> None:
    assert redriven.lines() == ["PRESENTS", "THE PEACH OPEN MOVIE PROJECT"]
    # The days of events are analyzed meanwhile, so only what this day was charged is compared.
    before, operator = redriven.billed_operations("archive"), redriven.operator
    write(redriven.lake_file, lake(redriven.model, text=98))
    day = str(REJECTED_DAY)
    succeeded(operator, [operator.run_dag("reprocess_days", first_day=day, last_day=day)], 1)
    for dag_id in ("reprocess_images", "reprocess_videos"):
        succeeded(operator, operator.runs_of_day(dag_id, day), 1)
    assert redriven.lines() == ["PRESENTS"]
    assert redriven.billed_operations("archive") == before


def test_events_start_the_enrichment_of_exactly_their_days(operations: Operations) -> None:
    operator = operations.operator
    for dag_id in ("enrich_images", "enrich_videos"):
        for day in EVENT_DAYS:
            assert {run.state for run in operator.runs_of_day(dag_id, day)} == {"success"}
    scheduled = {run.partition for run in operator.api.runs("discover_media")}
    enriched = {run.partition for run in operator.api.runs("enrich_images")}
    assert enriched - scheduled == {str(day) for day in EVENT_DAYS}
    assert {run.state for run in operator.api.runs("discover_events")} <= {"success", "queued", "running"}
    listed = operations.stack.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="events/undiscovered/")
    assert not listed.get("Contents")
    called = {key: count for (key, _), count in operations.billed().items() if key.startswith("drop/")}
    assert called == {"drop/a b+0.png": 1, "drop/a b+1.png": 1, f"drop/{MODERATED}": 1}


def test_a_person_decides_about_a_file_and_is_not_asked_again(operations: Operations) -> None:
    operator, day = operations.operator, EVENT_DAYS[-1]
    succeeded(operator, operator.runs_of_day("enrich_images", day), 1)
    run_id = operator.start_dag("review_moderation", day=str(day))
    operator.answer("review_moderation", run_id, "review.decide", 0, "Reject", reason="not for children")
    run = operator.end_of("review_moderation", run_id)
    assert operator.states(run) == {
        "list_files": "success",
        "review.decide": "success",
        "review.record": "success",
    }
    (shown,) = operations.queue(day)
    assert shown["decided_by"]
    assert shown | {"decided_by": None} == {
        "s3_uri": f"s3://{BUCKET}/drop/{MODERATED}",
        "label": "Smoking",
        "state": "rejected",
        "decided_by": None,
        "reason": "not for children",
        "decisions": 1,
    }
    # Nothing waits any more, so nobody is asked.
    again = operator.run_dag("review_moderation", day=str(day))
    assert operator.states(again)["review.decide"] == "skipped"


@pytest.fixture(scope="module")
def failed(operations: Operations) -> DagRun:
    """The run that is denied what it asks for."""
    (run,) = operations.operator.runs_of_day("enrich_images", DENIED_DAY)
    assert run.state == "failed"
    return run


@pytest.fixture(scope="module")
def messages(operations: Operations, failed: DagRun) -> list[tuple[str, str]]:
    """Return subjects and texts of all alerts, once there are two of that day."""
    sqs = operations.stack.client("sqs")
    received: list[tuple[str, str]] = []
    until = time.monotonic() + WAIT_SECONDS
    while True:
        reply = sqs.receive_message(QueueUrl=operations.alerts, MaxNumberOfMessages=10, WaitTimeSeconds=2)
        for message in reply.get("Messages", []):
            body = json.loads(message["Body"])
            received.append((body["Subject"], body["Message"]))
            sqs.delete_message(QueueUrl=operations.alerts, ReceiptHandle=message["ReceiptHandle"])
        if not reply.get("Messages") and sum(str(DENIED_DAY) in subject for subject, _ in received) >= 2:
            return received
        assert time.monotonic() < until, f"of {DENIED_DAY} there are only: {received}"


def the_text(messages: list[tuple[str, str]], what: str) -> str:
    """Return the one message that says this of the day that was denied."""
    (text,) = [text for subject, text in messages if subject == f"enrich_images of {DENIED_DAY} {what}"]
    return text


def test_a_failed_run_is_one_message_with_its_tasks_and_causes(
    operations: Operations, failed: DagRun, messages: list[tuple[str, str]]
) -> None:
    tasks = operations.operator.api.task_instances(failed)
    count = sum(task["task_id"] == "analyze" and task["state"] == "failed" for task in tasks)
    text = the_text(messages, "failed")
    assert count
    assert f"Failed tasks: analyze ({count} of {count})" in text
    assert f"Causes: AccessDeniedException ({count}, for example: " in text
    assert f"is not authorized to perform: rekognition:{DENIED}" in text


def test_a_late_run_is_one_message_with_what_is_unfinished(messages: list[tuple[str, str]]) -> None:
    """Airflow looks for missed deadlines every half minute; by then, some of these short runs have ended."""
    assert "Queued: 20" in the_text(messages, "is late")
    late = "\n".join(text for subject, text in messages if subject.endswith("is late"))
    assert re.search(r"^Unfinished tasks: \w+ (running|queued|scheduled|waiting)", late, re.MULTILINE)


def test_both_are_lines_of_a_log(operations: Operations, messages: list[tuple[str, str]]) -> None:
    logs = [path.read_text(errors="replace") for path in operations.stack.folder.rglob("*.log")]
    assert any(f"enrich_images of {DENIED_DAY} is late | Queued: " in log for log in logs)
    assert any(f"enrich_images of {DENIED_DAY} failed | Failed tasks: analyze" in log for log in logs)


def test_instances_of_mapped_tasks_are_named_by_batch_and_size(
    operations: Operations, failed: DagRun
) -> None:
    tasks = operations.operator.api.task_instances(failed)
    labels = sorted(task["rendered_map_index"] for task in tasks if task["task_id"] == "analyze")
    assert labels == ["batch-0000: 2 files", "batch-0001: 2 files"]
