from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from airflow.sdk.serde import deserialize, serialize
from botocore.exceptions import ClientError

import include.store.plan_batches
from include.analyze.video_work import Progress
from include.core.run import Run
from include.core.settings import Settings
from include.store.messages import folder
from include.store.objects import get_ndjson, list_uris
from include.store.workspace import Workspace
from media_lake import video_batch
from media_lake.triggers import video_jobs_trigger as triggers
from media_lake.triggers.video_jobs_trigger import VideoJobsTrigger
from tests.odd_messages import BODIES, NOTIFICATIONS
from tests.workspaces import make_workspace

pytestmark = pytest.mark.integration

BATCH = {"uri": "s3://media-lake/staging/plans/batch-0003.ndjson.gz", "rows": 2, "bytes": 10}
RUN = Run("media-lake", "enrich_videos", "r-1", "2026-11-20")
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "StartLabelDetection")
DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "StartLabelDetection")


def a_trigger(**changes: Any) -> VideoJobsTrigger:
    workspace = make_workspace(RUN, boto3.Session(), Settings(lease_seconds=77))
    times: dict[str, Any] = {"patience": 60.0, "min_wait": 0.0, **changes}
    return VideoJobsTrigger.of(workspace, BATCH, **times)


class Analyzer:
    """Has jobs, notes which ended, and raises what it is told to."""

    def __init__(self, workspace: Workspace, jobs: set[str], pending: int, errors: list[Exception]) -> None:
        self.workspace, self.jobs, self.pending, self.errors = workspace, jobs, pending, errors
        self.ended: list[tuple[str, str]] = []
        self.turns = self.look_ups = 0
        self.overdue: set[str] = set()

    def advance(self, plan: Any) -> Progress:
        assert plan == [BATCH["uri"]]
        return self.process_ended_and_start()

    def process_ended_and_start(self) -> Progress:
        self.turns += 1
        if self.errors:
            raise self.errors.pop(0)
        return Progress(running=dict.fromkeys(self.jobs, "GetLabelDetection"), pending=self.pending)

    def job_ended(self, job_id: str, status: str, ended_at: int | None) -> bool:
        self.ended.append((job_id, status))
        self.jobs.discard(job_id)
        return True

    def look_up_overdue(self) -> None:
        self.look_ups += 1
        self.jobs -= self.overdue


@pytest.fixture
def analyzers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give every trigger an analyzer of such jobs, and list those that were made."""
    made: list[Analyzer] = []

    def of(*jobs: str, pending: int = 0, errors: list[Exception] | None = None) -> list[Analyzer]:
        left, errors = set(jobs), errors or []

        def make(workspace: Workspace, batch: Any) -> Analyzer:
            assert batch == BATCH
            made.append(Analyzer(workspace, left, pending, errors))
            return made[-1]

        monkeypatch.setattr(video_batch, "video_analyzer", make)
        return made

    monkeypatch.setattr(include.store.plan_batches, "read_plan", lambda s3, uri: [uri])
    monkeypatch.setattr(triggers, "PAUSE_IN_TROUBLE", 0.01)
    monkeypatch.setattr(triggers, "LONG_POLL", 1)
    return of


def fire(trigger: VideoJobsTrigger, limit: float = 20) -> dict[str, Any]:
    async def first() -> Any:
        async for event in trigger.run():
            return event.payload
        return None

    return asyncio.run(asyncio.wait_for(first(), limit))


def notify(aws: Any, job: str, status: str = "SUCCEEDED", envelope: bool = False) -> None:
    body = json.dumps({"JobId": job, "Status": status, "API": "StartLabelDetection", "Timestamp": 1})
    if envelope:
        body = json.dumps({"Type": "Notification", "Message": body})
    aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody=body)


def messages(aws: Any) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = aws.sqs.get_queue_attributes(QueueUrl=aws.queue_url, AttributeNames=names)["Attributes"]
    return sum(int(counts[name]) for name in names)


def test_it_comes_back_from_the_database_as_it_went_in() -> None:
    path, values = a_trigger(last_news=1e9).serialize()
    assert path == "media_lake.triggers.video_jobs_trigger.VideoJobsTrigger"
    again = VideoJobsTrigger(**deserialize(serialize(values)))
    assert again.serialize() == (path, values)
    assert json.loads(json.dumps(values)) == values
    assert len(json.dumps(values)) < 4000


def test_it_works_with_the_settings_and_for_the_run_of_the_task(
    aws: Any, analyzers: Callable[..., Any]
) -> None:
    (made,) = (analyzers("j-1"),)
    notify(aws, "j-1")
    fire(a_trigger())
    assert (made[0].workspace.settings.lease_seconds, made[0].workspace.run) == (77, RUN)


def test_notifications_end_the_wait_and_are_taken(aws: Any, analyzers: Callable[..., Any]) -> None:
    made = analyzers("j-1", "j-2")
    notify(aws, "j-1")
    notify(aws, "j-2", "FAILED", envelope=True)
    event = fire(a_trigger())
    assert sorted(made[0].ended) == [("j-1", "SUCCEEDED"), ("j-2", "FAILED")]
    assert event["last_news"] == pytest.approx(time.time(), abs=10)
    assert "error" not in event
    assert messages(aws) == 0


def test_what_is_no_notification_is_set_aside_and_told_once(
    aws: Any, analyzers: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(triggers, "report_odd_messages", lambda *arguments: told.append(arguments[1:]))
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="media-lake")
    made = analyzers("j-1")
    odd = [body for body in (*BODIES.values(), *NOTIFICATIONS.values()) if body]  # SQS takes no empty one
    for body in odd[:20]:
        aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody=body)
    notify(aws, "j-1")
    for body in odd[20:]:
        aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody=body)
    fire(a_trigger())
    assert made[0].ended == [("j-1", "SUCCEEDED")]
    uris = list_uris(s3, folder("media-lake", "media-lake-jobs"))
    aside = [row for uri in uris for row in get_ndjson(s3, uri)]
    assert len(aside) + messages(aws) == len(odd)
    assert all(row["reason"] for row in aside)
    assert [(queue, dag_id) for queue, _, dag_id in told[:1]] == [("media-lake-jobs", RUN.dag_id)]
    assert len(told) == 1
    assert len(aside) >= 20


def test_nothing_is_looked_up_while_there_are_messages(aws: Any, analyzers: Callable[..., Any]) -> None:
    made = analyzers("j-1")
    notify(aws, "j-1")
    fire(a_trigger())
    assert made[0].look_ups == 0


def test_lost_notifications_are_found_by_looking_up(aws: Any, analyzers: Callable[..., Any]) -> None:
    made = analyzers("j-1", "j-2")
    asyncio.run(_fire_once_overdue(made))


async def _fire_once_overdue(made: list[Analyzer]) -> None:
    trigger = a_trigger()
    first = asyncio.ensure_future(anext(trigger.run()))  # type: ignore[arg-type]
    while not made:
        await asyncio.sleep(0.05)
    made[0].overdue = {"j-1", "j-2"}
    await asyncio.wait_for(first, 20)
    assert made[0].look_ups >= 1


def test_a_batch_that_waits_for_slots_is_given_turns(aws: Any, analyzers: Callable[..., Any]) -> None:
    made = analyzers(pending=3)
    with pytest.raises(TimeoutError):
        fire(a_trigger(), limit=3)
    assert made[0].turns >= 2


def test_trouble_that_passes_is_waited_out_with_another_analyzer(
    aws: Any, analyzers: Callable[..., Any]
) -> None:
    made = analyzers("j-1", errors=[THROTTLED, THROTTLED])
    notify(aws, "j-1")
    assert "error" not in fire(a_trigger())
    assert len(made) == 3


def test_trouble_that_never_passes_ends_with_the_patience(aws: Any, analyzers: Callable[..., Any]) -> None:
    analyzers("j-1", errors=[THROTTLED] * 1000)
    began = time.time()
    assert "error" not in fire(a_trigger(patience=1.0))
    assert time.time() - began >= 1


def test_an_error_that_stays_is_left_to_a_worker(aws: Any, analyzers: Callable[..., Any]) -> None:
    analyzers("j-1", errors=[DENIED])
    assert "AccessDeniedException" in fire(a_trigger())["error"]


def test_a_message_stays_in_the_queue_until_its_end_is_recorded(
    aws: Any, analyzers: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    analyzers("j-1")

    def denied(self: Analyzer, job_id: str, status: str) -> bool:
        raise DENIED

    monkeypatch.setattr(Analyzer, "job_ended", denied)
    notify(aws, "j-1")
    assert "error" in fire(a_trigger())
    assert messages(aws) == 1


def test_it_never_ends_too_soon(aws: Any, analyzers: Callable[..., Any]) -> None:
    analyzers()
    began = time.monotonic()
    fire(a_trigger(min_wait=1.5))
    assert time.monotonic() - began >= 1.5


def test_it_fires_from_time_to_time_so_that_results_are_archived(
    aws: Any, analyzers: Callable[..., Any]
) -> None:
    analyzers("j-1", pending=3)
    assert "error" not in fire(a_trigger(max_wait=0.5))


def test_without_any_news_it_gives_up(aws: Any, analyzers: Callable[..., Any]) -> None:
    analyzers("j-1")
    last_news = time.time() - 88
    assert fire(a_trigger(patience=90, last_news=last_news))["last_news"] == last_news


def test_news_of_other_batches_are_news(aws: Any, analyzers: Callable[..., Any]) -> None:
    """They show that slots move, and that this batch's turn will come."""
    made = analyzers("j-1")
    notify(aws, "other")
    event = fire(a_trigger(last_news=time.time() - 50, max_wait=8))
    assert made[0].ended == [("other", "SUCCEEDED")]
    assert event["last_news"] == pytest.approx(time.time(), abs=10)


def test_the_queue_has_to_exist(aws: Any, analyzers: Callable[..., Any]) -> None:
    analyzers("j-1")
    trigger = a_trigger()
    trigger.settings["jobs_queue"] = "no-such-queue"
    assert "NonExistentQueue" in fire(trigger)["error"]
