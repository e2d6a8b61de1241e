from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
from airflow.serialization.serde import deserialize, serialize
from botocore.exceptions import ClientError

from include.ledger import Ledger
from media_lake.triggers import VideoJobsTrigger, job_report

pytestmark = pytest.mark.integration

TABLE, QUEUE = "media-lake-ledger", "media-lake-jobs"
JOBS = {"j-1": "GetLabelDetection", "j-2": "GetSegmentDetection"}


def a_trigger(**changes: Any) -> VideoJobsTrigger:
    values: dict[str, Any] = {
        "jobs": JOBS,
        "pending": 0,
        "queue_name": QUEUE,
        "ledger_table": TABLE,
        "aws_conn_id": "aws_default",
        "region_name": "us-east-1",
        "sweep_after": 60.0,
        "min_wait": 0.0,
        "slot_wait": 60.0,
    }
    return VideoJobsTrigger(**(values | changes))


class Rekognition:
    """Answers the Get operations as told and remembers what it was asked."""

    def __init__(self, **answers: str | Exception) -> None:
        self.answers, self.asked = answers, []

    async def _get(self, JobId: str, MaxResults: int) -> dict[str, Any]:
        self.asked.append((JobId, MaxResults))
        answer = self.answers[JobId.replace("-", "_")]
        if isinstance(answer, Exception):
            raise answer
        return {"JobStatus": answer}

    get_label_detection = _get
    get_segment_detection = _get


class ShortPolls:
    """SQS over HTTP whose long polls last a moment, so that an empty queue costs no time."""

    asked_seconds: ClassVar[list[int]] = []

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sqs, name)

    async def receive_message(self, *, WaitTimeSeconds: int, **request: Any) -> Any:
        self.asked_seconds.append(WaitTimeSeconds)
        reply = await self._sqs.receive_message(**request, WaitTimeSeconds=0)
        if "Messages" not in reply:
            await asyncio.sleep(0.05)
        return reply


@pytest.fixture
def fire(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Run a trigger to its event, with a Rekognition of the test's and everything else over HTTP."""

    def run(
        trigger: VideoJobsTrigger, rekognition: Rekognition | None = None, limit: float = 15
    ) -> dict[str, Any]:
        real = VideoJobsTrigger._hook

        class Hook:
            def __init__(self, kind: str) -> None:
                self._kind = kind

            async def get_async_conn(self) -> Any:
                @asynccontextmanager
                async def client() -> Any:
                    if self._kind == "rekognition":
                        yield rekognition or Rekognition()
                    else:
                        async with await real(trigger, self._kind).get_async_conn() as conn:
                            yield ShortPolls(conn) if self._kind == "sqs" else conn

                return client()

        monkeypatch.setattr(VideoJobsTrigger, "_hook", lambda self, kind: Hook(kind))

        async def first() -> Any:
            async for event in trigger.run():
                return event.payload
            return None

        return asyncio.run(asyncio.wait_for(first(), limit))

    return run


def notify(aws: Any, job: str, status: str = "SUCCEEDED", envelope: bool = False) -> None:
    body = json.dumps({"JobId": job, "Status": status, "API": "StartLabelDetection", "Timestamp": 1})
    if envelope:
        body = json.dumps({"Type": "Notification", "Message": body})
    aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody=body)


def messages(aws: Any) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = aws.sqs.get_queue_attributes(QueueUrl=aws.queue_url, AttributeNames=names)["Attributes"]
    return sum(int(counts[name]) for name in names)


def reports(aws: Any, *jobs: str) -> dict[str, str]:
    return Ledger(aws.dynamodb, TABLE).job_reports(jobs or JOBS)


def test_it_comes_back_from_the_database_as_it_went_in() -> None:
    path, values = a_trigger(pending=3, deadline=1e10, looked_up=1e9).serialize()
    assert (values["deadline"], values["looked_up"]) == (1e10, 1e9)
    assert path == "media_lake.triggers.VideoJobsTrigger"
    again = VideoJobsTrigger(**deserialize(serialize(values)))
    assert again.serialize() == (path, values)
    assert json.loads(json.dumps(values)) == values


def test_notifications_end_the_wait_and_are_taken(aws: Any, fire: Any) -> None:
    notify(aws, "j-1")
    notify(aws, "j-2", "FAILED", envelope=True)
    assert fire(a_trigger())["ended"] == ["j-1", "j-2"]
    assert reports(aws) == {"j-1": "SUCCEEDED", "j-2": "FAILED"}
    assert messages(aws) == 0


def test_duplicates_change_nothing(aws: Any, fire: Any) -> None:
    for _ in range(3):
        notify(aws, "j-1")
    notify(aws, "j-2")
    assert fire(a_trigger())["ended"] == ["j-1", "j-2"]
    assert reports(aws) == {"j-1": "SUCCEEDED", "j-2": "SUCCEEDED"}


def test_a_notification_that_another_trigger_took_is_found_in_the_ledger(aws: Any, fire: Any) -> None:
    """A trigger records whatever ends, for whoever waits for it."""
    for job in ("j-1", "j-2", "other"):
        notify(aws, job)
    assert fire(a_trigger(jobs={"other": "GetLabelDetection"}))["ended"] == ["other"]
    assert fire(a_trigger())["ended"] == ["j-1", "j-2"]


def test_what_is_no_notification_is_dropped(aws: Any, fire: Any) -> None:
    aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody="hello")
    aws.sqs.send_message(
        QueueUrl=aws.queue_url, MessageBody=json.dumps({"JobId": "j-1", "Status": "IN_PROGRESS"})
    )
    notify(aws, "j-1")
    assert fire(a_trigger(jobs={"j-1": "GetLabelDetection"}))["ended"] == ["j-1"]
    assert messages(aws) == 0


def test_lost_notifications_are_found_by_looking_up(aws: Any, fire: Any) -> None:
    rekognition = Rekognition(j_1="SUCCEEDED", j_2="FAILED")
    assert fire(a_trigger(sweep_after=0.1), rekognition)["ended"] == ["j-1", "j-2"]
    assert reports(aws) == {"j-1": "SUCCEEDED", "j-2": "FAILED"}
    assert rekognition.asked == [("j-1", 1), ("j-2", 1)]


def test_only_overdue_jobs_are_looked_up(aws: Any, fire: Any) -> None:
    notify(aws, "j-1")
    rekognition = Rekognition(j_2="SUCCEEDED")
    fire(a_trigger(sweep_after=0.1), rekognition)
    assert {job for job, _ in rekognition.asked} == {"j-2"}


def test_a_running_job_or_a_failed_look_up_goes_on_waiting(aws: Any, fire: Any) -> None:
    throttled = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "GetLabelDetection")
    rekognition = Rekognition(j_1=throttled, j_2="IN_PROGRESS")
    with pytest.raises(TimeoutError):
        fire(a_trigger(sweep_after=0.1), rekognition, limit=1)
    assert {job for job, _ in rekognition.asked} == {"j-1", "j-2"}
    assert len(rekognition.asked) > 2
    assert reports(aws) == {}


def test_a_job_that_aws_has_forgotten_does_not_hang(aws: Any, fire: Any) -> None:
    """Results live for seven days; a run that was down for longer asks for a job that is not there any more."""
    gone = ClientError(
        {"Error": {"Code": "ResourceNotFoundException", "Message": "gone"}}, "GetLabelDetection"
    )
    event = fire(
        a_trigger(jobs={"j-1": "GetLabelDetection"}, sweep_after=0.1), Rekognition(j_1=gone), limit=3
    )
    assert event["ended"] == ["j-1"]
    assert reports(aws) == {"j-1": "FAILED"}


def test_one_end_is_enough_while_others_wait_for_a_slot(aws: Any, fire: Any) -> None:
    notify(aws, "j-1")
    assert fire(a_trigger(pending=1))["ended"] == ["j-1"]


def test_without_jobs_of_its_own_it_looks_for_slots_again(aws: Any, fire: Any) -> None:
    assert fire(a_trigger(jobs={}, pending=2, slot_wait=0.1))["ended"] == []


def test_it_never_ends_too_soon(aws: Any, fire: Any) -> None:
    notify(aws, "j-1")
    notify(aws, "j-2")
    began = time.monotonic()
    fire(a_trigger(min_wait=0.5))
    assert time.monotonic() - began >= 0.5


def test_an_empty_queue_is_polled_long(aws: Any, fire: Any) -> None:
    ShortPolls.asked_seconds.clear()
    fire(a_trigger(jobs={}, pending=1, slot_wait=0.1))
    assert ShortPolls.asked_seconds
    assert min(ShortPolls.asked_seconds) >= 1


def test_the_event_hands_back_what_the_next_wait_needs(aws: Any, fire: Any) -> None:
    notify(aws, "j-1")
    event = fire(a_trigger(pending=1, deadline=1e10, looked_up=time.time() - 30))
    assert event["deadline"] == 1e10
    assert event["looked_up"] == pytest.approx(time.time() - 30, abs=10)


def test_a_job_is_looked_up_as_soon_as_it_is_overdue_over_all_waits(aws: Any, fire: Any) -> None:
    rekognition = Rekognition(j_1="SUCCEEDED", j_2="SUCCEEDED")
    event = fire(a_trigger(sweep_after=60, looked_up=time.time() - 61), rekognition, limit=5)
    assert event["ended"] == ["j-1", "j-2"]
    assert event["looked_up"] == pytest.approx(time.time(), abs=10)


def test_a_wait_that_goes_on_from_another_looks_nothing_up_before_its_time(aws: Any, fire: Any) -> None:
    notify(aws, "j-1")
    rekognition = Rekognition()
    fire(a_trigger(pending=1, sweep_after=60, looked_up=time.time() - 30), rekognition)
    assert rekognition.asked == []


def test_the_queue_has_to_exist(aws: Any, fire: Any) -> None:
    with pytest.raises(ClientError, match="NonExistentQueue"):
        fire(a_trigger(queue_name="no-such-queue"))


@pytest.mark.parametrize(
    ("body", "report"),
    [
        ({"JobId": "j", "Status": "SUCCEEDED"}, ("j", "SUCCEEDED")),
        ({"JobId": "j", "Status": "FAILED", "JobTag": "labels"}, ("j", "FAILED")),
        ({"JobId": "j", "Status": "IN_PROGRESS"}, None),
        ({"Type": "Notification", "Message": '{"JobId": "j", "Status": "FAILED"}'}, ("j", "FAILED")),
        ({"Type": "Notification", "Message": "hello"}, None),
        ({"Type": "Notification"}, None),
        ({"Type": "SubscriptionConfirmation", "Message": "x"}, None),
        ({"Status": "SUCCEEDED"}, None),
        ({"JobId": "j", "Status": ["SUCCEEDED"]}, None),
        ([], None),
        ("text", None),
        (None, None),
        (7, None),
    ],
)
def test_job_report(body: Any, report: tuple[str, str] | None) -> None:
    assert job_report(json.dumps(body)) == report


def test_job_report_of_no_json() -> None:
    assert job_report("{") is None
    assert job_report("") is None
