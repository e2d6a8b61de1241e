"""On the real scheduler, a run that fails and a run that is late are each one message in the topic."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from PIL import Image

from include.stack.airflow_api import AirflowApi, DagRun
from tests.end_to_end.conftest import Stack, running_stack

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(600)]

DAY = date(2026, 3, 2)
TOPIC = "lake-alerts"
DEADLINE_SECONDS = 5
RUN_SECONDS = 400


@dataclass(frozen=True)
class Outcome:
    """What came of a day whose text may not be read: the tasks of its run of ``enrich_images``, and the messages.

    :ivar messages: subjects and texts.
    """

    folder: Path
    tasks: list[dict[str, Any]]
    messages: list[tuple[str, str]]

    def text(self, what: str) -> str:
        """Return the one message that says this of the day."""
        (text,) = [text for subject, text in self.messages if subject == f"enrich_images of {DAY} {what}"]
        return text


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    folder = tmp_path_factory.mktemp("alerts") / "stack"
    settings = {
        "MEDIA_LAKE_ALERTS_TOPIC": TOPIC,
        "MEDIA_LAKE_BATCH_SIZE": "20",
        "MEDIA_LAKE_DEADLINE_HOURS_ENRICH_IMAGES": str(DEADLINE_SECONDS / 3600),
    }
    with running_stack(folder, **settings) as stack:
        up = stack.run("-m", "include.stack", "up")
        assert up.returncode == 0, up.stdout
        yield failing_day(stack)


def failing_day(stack: Stack) -> Outcome:
    """Work through a day of four images until its run has failed."""
    aws = {name: _client(stack, name) for name in ("s3", "sns", "sqs")}
    queue = _subscribe(aws)
    for shade in range(4):
        picture = io.BytesIO()
        Image.new("RGB", (200, 150), (60 * shade, 30, 90)).save(picture, "PNG")
        key = f"raw/sample/{DAY:%Y/%m/%d}/{shade}.png"
        aws["s3"].put_object(Bucket="media-lake", Key=key, Body=picture.getvalue())
    url = f"http://127.0.0.1:{stack.environment['MEDIA_LAKE_STACK_REKOGNITION_PORT']}/_control/settings"
    httpx.post(url, json={"denied": ["DetectText"]}, trust_env=False).raise_for_status()
    with AirflowApi(f"http://127.0.0.1:{stack.environment['MEDIA_LAKE_STACK_AIRFLOW_PORT']}") as api:
        api.create_backfill("discover_media", DAY, DAY, max_active_runs=1)
        run = _ended(api)
        assert run.state == "failed"
        return Outcome(stack.folder, api.task_instances(run), _received(aws["sqs"], queue))


def test_a_failed_run_is_one_message_with_its_tasks_and_causes(outcome: Outcome) -> None:
    text = outcome.text("failed")
    failed = sum(task["task_id"] == "analyze" and task["state"] == "failed" for task in outcome.tasks)
    assert f"Failed tasks: analyze ({failed} of {failed})" in text
    assert f"Causes: AccessDeniedException ({failed}, for example: " in text
    assert "is not authorized to perform: rekognition:DetectText" in text


def test_a_late_run_is_one_message_with_what_is_unfinished(outcome: Outcome) -> None:
    text = outcome.text("is late")
    assert "Queued: 20" in text
    assert " waiting" in text


def test_both_are_lines_of_a_log(outcome: Outcome) -> None:
    logs = [path.read_text(errors="replace") for path in outcome.folder.rglob("*.log")]
    assert any(f"enrich_images of {DAY} is late | Queued: " in log for log in logs)
    assert any(f"enrich_images of {DAY} failed | Failed tasks: analyze" in log for log in logs)


def test_instances_of_mapped_tasks_are_named_by_batch_and_size(outcome: Outcome) -> None:
    labels = sorted(task["rendered_map_index"] for task in outcome.tasks if task["task_id"] == "analyze")
    assert len(labels) >= 2
    assert labels[0] == "batch-0000: 2 files"


def _client(stack: Stack, name: str) -> Any:
    return boto3.client(
        name,
        endpoint_url=f"http://127.0.0.1:{stack.environment['MEDIA_LAKE_STACK_AWS_PORT']}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def _subscribe(aws: dict[str, Any]) -> str:
    """Subscribe a queue to the topic and return its address."""
    queue = str(aws["sqs"].create_queue(QueueName="alerts-read-by-the-test")["QueueUrl"])
    attributes = aws["sqs"].get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    topic = aws["sns"].create_topic(Name=TOPIC)["TopicArn"]
    aws["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
    return queue


def _ended(api: AirflowApi) -> DagRun:
    """Return the day's run of ``enrich_images`` when it has ended."""
    for _ in range(RUN_SECONDS):
        for run in api.runs("enrich_images"):
            if run.partition == str(DAY) and run.ended:
                return run
        time.sleep(1)
    raise TimeoutError(f"enrich_images of {DAY} has not ended within {RUN_SECONDS} s")


def _received(sqs: Any, queue: str) -> list[tuple[str, str]]:
    """Return subjects and texts of all messages: waits for two about the day, and then for more that should not come.

    The Dag processor, which reports failed runs, takes its time.
    """
    messages: list[tuple[str, str]] = []
    until = time.monotonic() + RUN_SECONDS
    while time.monotonic() < until:
        reply = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)
        for message in reply.get("Messages", []):
            body = json.loads(message["Body"])
            messages.append((body["Subject"], body["Message"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            if sum(str(DAY) in subject for subject, _ in messages) == 2:
                until = time.monotonic() + 15
    return messages
