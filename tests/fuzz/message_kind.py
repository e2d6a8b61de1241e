"""Messages of both queues, and lines of stored events."""

from __future__ import annotations

import json
from dataclasses import asdict
from random import Random
from typing import Any

import orjson
from pydantic import ValidationError

from include.core.run import is_day
from include.discover.events import Event, events_of
from include.store.job_ends import job_end, job_end_item
from include.store.messages import UnreadableMessageError
from tests.fuzz.mutations import changed_text, changed_value
from tests.odd_messages import BODIES, NOTIFICATIONS, S3_EVENTS, s3_event

_FROM_EVENT_BRIDGE = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "time": "2026-11-20T10:00:00Z",
    "detail": {
        "bucket": {"name": "media-lake"},
        "object": {"key": "in/a.jpg", "size": 9, "etag": "0" * 32, "sequencer": "0A"},
    },
}
_JOB_END = {
    "JobId": "a" * 64,
    "Status": "SUCCEEDED",
    "API": "StartLabelDetection",
    "Timestamp": 1,
    "Video": {},
}
_ENVELOPE = {"Type": "Notification", "Message": s3_event(), "MessageId": "m"}
_VALUES: list[Any] = [
    *[json.loads(s3_event())] * 4, *[_FROM_EVENT_BRIDGE] * 4, *[_JOB_END] * 4, _ENVELOPE,
    {"Event": "s3:TestEvent"},
]  # fmt: skip
_LONG = 20_000
_TEXTS = [
    body
    for body in (*BODIES.values(), *S3_EVENTS.values(), *NOTIFICATIONS.values(), json.dumps(_ENVELOPE))
    if len(body) < _LONG
]
_STORED = asdict(
    Event(
        bucket="media-lake", key="in/a.jpg", etag="0" * 32, size=9, at="2026-11-20T10:00:00.000+00:00",
        sequencer="0A", removed=False,
    )
)  # fmt: skip


def make(random: Random) -> str:
    """Return a body: changed as text, as a value, or a value within an envelope."""
    roll = random.random()
    if roll < 0.3:
        return changed_text(random.choice(_TEXTS), random)
    value = changed_value(random.choice([*_VALUES, _STORED]), random)
    body = json.dumps(value, ensure_ascii=random.random() < 0.5)
    if roll < 0.5:
        return json.dumps(changed_value(_ENVELOPE | {"Message": body}, random, rate=0.02))
    return changed_text(body, random) if roll < 0.6 else body


def check(body: str) -> None:
    """Read a body as each queue does."""
    events, problem = events_of(body)
    for event in events:
        assert is_day(event.day), event.day
        assert Event(**orjson.loads(orjson.dumps(asdict(event)))) == event
    orjson.dumps(problem)
    try:
        job, status, ended_at = job_end(body)
    except UnreadableMessageError as error:
        str(error).encode()
    else:
        json.dumps(job_end_item(job, status, 0.0, ended_at)).encode()
    _check_stored(body)


def _check_stored(body: str) -> None:
    try:
        row = orjson.loads(body)
        event = Event(**row)
    except (orjson.JSONDecodeError, TypeError, ValidationError):
        return
    assert is_day(event.day), event.day
