from __future__ import annotations

import gzip
import json
from dataclasses import asdict
from datetime import date
from itertools import permutations
from typing import Any
from urllib.parse import quote_plus

import pytest

from include.discover.events import (
    Event,
    events_of,
    keep_events,
    list_from_events,
    marked_days,
    remove_marks,
)
from include.store.objects import list_uris, put, put_ndjson
from tests.include.discover.conftest import a_lake
from tests.odd_messages import BODIES, S3_EVENTS

DAY = date(2026, 11, 20)
SOURCE = a_lake({"discovery": "events", "prefix": "in/"}).sources[0]


def record(
    key: str, name: str = "ObjectCreated:Put", at: str = "2026-11-20T10:00:00.000Z", **thing: Any
) -> Any:
    """One record of a message, as S3 sends it."""
    described = {
        "key": quote_plus(key, safe="/"),
        "size": 9,
        "eTag": "0" * 32,
        "sequencer": "0055AED6DCD90281E5",
    }
    return {
        "eventVersion": "2.3",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": at,
        "eventName": name,
        "s3": {"bucket": {"name": "media-lake"}, "object": described | thing},
    }


def message(*records: Any) -> str:
    return json.dumps({"Records": records})


def test_an_event_of_s3() -> None:
    ((event,), _) = events_of(message(record("in/a b+c%/é.jpg")))
    assert event == Event(
        "media-lake",
        "in/a b+c%/é.jpg",
        "0" * 32,
        9,
        "2026-11-20T10:00:00.000+00:00",
        "0055AED6DCD90281E5",
        False,
    )
    assert event.day == "2026-11-20"


def test_an_event_through_sns() -> None:
    body = json.dumps({"Type": "Notification", "Message": message(record("in/a.jpg"))})
    assert [event.key for event in events_of(body)[0]] == ["in/a.jpg"]


@pytest.mark.parametrize(("name", "removed"), [("Object Created", False), ("Object Deleted", True)])
def test_an_event_of_event_bridge_has_its_key_as_it_is(name: str, removed: bool) -> None:
    thing = {"key": "in/a+b%20c.jpg", "size": 5, "etag": "e1", "sequencer": "00617F08299329D189"}
    body = {
        "version": "0",
        "detail-type": name,
        "source": "aws.s3",
        "time": "2026-11-20T10:00:00Z",
        "detail": {"version": "0", "bucket": {"name": "media-lake"}, "object": thing},
    }
    ((event,), _) = events_of(json.dumps(body))
    assert (event.key, event.removed, event.etag) == ("in/a+b%20c.jpg", removed, "e1")


@pytest.mark.parametrize(
    ("name", "removed"),
    [
        ("ObjectCreated:CompleteMultipartUpload", False),
        ("ObjectRemoved:Delete", True),
        ("ObjectRemoved:DeleteMarkerCreated", True),
        ("LifecycleExpiration:Delete", True),
    ],
)
def test_objects_come_and_go(name: str, removed: bool) -> None:
    ((event,), _) = events_of(message(record("in/a.jpg", name)))
    assert event.removed is removed


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "media-lake"}),
        message(record("in/a.jpg", "ObjectTagging:Put")),
        message(),
    ],
)
def test_what_is_no_coming_or_going(body: str) -> None:
    assert events_of(body) == ([], None)


ODD = {**BODIES, **S3_EVENTS}


@pytest.mark.parametrize("name", ODD)
def test_something_else_has_a_reason(name: str) -> None:
    events, problem = events_of(ODD[name])
    assert events == []
    assert problem
    json.dumps(problem).encode()


def test_a_good_record_beside_a_bad_one_is_read() -> None:
    events, problem = events_of(message(record("in/a.jpg", size=-1), record("in/b.jpg"), 7))
    assert [event.key for event in events] == ["in/b.jpg"]
    assert problem


def an_event(
    key: str = "in/a.jpg", sequencer: str = "10", at: str = "2026-11-20T10:00:00+00:00", **changes: Any
) -> Event:
    return Event(**({"bucket": "media-lake", "key": key, "etag": f"e{sequencer}", "size": 1, "at": at,
                     "sequencer": sequencer, "removed": False} | changes))  # fmt: skip


def found(s3: Any) -> list[tuple[str, str, str | None]]:
    listed = list_from_events(s3, SOURCE, "media-lake", "media-lake", DAY)
    return [(item.key, item.etag, item.defect.code if item.defect else None) for item in listed]


def test_events_are_kept_by_day_and_a_repetition_changes_nothing(s3: Any) -> None:
    events = [an_event(), an_event("in/b.jpg"), an_event("in/c.jpg", at="2026-11-21T00:00:00+00:00")]
    assert keep_events(s3, "media-lake", events, "run-1") == ["2026-11-20", "2026-11-21"]
    once = list_uris(s3, "s3://media-lake/events/")
    keep_events(s3, "media-lake", [*reversed(events), *events], "run-1")
    assert list_uris(s3, "s3://media-lake/events/") == once
    assert found(s3) == [("in/a.jpg", "e10", None), ("in/b.jpg", "e10", None)]


CHANGES = [
    an_event(sequencer="10"),
    an_event(sequencer="2"),
    an_event(sequencer="15", removed=True, etag="", size=0),
]


@pytest.mark.parametrize("order", list(permutations(CHANGES)))
def test_the_order_of_arrival_does_not_matter(s3: Any, order: tuple[Event, ...]) -> None:
    """Sequencers are filled up at the right: 15 is before 2."""
    for number, event in enumerate(order):
        keep_events(s3, "media-lake", [event], f"run-{number}")
    assert found(s3) == [("in/a.jpg", "e2", None)]


def test_an_object_that_was_removed_is_there_as_deleted(s3: Any) -> None:
    gone = an_event(sequencer="11", removed=True, etag="", size=0)
    never_seen = an_event("in/b.jpg", removed=True, etag="", size=0)
    keep_events(s3, "media-lake", [gone, an_event(), never_seen], "run")
    assert found(s3) == [("in/a.jpg", "e10", "Deleted")]


def test_events_of_other_buckets_prefixes_and_days_are_others(s3: Any) -> None:
    others = [an_event(bucket="other"), an_event("out/a.jpg"), an_event(at="2026-11-19T23:59:59+00:00")]
    keep_events(s3, "media-lake", others, "run")
    assert found(s3) == []


def test_a_day_is_that_of_utc() -> None:
    assert events_of(message(record("a", at="2026-11-20T23:30:00-05:00")))[0][0].day == "2026-11-21"


def test_marks_stay_until_they_are_removed(s3: Any) -> None:
    keep_events(s3, "media-lake", [an_event()], "manual__2026-11-20T10:00:00+00:00")
    keep_events(s3, "media-lake", [an_event("in/b.jpg")], "run-2")
    days = marked_days(s3, "media-lake")
    assert {day: len(marks) for day, marks in days.items()} == {"2026-11-20": 2}
    keep_events(s3, "media-lake", [an_event("in/c.jpg")], "run-3")
    remove_marks(s3, "media-lake", days["2026-11-20"])
    (mark,) = marked_days(s3, "media-lake")["2026-11-20"]
    assert mark.endswith("/run-3")


def test_stored_lines_that_are_no_events_do_not_stop_their_day(
    s3: Any, caplog: pytest.LogCaptureFixture
) -> None:
    keep_events(s3, "media-lake", [an_event()], "run")
    good = asdict(an_event("in/b.jpg"))
    odd = [
        good | {"sequencer": 5},
        good | {"key": None},
        good | {"size": "9"},
        good | {"at": "later"},
        {"key": "in/c"},
    ]
    put_ndjson(s3, "s3://media-lake/events/dt=2026-11-20/odd.ndjson.gz", iter([*odd, good]))
    assert [key for key, _, _ in found(s3)] == ["in/a.jpg", "in/b.jpg"]
    assert "5 stored lines of 2026-11-20 are no events" in caplog.text


@pytest.mark.parametrize(
    "body", [b"not gzip", gzip.compress(b"{}\n" * 50, mtime=0)[:-9], gzip.compress(b"{\n", mtime=0), b""]
)
def test_a_stored_object_that_is_damaged_does_not_stop_its_day(
    s3: Any, caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    keep_events(s3, "media-lake", [an_event()], "run")
    damaged = "s3://media-lake/events/dt=2026-11-20/damaged.ndjson.gz"
    put(s3, damaged, body)
    assert [key for key, _, _ in found(s3)] == ["in/a.jpg"]
    assert (damaged in caplog.text) == bool(body)
