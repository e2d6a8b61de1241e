from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.serialization.encoders import encode_trigger

from include.core.settings import load_settings
from media_lake.triggers.waiting_events import EventsWaitingTrigger

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def fresh_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MEDIA_LAKE_EVENTS_QUEUE", "events")
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def test_it_survives_the_database() -> None:
    path, values = EventsWaitingTrigger(poll_seconds=5.0).serialize()
    assert (path, values) == (
        "media_lake.triggers.waiting_events.EventsWaitingTrigger",
        {"poll_seconds": 5.0},
    )
    assert encode_trigger(EventsWaitingTrigger())["classpath"] == path


async def first(seconds: float = 20.0) -> Any:
    events = EventsWaitingTrigger(poll_seconds=0.1).run()
    return (await asyncio.wait_for(anext(events), seconds)).payload


async def test_it_fires_while_messages_wait_and_takes_none(aws: Any) -> None:
    url = aws.sqs.create_queue(QueueName="events")["QueueUrl"]
    for number in range(3):
        aws.sqs.send_message(QueueUrl=url, MessageBody=str(number))
    events = EventsWaitingTrigger(poll_seconds=0.1).run()
    for _ in range(2):
        assert (await asyncio.wait_for(anext(events), 20)).payload == {"waiting": 3}
    received = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])[
        "Messages"
    ]
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in received} == {"1"}
    assert len(received) == 3


async def test_it_waits_for_messages(aws: Any) -> None:
    url = aws.sqs.create_queue(QueueName="events")["QueueUrl"]
    waiting = asyncio.create_task(first())
    await asyncio.sleep(1)
    assert not waiting.done()
    aws.sqs.send_message(QueueUrl=url, MessageBody="x")
    assert await waiting == {"waiting": 1}


async def test_a_queue_that_is_made_later_is_found(aws: Any) -> None:
    """A deployment without events has none; nothing may fail for that."""
    waiting = asyncio.create_task(first())
    await asyncio.sleep(1)
    assert not waiting.done()
    url = aws.sqs.create_queue(QueueName="events")["QueueUrl"]
    aws.sqs.send_message(QueueUrl=url, MessageBody="x")
    assert await waiting == {"waiting": 1}
