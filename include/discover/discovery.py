"""Write the manifest of a day: every object that was found, with what its headers say.

Memory does not grow with the day: headers are read while objects are listed, a window at a time, and rows go
to a file in row groups. If the day has a manifest already, the facts of unchanged objects come from it, so
discovering a day again reads only what is new.
"""

from __future__ import annotations

import io
import logging
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from datetime import UTC
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from include.core.errors import (
    ARCHIVED_OBJECT,
    CHANGED_OBJECT,
    DENIED,
    NO_OBJECT,
    NOT_ALLOWED,
    TransientError,
    advice_for,
    code_and_message,
    error_code,
    is_transient,
)
from include.core.features import MEBIBYTE
from include.core.media_facts import Defect, MediaFacts
from include.core.printable import escaped
from include.discover.formats import media_type_of_name
from include.discover.listed_object import ListedObject
from include.discover.listing import list_media
from include.discover.media_probe import probe
from include.store.content_identity import identity_by_checksum, identity_by_etag, is_md5
from include.store.manifest import MANIFEST_SCHEMA
from include.store.object_reader import S3ObjectReader
from include.store.objects import Row, split_uri
from include.store.parquet import write_parquet
from include.store.workspace import Workspace

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger(__name__)

# What looking into one file may cost, besides the CPU time that `media_probe` states.
MAX_BYTES = 16 * MEBIBYTE
MAX_REQUESTS = 64

PROBE_THREADS = 16
WINDOW = 32 * PROBE_THREADS
ROW_GROUP = 5000
PROGRESS_SECONDS = 30.0

_FACTS = [fact.name for fact in fields(MediaFacts) if fact.name != "defect"]
_OVERWRITTEN = Defect(
    "Overwritten", "the object was replaced after it was listed; the day of the new version has that"
)
_DELETED = Defect("Deleted", "the object was deleted after it was listed")
_ARCHIVED = Defect("Archived", "the object is in an archive storage class; restore it first")


class DiscoveredMeanwhileError(TransientError):
    """Another run wrote the manifest of the day meanwhile; the next attempt starts from that."""


class _Probed(NamedTuple):
    """An object, the identity of its bytes, and its facts.

    :param known: whether the earlier manifest had them.
    :param checksums: requests for the object's checksum.
    """

    item: ListedObject
    content_id: str
    facts: MediaFacts
    known: bool = False
    checksums: int = 0


def discover(workspace: Workspace) -> dict[str, Any]:
    """Write the manifest of the run's day.

    :return: ``{uri, rows, bytes, images, videos, defective, ignored, known, checksums}``, where ``known``
        counts the rows whose facts come from the earlier manifest, and ``checksums`` the requests for
        checksums.
    :raises include.discover.inventory.InventoryError: if the lists of an inventory are damaged.
    :raises include.discover.inventory.InventoryPendingError: if S3 has not delivered the lists of the day
        yet.
    :raises include.discover.listing.OtherRegionError: if Rekognition cannot read a source's bucket.
    :raises DiscoveredMeanwhileError: if another run wrote the manifest meanwhile.
    :raises botocore.exceptions.ClientError: if S3 returns no object of a bucket, or fails.
    """
    s3, run = workspace.s3, workspace.run
    uri = run.manifest_uri()
    earlier = _EarlierManifest.read(s3, uri)
    with tempfile.TemporaryFile() as file:
        counts = _write(workspace, earlier, file)
        size = earlier.replace(s3, uri, file)
    log.info(
        "%s: %d images, %d videos, of which %d cannot be used; %d were known, %d other objects left out; "
        "%d checksums asked for",
        run.partition, counts["images"], counts["videos"], counts["defective"], counts["known"],
        counts["ignored"], counts["checksums"],
    )  # fmt: skip
    kinds = ("images", "videos", "defective", "ignored", "known", "checksums")
    figures = {name: counts[name] for name in kinds}
    return {"uri": uri, "rows": counts["rows"], "bytes": size, **figures}


def write_manifest(workspace: Workspace, file: IO[bytes]) -> None:
    """Write to a file what the manifest of the run's day would be. Nothing in S3 changes.

    :raises Exception: as :func:`discover` does.
    """
    _write(workspace, _EarlierManifest(), file)


def _write(workspace: Workspace, earlier: _EarlierManifest, file: IO[bytes]) -> Counter[str]:
    """Write a manifest to a file and return the counts of what is in it."""
    s3, counts, refusals = workspace.s3, Counter[str](), _Refusals()
    probed = _in_window(
        lambda item: _facts_of(s3, item, earlier, refusals), list_media(workspace), workspace.run.partition
    )
    write_parquet(file, MANIFEST_SCHEMA, _row_groups(_media_rows(probed, counts)))
    refusals.check()
    return counts


def _media_rows(probed: Iterable[_Probed], counts: Counter[str]) -> Iterator[Row]:
    """Yield the manifest's row of each object that is media or is named like media, and count."""
    ignored: list[str] = []
    for found in probed:
        facts = found.facts
        if facts.media_type is None:
            counts["ignored"] += 1
            ignored.extend([found.item.key] if len(ignored) < 5 else [])
            continue
        counts["rows"] += 1
        counts[f"{facts.media_type}s"] += 1
        counts["defective"] += facts.defect is not None
        counts["known"] += found.known
        counts["checksums"] += found.checksums
        yield _manifest_row(found)
    if ignored:
        log.warning("%d objects are not media and were left out", counts["ignored"])
        log.debug("they are such as %s", escaped(", ".join(ignored)))


def _in_window(
    look: Callable[[ListedObject], _Probed], listed: Iterable[ListedObject], day: str
) -> Iterator[_Probed]:
    """Probe objects in threads, in order, never more than a window ahead, and log the progress."""
    pending: deque[Future[_Probed]] = deque()
    progress = _Progress(day)
    with ThreadPoolExecutor(PROBE_THREADS) as pool:
        try:
            for item in listed:
                pending.append(pool.submit(look, item))
                while len(pending) > WINDOW or (pending and pending[0].done()):
                    yield pending.popleft().result()
                    progress.add_one()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


class _Progress:
    """Logs from time to time how many objects were probed."""

    def __init__(self, day: str) -> None:
        self._day = day
        self._done = 0
        self._began = self._logged = time.monotonic()

    def add_one(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._logged >= PROGRESS_SECONDS:
            self._logged = now
            rate = self._done / (now - self._began) * 60
            log.info("went through %d objects of %s, %.0f a minute", self._done, self._day, rate)


@dataclass(frozen=True)
class _EarlierManifest:
    """The manifest of an earlier discovery of the day, which may not exist.

    :param etag: of the manifest; None if there is none.
    :param table: facts and content ids of the objects that could be used.
    :param places: media id to row of the table.
    """

    etag: str | None = None
    table: pa.Table = None
    places: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, s3: S3Client, uri: str) -> _EarlierManifest:
        bucket, key = split_uri(uri)
        try:
            reply = s3.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) in NO_OBJECT:
                return cls()
            raise
        # What could not be used is probed again: it may have changed, or this version may know better.
        usable = pc.field("reason_code").is_null()
        file = io.BytesIO(reply["Body"].read())
        if not set(_FACTS) <= set(pq.read_schema(file).names):
            return cls(reply["ETag"])  # an earlier version did not look for all facts
        columns = ["content_id", *_FACTS]
        table = pq.read_table(file, columns=["media_id", *columns], filters=usable).combine_chunks()
        places = {media_id.as_py(): place for place, media_id in enumerate(table["media_id"])}
        return cls(reply["ETag"], table.select(columns), places)

    def known(self, item: ListedObject) -> _Probed | None:
        """Return what it says of this version of an object; None if that is new or could not be used."""
        place = self.places.get(item.media_id)
        if place is None:
            return None
        row = {name: self.table[name][place].as_py() for name in self.table.column_names}
        return _Probed(item, row.pop("content_id"), MediaFacts(**row), known=True)

    def replace(self, s3: S3Client, uri: str, file: IO[bytes]) -> int:
        """Write a new manifest in place of this one and return its size.

        :raises DiscoveredMeanwhileError: if another run replaced this one.
        """
        bucket, key = split_uri(uri)
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        try:
            if self.etag is None:
                s3.put_object(Bucket=bucket, Key=key, Body=file, IfNoneMatch="*")
            else:
                s3.put_object(Bucket=bucket, Key=key, Body=file, IfMatch=self.etag)
        except ClientError as error:
            if error_code(error) in CHANGED_OBJECT | NO_OBJECT:
                raise DiscoveredMeanwhileError(
                    f"{uri} was written or deleted by another run; the next attempt starts from that"
                ) from error
            raise
        return size


def _row_groups(rows: Iterable[Row]) -> Iterator[pa.Table]:
    remaining = iter(rows)
    while group := list(islice(remaining, ROW_GROUP)):
        yield pa.Table.from_pylist(group, schema=MANIFEST_SCHEMA)


def _facts_of(s3: S3Client, item: ListedObject, earlier: _EarlierManifest, refusals: _Refusals) -> _Probed:
    if item.defect is not None:
        return _unusable(item, item.defect)
    found = earlier.known(item) or _probe(s3, item, refusals)
    if found.facts.defect is None:
        refusals.readable.add(item.bucket)
    return found


def _unusable(item: ListedObject, defect: Defect) -> _Probed:
    facts = MediaFacts(media_type_of_name(item.key), defect=defect)
    return _Probed(item, identity_by_etag(item.etag, item.size), facts)


def _probe(s3: S3Client, item: ListedObject, refusals: _Refusals) -> _Probed:
    reader = S3ObjectReader(
        s3, item.bucket, item.key, item.size, item.etag, max_bytes=MAX_BYTES, max_requests=MAX_REQUESTS
    )
    try:
        facts = probe(cast("BinaryIO", reader), item.size, item.key)
        usable = facts.media_type is not None and facts.defect is None
        if usable and item.may_have_checksum and not is_md5(item.etag, reader.encryption):
            return _with_checksum(s3, item, facts)
        return _Probed(item, identity_by_etag(item.etag, item.size), facts)
    except ClientError as error:
        code = error_code(error)
        if code in CHANGED_OBJECT:
            defect = _OVERWRITTEN
        elif code in NO_OBJECT:
            defect = _DELETED
        elif code in ARCHIVED_OBJECT:
            defect = _ARCHIVED
        elif is_transient(error) or code in DENIED - NOT_ALLOWED:
            raise
        else:
            defect = refusals.add(item, error)
        return _unusable(item, defect)


def _with_checksum(s3: S3Client, item: ListedObject, facts: MediaFacts) -> _Probed:
    """Ask for an object's checksum: a request more than those of the probe."""
    by_checksum = identity_by_checksum(s3, item.bucket, item.key, item.etag, item.size)
    return _Probed(item, by_checksum or identity_by_etag(item.etag, item.size), facts, checksums=1)


@dataclass
class _Refusals:
    """Objects that S3 did not return although it is up.

    One such object says nothing about its bucket: it may be encrypted with another key or belong to another
    account.

    :ivar readable: buckets of which some object could be read, now or before.
    """

    readable: set[str] = field(default_factory=set)
    _first: dict[str, ClientError] = field(default_factory=dict)

    def add(self, item: ListedObject, error: ClientError) -> Defect:
        """Return what the object's row says."""
        self._first.setdefault(item.bucket, error)
        log.warning("object %s of bucket %s cannot be read: %s", item.media_id, item.bucket, error)
        code, message = code_and_message(error)
        advice = advice_for(error) or "Check the object's encryption and its owner."
        return Defect("Unreadable", f"S3 does not return the object: {code} ({message}). {advice}")

    def check(self) -> None:
        """Raise the first error of a bucket of which no object can be read."""
        for bucket, error in self._first.items():
            if bucket not in self.readable:
                raise error


def _manifest_row(found: _Probed) -> Row:
    item, facts = found.item, found.facts
    display_width, display_height = facts.display_size
    return {
        "media_type": facts.media_type,
        "media_id": item.media_id,
        "source": item.source.name,
        "cost_center": item.source.cost_center,
        "bucket": item.bucket,
        "key": item.key,
        "version_id": None,
        "etag": item.etag,
        "size_bytes": item.size,
        "last_modified": item.last_modified.astimezone(UTC).replace(tzinfo=None),
        "content_id": found.content_id,
        "format": facts.format,
        "codec": facts.codec,
        "width": facts.width,
        "height": facts.height,
        "duration_ms": facts.duration_ms,
        "frame_rate": facts.frame_rate,
        "reason_code": facts.defect.code if facts.defect else None,
        "reason": facts.defect.message if facts.defect else None,
        "orientation": facts.orientation,
        "rotation": facts.rotation,
        "display_width": display_width,
        "display_height": display_height,
    }
