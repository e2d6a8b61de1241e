"""Events of S3: what they say, and where the lake keeps them.

S3 sends an event at least once, and events in any order. The lake keeps them by the day of the event, in UTC,
as gzip-compressed NDJSON::

    events/dt=2026-11-20/<digest of the content>.ndjson.gz
    events/undiscovered/dt=2026-11-20/<name>           a mark: the manifest of the day may lack some of its
                                                       events

The digest in the name makes a repeated event replace itself. An event line is ``{bucket, key, etag, size, at,
sequencer, removed}``; sequencers tell which of two events of a key was later
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html).
"""

from __future__ import annotations

import gzip
import logging
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote_plus

from pydantic import AfterValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from include.core.lake import Source
from include.core.media_facts import Defect
from include.discover.listed_object import ListedObject
from include.store.messages import UnreadableMessageError, reason_of, unwrapped
from include.store.objects import Row, get_ndjson, list_uris, put_by_digest

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger(__name__)

_MOST_KEY_BYTES = 1024
_FIRST_EVENT = datetime(2006, 3, 14, tzinfo=UTC)  # the day on which S3 began
_MARKS = "events/undiscovered/"
_READERS = 8
# What reading raises that is not gzip, is cut short, or holds no JSON.
_DAMAGE = (gzip.BadGzipFile, EOFError, zlib.error, ValueError)
_DELETED = Defect("Deleted", "S3 reported that the object was deleted")
_CREATED = ("ObjectCreated:", "Object Created")
_REMOVED = ("ObjectRemoved:", "LifecycleExpiration:", "Object Deleted")


def _storable(key: str) -> str:
    if len(key.encode()) > _MOST_KEY_BYTES:
        raise ValueError(f"a key has at most {_MOST_KEY_BYTES} bytes")
    return key


def _in_the_past(at: str) -> str:
    when = datetime.fromisoformat(at)
    if when.tzinfo is None or not _FIRST_EVENT <= when <= datetime.now(UTC) + timedelta(days=1):
        raise ValueError("the time is before S3 existed or in the future, or has no zone")
    return at


@pydantic_dataclass(frozen=True, config=ConfigDict(strict=True))
class Event:
    """An object was created or removed. Its members are checked whenever one is made, also from the store.

    :param etag: without quotes; empty if it was removed.
    :param at: time of the event, ISO 8601, UTC.
    :param sequencer: hexadecimal at AWS, of any length; compared as text.
    """

    bucket: Annotated[str, Field(min_length=3, max_length=255)]
    key: Annotated[str, Field(min_length=1), AfterValidator(_storable)]
    etag: Annotated[str, Field(pattern=r"^[!-~]*$", max_length=256)]
    size: Annotated[int, Field(ge=0, lt=2**63)]
    at: Annotated[str, AfterValidator(_in_the_past)]
    sequencer: Annotated[str, Field(pattern=r"^[!-~]*$", max_length=256)]
    removed: bool

    @property
    def day(self) -> str:
        return datetime.fromisoformat(self.at).astimezone(UTC).date().isoformat()


def events_of(body: str) -> tuple[list[Event], str | None]:
    """Return the events of a message that S3 sent itself, through SNS or through EventBridge.

    Events about anything but an object's creation and removal are left out.

    :return: the events, and what is wrong with the message or with one of its records, or None.
    """
    try:
        message = unwrapped(body)
    except UnreadableMessageError as error:
        return [], str(error)
    if message.get("Event") == "s3:TestEvent":  # S3 sends one when notifications are configured
        return [], None
    if message.get("source") == "aws.s3":
        return _events([message], _from_event_bridge)
    records = message.get("Records")
    return _events(records, _from_s3) if isinstance(records, list) else ([], "it has no list Records")


def _events(records: Iterable[Any], read: Callable[[Any], Event | None]) -> tuple[list[Event], str | None]:
    """Return the events of the records that can be read, and why the last of the others cannot."""
    events, problem = [], None
    for record in records:
        try:
            event = read(record)
        except Exception as error:
            problem = reason_of(error)
        else:
            events.extend([event] if event else [])
    return events, problem


def _from_s3(record: Mapping[str, Any]) -> Event | None:
    thing = record["s3"]["object"]
    # Keys are URL-encoded as forms are, here and not in EventBridge.
    key = unquote_plus(thing["key"], errors="strict")
    return _event(
        record["eventName"],
        record["s3"]["bucket"]["name"],
        key,
        thing.get("eTag"),
        thing,
        record["eventTime"],
    )


def _from_event_bridge(message: Mapping[str, Any]) -> Event | None:
    detail = message["detail"]
    thing = detail["object"]
    return _event(
        message["detail-type"],
        detail["bucket"]["name"],
        thing["key"],
        thing.get("etag"),
        thing,
        message["time"],
    )


def _event(
    name: str, bucket: str, key: str, etag: str | None, thing: Mapping[str, Any], at: str
) -> Event | None:
    """Make an event, or return None if it is not about an object's creation or removal.

    :raises ValueError: if it has no readable time, or an object was created without an ETag.
    """
    removed = name.startswith(_REMOVED)
    if not (removed or name.startswith(_CREATED)):
        return None
    if not (removed or etag):
        raise ValueError(f"{name} has no ETag")
    when = datetime.fromisoformat(at)
    if when.tzinfo is None:
        raise ValueError(f"the time {at!r} has no zone")
    return Event(
        bucket=bucket,
        key=key,
        etag=(etag or "").strip('"'),
        size=0 if removed else thing.get("size", 0),
        at=when.astimezone(UTC).isoformat(timespec="milliseconds"),
        sequencer=thing.get("sequencer", ""),
        removed=removed,
    )


def keep_events(s3: S3Client, lake_bucket: str, events: Iterable[Event], mark: str) -> list[str]:
    """Keep events durably and mark their days; return the days.

    :param mark: name of the mark: the same for every attempt of one task instance.
    """
    by_day: dict[str, set[Event]] = {}
    for event in events:
        by_day.setdefault(event.day, set()).add(event)
    for day, kept in by_day.items():
        put_by_digest(s3, f"s3://{lake_bucket}/events/dt={day}/", [asdict(event) for event in kept])
        s3.put_object(Bucket=lake_bucket, Key=f"{_MARKS}dt={day}/{mark}", Body=b"")
    return sorted(by_day)


def marked_days(s3: S3Client, lake_bucket: str) -> dict[str, list[str]]:
    """Return the days with events that their manifests may lack, each with the keys of its marks."""
    days: dict[str, list[str]] = {}
    for uri in list_uris(s3, f"s3://{lake_bucket}/{_MARKS}dt="):
        key = uri.removeprefix(f"s3://{lake_bucket}/")
        day = key.removeprefix(f"{_MARKS}dt=").partition("/")[0]
        days.setdefault(day, []).append(key)
    return days


def remove_marks(s3: S3Client, lake_bucket: str, keys: Sequence[str]) -> None:
    """Remove marks once their day is discovered."""
    for key in keys:
        s3.delete_object(Bucket=lake_bucket, Key=key)


@dataclass
class _History:
    """The latest events of one key."""

    created: Event | None = None
    removed: Event | None = None

    @property
    def is_removed(self) -> bool:
        """Whether the object was removed after it was last created."""
        if self.created is None or self.removed is None:
            return self.removed is not None
        return _later(self.removed, self.created)

    def add(self, event: Event) -> None:
        latest = self.removed if event.removed else self.created
        if latest is None or _later(event, latest):
            if event.removed:
                self.removed = event
            else:
                self.created = event


def list_from_events(
    s3: S3Client, source: Source, bucket: str, lake_bucket: str, day: date
) -> Iterator[ListedObject]:
    """Yield the objects of a source that S3 reported as created on a day, as they were last; ordered by key.

    An object that was removed later on the same day has that as its defect. The latest events of every key of
    the day are held in memory, some 400 bytes each.
    """
    histories: dict[str, _History] = {}
    for event in _stored_events(s3, lake_bucket, day):
        if event.bucket == bucket and event.key.startswith(source.prefix):
            histories.setdefault(event.key, _History()).add(event)
    for _, history in sorted(histories.items()):
        if created := history.created:
            yield ListedObject(
                source=source,
                bucket=bucket,
                key=created.key,
                etag=created.etag,
                size=created.size,
                last_modified=datetime.fromisoformat(created.at),
                defect=_DELETED if history.is_removed else None,
            )


def _stored_events(s3: S3Client, lake_bucket: str, day: date) -> Iterator[Event]:
    """Yield the events of a day; lines that are none, which others or older versions wrote, are left out."""
    odd, example = 0, ""
    for row in _rows_of_day(s3, lake_bucket, day):
        try:
            yield Event(**row)
        except (TypeError, ValidationError) as error:
            odd, example = odd + 1, example or reason_of(error)
    if odd:
        log.warning("%d stored lines of %s are no events and were left out: %s", odd, day, example)


def _rows_of_day(s3: S3Client, lake_bucket: str, day: date) -> Iterator[Row]:
    """Yield the event lines of a day, a few objects at a time."""
    uris = list_uris(s3, f"s3://{lake_bucket}/events/dt={day.isoformat()}/")
    with ThreadPoolExecutor(_READERS) as pool:
        for start in range(0, len(uris), _READERS):
            for rows in pool.map(lambda uri: _rows_of(s3, uri), uris[start : start + _READERS]):
                yield from rows


def _rows_of(s3: S3Client, uri: str) -> list[Row]:
    """Return the lines of an object of events, as far as it can be read: others may write to the bucket."""
    rows: list[Row] = []
    try:
        rows.extend(get_ndjson(s3, uri))
    except _DAMAGE as error:
        log.warning("%s cannot be read after %d lines; its other events are lost: %s", uri, len(rows), error)
    return rows


def _later(one: Event, other: Event) -> bool:
    """Return whether an event came after another of the same key. Zeros fill up the shorter sequencer."""
    length = max(len(one.sequencer), len(other.sequencer))
    return (one.sequencer.ljust(length, "0"), one.at) > (other.sequencer.ljust(length, "0"), other.at)
