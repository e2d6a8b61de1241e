"""The manifest of a day: every object that was found, with what its headers say.

Memory is bounded whatever the day holds: objects are looked into while they are listed, a window at a time, and rows
go to a file in row groups. What an earlier manifest of the day says of the same version of an object is taken over, so
that discovering a day again costs what is new in it.
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
from datetime import UTC, date
from itertools import islice
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from include.core.errors import ARCHIVED_OBJECT, CHANGED_OBJECT, NO_OBJECT, TransientError, error_code
from include.core.lake import Lake
from include.core.media_facts import Defect, MediaFacts
from include.core.run import Run
from include.core.schemas import TABLES
from include.discover.listed_object import Listed
from include.discover.listing import list_media
from include.discover.media_probe import media_type_of_name, probe
from include.store.object_reader import S3ObjectReader
from include.store.objects import Row, split_uri
from include.store.parquet import write_parquet

log = logging.getLogger(__name__)

PROBE_THREADS = 16
WINDOW = 32 * PROBE_THREADS
ROW_GROUP = 5000
PROGRESS_SECONDS = 30.0

MANIFEST_SCHEMA = pa.schema(
    [pa.field("media_type", pa.string(), nullable=False)]
    + [column for column in TABLES["media_assets"].arrow_schema if column.name != "status"]
)
_FACTS = [fact.name for fact in fields(MediaFacts) if fact.name != "defect"]


class DiscoveredMeanwhileError(TransientError):
    """Another run wrote the manifest of the day while this one made its own; the next attempt starts from that."""


def discover(s3: Any, lake: Lake, run: Run) -> dict[str, Any]:
    """Write the manifest of the run's partition.

    :return: ``{uri, rows, bytes, images, videos, defective, ignored, known}``, where ``known`` counts the rows taken
        over from the earlier manifest.
    :raises include.discover.inventory.InventoryError: if the lists of an inventory are missing or damaged.
    :raises DiscoveredMeanwhileError: if another run wrote the manifest meanwhile.
    """
    uri = run.manifest_uri()
    earlier = _EarlierManifest.read(s3, uri)
    listed = list_media(s3, lake, run.bucket, date.fromisoformat(run.partition))
    counts: Counter[str] = Counter()
    ignored: list[str] = []

    def rows() -> Iterator[Row]:
        for item, facts, known in _in_window(
            lambda item: _facts_of(s3, item, earlier), listed, run.partition
        ):
            if facts.media_type is None:
                counts["ignored"] += 1
                ignored.extend([item.key] if len(ignored) < 5 else [])
                continue
            counts["rows"] += 1
            counts[f"{facts.media_type}s"] += 1
            counts["defective"] += facts.defect is not None
            counts["known"] += known
            yield _manifest_row(item, facts)

    with tempfile.TemporaryFile() as file:
        write_parquet(file, MANIFEST_SCHEMA, _row_groups(rows()))
        size = earlier.replace(s3, uri, file)
    if ignored:
        log.warning(
            "%d objects are no media and were left out, such as %s", counts["ignored"], ", ".join(ignored)
        )
    log.info(
        "%s: %d images, %d videos, of which %d cannot be used; %d were known, %d other objects left out",
        run.partition, counts["images"], counts["videos"], counts["defective"], counts["known"], counts["ignored"],
    )  # fmt: skip
    figures = {name: counts[name] for name in ("images", "videos", "defective", "ignored", "known")}
    return {"uri": uri, "rows": counts["rows"], "bytes": size, **figures}


Looked = tuple[Listed, MediaFacts, bool]


def _in_window(look: Callable[[Listed], Looked], listed: Iterable[Listed], day: str) -> Iterator[Looked]:
    """Look into objects in threads, in order, never more than a window ahead, and log the progress."""
    pending: deque[Future[Looked]] = deque()
    began = last_told = time.monotonic()
    done = 0
    with ThreadPoolExecutor(PROBE_THREADS) as pool:
        try:
            for item in listed:
                pending.append(pool.submit(look, item))
                while len(pending) > WINDOW or (pending and pending[0].done()):
                    yield pending.popleft().result()
                    done += 1
                    if time.monotonic() - last_told >= PROGRESS_SECONDS:
                        last_told = time.monotonic()
                        rate = done / (last_told - began) * 60
                        log.info("looked into %d objects of %s, %.0f a minute", done, day, rate)
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


@dataclass(frozen=True)
class _EarlierManifest:
    """What is known from an earlier discovery of the day.

    :param etag: of the manifest; None if there is none.
    :param table: facts of the objects that could be used.
    :param places: media id to row of the table.
    """

    etag: str | None = None
    table: pa.Table = None
    places: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, s3: Any, uri: str) -> _EarlierManifest:
        bucket, key = split_uri(uri)
        try:
            reply = s3.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) in NO_OBJECT:
                return cls()
            raise
        # What could not be used is looked into again: it may have changed, or this version may know better.
        usable = pc.field("reason_code").is_null()
        file = io.BytesIO(reply["Body"].read())
        table = pq.read_table(file, columns=["media_id", *_FACTS], filters=usable).combine_chunks()
        places = {media_id.as_py(): place for place, media_id in enumerate(table["media_id"])}
        return cls(reply["ETag"], table.select(_FACTS), places)

    def facts(self, item: Listed) -> MediaFacts | None:
        """Return what the manifest says of this version of an object, or None if it is new or could not be used."""
        place = self.places.get(item.media_id)
        if place is None:
            return None
        return MediaFacts(**{name: self.table[name][place].as_py() for name in _FACTS})

    def replace(self, s3: Any, uri: str, file: IO[bytes]) -> int:
        """Put a new manifest in the place of this one, if this one is still there, and return its size."""
        bucket, key = split_uri(uri)
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        unchanged = {"IfMatch": self.etag} if self.etag else {"IfNoneMatch": "*"}
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=file, **unchanged)
        except ClientError as error:
            if error_code(error) in CHANGED_OBJECT | NO_OBJECT:
                raise DiscoveredMeanwhileError(
                    f"{uri} was written or deleted by another run meanwhile"
                ) from error
            raise
        return size


def _row_groups(rows: Iterable[Row]) -> Iterator[pa.Table]:
    remaining = iter(rows)
    while group := list(islice(remaining, ROW_GROUP)):
        yield pa.Table.from_pylist(group, schema=MANIFEST_SCHEMA)


def _facts_of(s3: Any, item: Listed, earlier: _EarlierManifest) -> Looked:
    if item.defect is not None:
        return item, MediaFacts(media_type_of_name(item.key), defect=item.defect), False
    known = earlier.facts(item)
    return item, known or _look_into(s3, item), known is not None


def _look_into(s3: Any, item: Listed) -> MediaFacts:
    reader = S3ObjectReader(s3, item.bucket, item.key, item.size, etag=item.etag)
    try:
        return probe(reader, item.size, item.key)
    except ClientError as error:
        code = error_code(error)
        if code in CHANGED_OBJECT:
            defect = Defect(
                "Overwritten",
                "the object was replaced after it was listed; the day of the new version has that",
            )
        elif code in NO_OBJECT:
            defect = Defect("Deleted", "the object was deleted after it was listed")
        elif code in ARCHIVED_OBJECT:
            defect = Defect("Archived", "the object is in an archive storage class; restore it first")
        else:
            raise
        return MediaFacts(media_type_of_name(item.key), defect=defect)


def _manifest_row(item: Listed, facts: MediaFacts) -> Row:
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
        "content_id": item.content_id,
        "format": facts.format,
        "codec": facts.codec,
        "width": facts.width,
        "height": facts.height,
        "duration_ms": facts.duration_ms,
        "frame_rate": facts.frame_rate,
        "reason_code": facts.defect.code if facts.defect else None,
        "reason": facts.defect.message if facts.defect else None,
    }
