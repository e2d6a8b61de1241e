"""The queue into which S3 puts its events. No event is lost, and a repeated one does no harm.

A message is deleted only after its events are kept. If the process dies before that, SQS delivers the message
again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from include.discover.events import (
    Event,
    events_of,
    keep_events,
    marked_days,
)
from include.store.messages import OddMessage, set_aside
from include.store.workspace import Deployment

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef, MessageTypeDef

log = logging.getLogger(__name__)

_RECEIVERS = 8
_CHUNK = 2000  # messages kept together: one object for each of their days
_HIDDEN_SECONDS = 300
_MOST_IN_A_REQUEST = 10


class Recorded(NamedTuple):
    """What came of the messages.

    :param days: days to discover, in order: ``[{day, marks}, ...]``.
    :param unreadable: messages that were set aside.
    """

    days: list[dict[str, Any]]
    unreadable: int


def record_events(deployment: Deployment, mark: str, seconds: float = 300.0) -> Recorded:
    """Empty the events' queue into the lake and return the days to discover, also those left over.

    Events of objects that belong to no source with ``discovery: events`` are dropped, so what the lake writes
    into its own bucket never feeds back.

    :param mark: see :func:`include.discover.events.keep_events`.
    :param seconds: stop after this long even if messages keep coming; the next run goes on.
    """
    sqs: SQSClient = deployment.aws.client("sqs")
    s3, bucket = deployment.s3, deployment.settings.bucket
    url = sqs.get_queue_url(QueueName=deployment.settings.events_queue)["QueueUrl"]
    sources = [
        (source.bucket or bucket, source.prefix)
        for source in deployment.lake.sources
        if source.discovery == "events"
    ]
    counts = dict.fromkeys(("messages", "events", "foreign", "unreadable"), 0)
    for messages in _chunks(sqs, url, time.monotonic() + seconds):
        events, unreadable = _read(messages)
        ours = [event for event in events if _belongs(event, sources)]
        days = keep_events(s3, bucket, ours, mark)
        set_aside(s3, bucket, deployment.settings.events_queue, unreadable)
        _delete(sqs, url, messages)
        counts["messages"] += len(messages)
        counts["events"] += len(ours)
        counts["foreign"] += len(events) - len(ours)
        counts["unreadable"] += len(unreadable)
        log.info("kept %d events of %s", len(ours), ", ".join(days) or "no day")
    log.info(
        "%d messages: %d events, %d of objects outside all sources with discovery: events, %d unreadable",
        *counts.values(),
    )
    to_discover = [{"day": day, "marks": marks} for day, marks in sorted(marked_days(s3, bucket).items())]
    return Recorded(to_discover, counts["unreadable"])


def _chunks(sqs: SQSClient, url: str, deadline: float) -> Iterator[list[MessageTypeDef]]:
    """Yield messages until every receiver comes back with nothing."""
    chunk: list[MessageTypeDef] = []
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


def _receive(sqs: SQSClient, url: str) -> list[MessageTypeDef]:
    reply = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=_MOST_IN_A_REQUEST,
        VisibilityTimeout=_HIDDEN_SECONDS,
        WaitTimeSeconds=1,
    )
    return reply.get("Messages", [])


def _read(messages: list[MessageTypeDef]) -> tuple[list[Event], list[OddMessage]]:
    events: list[Event] = []
    unreadable = []
    for message in messages:
        found, problem = events_of(message["Body"])
        events += found
        if problem:
            log.warning("a message is no event of S3 and is set aside: %s", problem)
            unreadable.append(OddMessage(message["Body"], problem))
    return events, unreadable


def _belongs(event: Event, sources: list[tuple[str, str]]) -> bool:
    return any(event.bucket == bucket and event.key.startswith(prefix) for bucket, prefix in sources)


def _delete(sqs: SQSClient, url: str, messages: list[MessageTypeDef]) -> None:
    for start in range(0, len(messages), _MOST_IN_A_REQUEST):
        entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages[start : start + _MOST_IN_A_REQUEST])
        ]
        failed = sqs.delete_message_batch(QueueUrl=url, Entries=entries).get("Failed", [])
        if failed:
            log.warning("%d messages were not deleted and will come again: %s", len(failed), failed[0])
