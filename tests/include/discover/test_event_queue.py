from __future__ import annotations

import json
from datetime import date
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from include.core.lake import Lake
from include.core.run import Run
from include.discover import event_queue
from include.discover.event_queue import record_events
from include.discover.events import list_from_events
from include.store.messages import folder
from include.store.objects import get_ndjson, list_uris
from tests.include.discover.conftest import a_lake
from tests.include.discover.test_events import message, record
from tests.odd_messages import BODIES, S3_EVENTS
from tests.workspaces import make_workspace

LAKE = a_lake({"discovery": "events", "prefix": "in/"}, {"name": "other"})


class Queue:
    """SQS. A message that was received and not deleted comes again once it is no longer hidden."""

    def __init__(self, *bodies: str) -> None:
        self.messages = {str(number): body for number, body in enumerate(bodies)}
        self.hidden: set[str] = set()
        self.refused: set[str] = set()

    def get_queue_url(self, QueueName: str) -> Any:
        return {"QueueUrl": f"https://{QueueName}"}

    def receive_message(self, MaxNumberOfMessages: int, **_: Any) -> Any:
        taken = [handle for handle in list(self.messages) if handle not in self.hidden][:MaxNumberOfMessages]
        self.hidden |= set(taken)
        return {"Messages": [{"Body": self.messages[handle], "ReceiptHandle": handle} for handle in taken]}

    def delete_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> Any:
        assert len(Entries) <= 10
        for item in Entries:
            if item["ReceiptHandle"] not in self.refused:
                self.messages.pop(item["ReceiptHandle"])
        return {"Failed": [item for item in Entries if item["ReceiptHandle"] in self.refused]}


@pytest.fixture(autouse=True)
def one_receiver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_queue, "_RECEIVERS", 1)


def recorded(queue: Queue, s3: Any, lake: Lake = LAKE, **changes: Any) -> list[str]:
    run = Run("media-lake", "discover_events", "r", "2026-11-20")
    deployment = make_workspace(run, boto3.Session(), lake=lake, s3=s3, sqs=queue)
    return [found["day"] for found in record_events(deployment, **({"mark": "run"} | changes)).days]


def keys(s3: Any) -> list[str]:
    found = list_from_events(s3, LAKE.sources[0], "media-lake", "media-lake", date(2026, 11, 20))
    return [item.key for item in found]


def test_the_queue_is_emptied_and_the_days_are_returned(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_queue, "_CHUNK", 20)
    bodies = [message(record(f"in/{number:03d}.jpg")) for number in range(95)]
    late = message(record("in/late.jpg", at="2026-11-18T10:00:00Z"))
    queue = Queue(*bodies, bodies[3], late, json.dumps({"Event": "s3:TestEvent"}))
    assert recorded(queue, s3) == ["2026-11-18", "2026-11-20"]
    assert queue.messages == {}
    assert keys(s3) == [f"in/{number:03d}.jpg" for number in range(95)]


def test_what_belongs_to_no_source_leaves_no_trace(s3: Any) -> None:
    """The lake's own writes may be reported too: were they kept, each would cause the next."""
    queue = Queue(
        message(record("events/dt=2026-11-20/x.ndjson.gz")), message(record("raw/sample/2026/11/20/a.jpg"))
    )
    assert recorded(queue, s3) == []
    assert (queue.messages, list_uris(s3, "s3://media-lake/events/")) == ({}, [])


def test_odd_messages_are_set_aside_with_their_reasons_and_hold_nothing_back(
    s3: Any, caplog: pytest.LogCaptureFixture
) -> None:
    odd = [*BODIES.values(), *S3_EVENTS.values()]
    middle = len(odd) // 2
    queue = Queue(*odd[:middle], message(record("in/a.jpg")), *odd[middle:])
    assert recorded(queue, s3) == ["2026-11-20"]
    assert (queue.messages, keys(s3)) == ({}, ["in/a.jpg"])
    (uri,) = list_uris(s3, folder("media-lake", "media-lake-events"))
    aside = list(get_ndjson(s3, uri))
    assert len(aside) == len(odd)
    assert all(row["reason"] for row in aside)
    assert caplog.text.count("is no event of S3") == len(odd)
    assert not [row["body"] for row in aside if len(row["body"]) > 20 and row["body"][:200] in caplog.text]


class Dies(Exception):
    pass


@pytest.mark.parametrize("survived", range(4))
def test_a_process_that_dies_loses_nothing(s3: Any, survived: int) -> None:
    """It dies before its first, second, third or fourth write; the messages are back for the next attempt."""
    queue = Queue(message(record("in/a.jpg")), message(record("in/b.jpg", at="2026-11-19T10:00:00Z")))
    writes = 0

    def put_object(**request: Any) -> Any:
        nonlocal writes
        if writes == survived:
            raise Dies
        writes += 1
        return s3.put_object(**request)

    with pytest.raises(Dies):
        recorded(queue, SimpleNamespace(put_object=put_object, get_paginator=s3.get_paginator))
    assert len(queue.messages) == 2
    queue.hidden.clear()
    assert recorded(queue, s3) == ["2026-11-19", "2026-11-20"]
    assert keys(s3) == ["in/a.jpg"]


def test_days_of_a_run_that_died_after_deleting_its_messages_are_left_over(s3: Any) -> None:
    recorded(Queue(message(record("in/a.jpg"))), s3, mark="died")
    assert recorded(Queue(), s3, mark="next") == ["2026-11-20"]


def test_a_message_that_is_not_deleted_comes_again_and_does_no_harm(s3: Any) -> None:
    queue = Queue(message(record("in/a.jpg")), message(record("in/b.jpg")))
    queue.refused = {"0"}
    recorded(queue, s3)
    assert list(queue.messages) == ["0"]
    queue.hidden.clear()
    queue.refused.clear()
    assert recorded(queue, s3) == ["2026-11-20"]
    assert keys(s3) == ["in/a.jpg", "in/b.jpg"]


def test_an_endless_stream_ends_for_this_run(s3: Any) -> None:
    queue = Queue(*[message(record(f"in/{number}.jpg")) for number in range(30)])
    assert recorded(queue, s3, seconds=0) == []
    assert len(queue.messages) == 30
