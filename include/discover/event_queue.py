"""The queue into which S3 puts its events: emptied so that no event is lost and a repetition does no harm.

A message is deleted only after its events are kept; whoever dies before that leaves it to be received again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from include.core.lake import Lake
from include.discover.events import (
    Event,
    UnreadableMessageError,
    events_of,
    keep_events,
    keep_unreadable,
    marked_days,
)

log = logging.getLogger(__name__)

_RECEIVERS = 8
_CHUNK = 2000  # messages kept together: one object for each of their days
_HIDDEN_SECONDS = 300
_MOST_IN_A_REQUEST = 10

Message = dict[str, str]


def record_events(
    sqs: Any, s3: Any, lake: Lake, lake_bucket: str, queue: str, mark: str, seconds: float = 300.0
) -> list[dict[str, Any]]:
    """Empty the queue into the lake and return the days to discover: those with new events, and those left over.

    Events of objects that belong to no source with ``discovery: events`` are dropped; so what the lake writes into its
    own bucket never feeds back.

    :param queue: name of the queue.
    :param mark: see :func:`include.discover.events.keep_events`.
    :param seconds: stop after this long even if messages keep coming; the next run goes on.
    :return: ``[{day, marks}, ...]``, in order.
    """
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    sources = [
        (source.bucket or lake_bucket, source.prefix)
        for source in lake.sources
        if source.discovery == "events"
    ]
    counts = dict.fromkeys(("messages", "events", "foreign", "unreadable"), 0)
    for messages in _chunks(sqs, url, time.monotonic() + seconds):
        events, unreadable = _read(messages)
        ours = [event for event in events if _belongs(event, sources)]
        days = keep_events(s3, lake_bucket, ours, mark)
        keep_unreadable(s3, lake_bucket, unreadable)
        _delete(sqs, url, messages)
        counts["messages"] += len(messages)
        counts["events"] += len(ours)
        counts["foreign"] += len(events) - len(ours)
        counts["unreadable"] += len(unreadable)
        log.info("kept %d events of %s", len(ours), ", ".join(days) or "no day")
    log.info(
        "%d messages: %d events, %d of objects that belong to no source with discovery: events, %d unreadable messages",
        *counts.values(),
    )
    if counts["unreadable"]:
        log.warning("messages that are no events of S3 are in s3://%s/events/unreadable/", lake_bucket)
    return [{"day": day, "marks": marks} for day, marks in sorted(marked_days(s3, lake_bucket).items())]


def _chunks(sqs: Any, url: str, deadline: float) -> Iterator[list[Message]]:
    """Yield messages until every receiver comes back with nothing."""
    chunk: list[Message] = []
    with ThreadPoolExecutor(_RECEIVERS) as pool:
        while time.monotonic() < deadline:
            received = [
                message
                for messages in pool.map(lambda _: _receive(sqs, url), range(_RECEIVERS))
                for message in messages
            ]
            chunk += received
            if chunk and (len(chunk) >= _CHUNK or not received):
                yield chunk
                chunk = []
            if not received:
                return
    if chunk:
        yield chunk


def _receive(sqs: Any, url: str) -> list[Message]:
    reply = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=_MOST_IN_A_REQUEST,
        VisibilityTimeout=_HIDDEN_SECONDS,
        WaitTimeSeconds=1,
    )
    return reply.get("Messages", [])


def _read(messages: list[Message]) -> tuple[list[Event], list[str]]:
    events: list[Event] = []
    unreadable = []
    for message in messages:
        try:
            events += events_of(message["Body"])
        except UnreadableMessageError as error:
            log.warning("no event of S3 (%s): %.200s", error, message["Body"])
            unreadable.append(message["Body"])
    return events, unreadable


def _belongs(event: Event, sources: list[tuple[str, str]]) -> bool:
    return any(event.bucket == bucket and event.key.startswith(prefix) for bucket, prefix in sources)


def _delete(sqs: Any, url: str, messages: list[Message]) -> None:
    for start in range(0, len(messages), _MOST_IN_A_REQUEST):
        entries = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages[start : start + _MOST_IN_A_REQUEST])
        ]
        failed = sqs.delete_message_batch(QueueUrl=url, Entries=entries).get("Failed", [])
        if failed:
            log.warning("%d messages were not deleted and will be received again: %s", len(failed), failed[0])
