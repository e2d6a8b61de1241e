"""Objects of a day from the lists of S3 Inventory: CSV or Parquet, as the configuration in S3 says.

S3 delivers a list daily or weekly, within 48 hours of the time in its name, and the manifest last of all
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html)::

    <prefix>/<source bucket>/<id>/2026-11-21T01-00Z/manifest.json, manifest.checksum
    <prefix>/<source bucket>/<id>/data/<any name>.csv.gz or .parquet

A list has the day if it was begun after the day's end. Its files are checked against the manifest, and the manifest
against its checksum. Files are read one at a time, in pieces, and filtered before any row becomes a Python object.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import IO, Any, Literal
from urllib.parse import unquote_plus

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from include.core.errors import NO_OBJECT, TerminalError, TransientError, error_code
from include.core.features import MEBIBYTE
from include.core.lake import Source
from include.discover.listed_object import Listed
from include.store.objects import get

log = logging.getLogger(__name__)

_TIME_IN_KEY = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}-\d{2})Z/manifest\.json")
_BATCH_ROWS = 20_000

# Column of a CSV list, of which the manifest knows the order, to column of a Parquet list.
_COLUMNS = {
    "Key": "key",
    "Size": "size",
    "LastModifiedDate": "last_modified_date",
    "ETag": "e_tag",
    "IsLatest": "is_latest",
    "IsDeleteMarker": "is_delete_marker",
}
_OPTIONAL = {"is_latest", "is_delete_marker"}  # only in lists of all versions


class InventoryError(TerminalError, ValueError):
    """A list of S3 Inventory can't be used; the text names the file and says what to do."""


class InventoryPendingError(TransientError, LookupError):
    """S3 has not yet delivered a list that has the whole day; it will."""


class _File(BaseModel):
    key: str
    size: int
    checksum: str = Field(alias="MD5checksum")


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="ignore")

    source_bucket: str = Field(alias="sourceBucket")
    file_format: Literal["CSV", "Parquet"] = Field(alias="fileFormat")
    file_schema: str = Field(alias="fileSchema")
    files: tuple[_File, ...]


@dataclass(frozen=True)
class _Place:
    """Where the lists of one configuration are."""

    bucket: str
    prefix: str

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


def list_from_inventory(s3: Any, source: Source, bucket: str, day: date) -> Iterator[Listed]:
    """Yield the current objects of a source that were last modified on a day, from the newest list.

    :param bucket: bucket of the source.
    :raises InventoryPendingError: if there is no list yet that was begun after the day.
    :raises InventoryError: if the list is damaged, is of another bucket or lacks a column.
    """
    assert source.inventory is not None  # the lake's settings were checked
    folder = "/".join(filter(None, (source.inventory.prefix, bucket, source.inventory.id)))
    place = _Place(source.inventory.bucket, f"{folder}/")
    manifest_key = _newest_manifest(s3, place, day)
    manifest = _read_manifest(s3, place, manifest_key)
    if manifest.source_bucket != bucket:
        raise InventoryError(
            f"{place.uri(manifest_key)} lists bucket {manifest.source_bucket!r}, but source {source.name!r} is in {bucket!r}"
        )
    log.info("%s: %d files of %s", source.name, len(manifest.files), place.uri(manifest_key))
    for file in manifest.files:
        yield from _objects(s3, place, file, manifest, source, bucket, day)


def _newest_manifest(s3: Any, place: _Place, day: date) -> str:
    """Return the key of the newest manifest, if its list was begun after the day's end."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        # The lists before the day need not be listed, nor the folders data and hive.
        Bucket=place.bucket, Prefix=place.prefix, StartAfter=f"{place.prefix}{day.isoformat()}",
    )  # fmt: skip
    end_of_day = datetime.combine(day + timedelta(days=1), time(), UTC)
    newest: tuple[datetime, str] | None = None
    for page in pages:
        for item in page.get("Contents", []):
            found = _TIME_IN_KEY.fullmatch(item["Key"].removeprefix(place.prefix))
            if found:
                begun = datetime.strptime(found[1], "%Y-%m-%dT%H-%M").replace(tzinfo=UTC)
                newest = max(newest or (begun, item["Key"]), (begun, item["Key"]))
        if page.get("Contents") and page["Contents"][-1]["Key"] >= f"{place.prefix}data/":
            break
    if newest is None or newest[0] < end_of_day:
        raise InventoryPendingError(
            f"{place.uri(place.prefix)} has no list yet that was begun after {day}; S3 delivers one within 48 hours "
            "(if there is none at all, compare the member inventory of the source with the configuration in S3)"
        )
    return newest[1]


def _read_manifest(s3: Any, place: _Place, key: str) -> _Manifest:
    body = get(s3, place.uri(key))
    checksum_key = key.removesuffix(".json") + ".checksum"
    try:
        expected = get(s3, place.uri(checksum_key)).decode("ascii", "replace").strip()
    except FileNotFoundError:
        raise InventoryPendingError(f"{place.uri(checksum_key)} is not there yet") from None
    _check(hashlib.md5(body, usedforsecurity=False).hexdigest(), expected, place.uri(key))
    try:
        return _Manifest.model_validate(json.loads(body))
    except (ValueError, ValidationError) as error:
        raise InventoryError(
            f"{place.uri(key)} is no manifest of an inventory in CSV or Parquet: {error}"
        ) from error


def _check(found: str, expected: str, uri: str) -> None:
    if found.lower() != expected.lower():
        raise InventoryError(f"{uri} has MD5 {found}, but {expected} is what S3 says: the file is damaged")


@contextmanager
def _downloaded(s3: Any, place: _Place, file: _File) -> Iterator[IO[bytes]]:
    """Give a file of a list from disk, where it is checked before any row of it is believed."""
    digest = hashlib.md5(usedforsecurity=False)
    try:
        body = s3.get_object(Bucket=place.bucket, Key=file.key)["Body"]
    except ClientError as error:
        if error_code(error) not in NO_OBJECT:
            raise
        raise InventoryError(
            f"{place.uri(file.key)} is in the manifest but not in the bucket: keep lists as long as they are read"
        ) from error
    with tempfile.TemporaryFile() as copy:
        for piece in body.iter_chunks(MEBIBYTE):
            digest.update(piece)
            copy.write(piece)
        _check(digest.hexdigest(), file.checksum, place.uri(file.key))
        copy.seek(0)
        yield copy


def _objects(
    s3: Any, place: _Place, file: _File, manifest: _Manifest, source: Source, bucket: str, day: date
) -> Iterator[Listed]:
    encoded = manifest.file_format == "CSV"
    with _downloaded(s3, place, file) as copy:
        try:
            batches = _csv_batches(copy, manifest.file_schema) if encoded else _parquet_batches(copy)
            for batch in batches:
                for row in _of_the_day(batch, day).to_pylist():
                    # Only CSV has keys URL-encoded, as forms are.
                    key = unquote_plus(row["key"], errors="strict") if encoded else row["key"]
                    if key.startswith(source.prefix):
                        modified = row["last_modified_date"].replace(tzinfo=UTC)
                        etag = (row["e_tag"] or "").strip('"')
                        yield Listed(source, bucket, key, etag, row["size"] or 0, modified)
        except (pa.ArrowInvalid, UnicodeDecodeError, EOFError, OSError) as error:
            raise InventoryError(f"{place.uri(file.key)} cannot be read: {error}") from error
        except _MissingColumnsError as error:
            raise InventoryError(
                f"{place.uri(file.key)} has no {error}; add it to the inventory's optional fields"
            ) from error


class _MissingColumnsError(Exception):
    """The columns that a list lacks, as S3's console calls them."""


def _wanted(offered: Sequence[str]) -> list[str]:
    """Return the columns to read, by their names in Parquet."""
    missing = [title for title, name in _COLUMNS.items() if name not in offered and name not in _OPTIONAL]
    if missing:
        raise _MissingColumnsError(" and no ".join(missing))
    return [name for name in _COLUMNS.values() if name in offered]


def _parquet_batches(file: IO[bytes]) -> Iterator[pa.RecordBatch]:
    parquet = pq.ParquetFile(file)
    yield from parquet.iter_batches(_BATCH_ROWS, columns=_wanted(parquet.schema_arrow.names))


def _csv_batches(file: IO[bytes], file_schema: str) -> Iterator[pa.RecordBatch]:
    titles = [title.strip() for title in file_schema.split(",")]
    names = [_COLUMNS.get(title, title) for title in titles]
    wanted = _wanted(names)
    types = {
        "key": pa.string(),
        "size": pa.int64(),
        "last_modified_date": pa.timestamp("ms", "UTC"),
        "e_tag": pa.string(),
        "is_latest": pa.bool_(),
        "is_delete_marker": pa.bool_(),
    }
    with pa.CompressedInputStream(pa.PythonFile(file, "r"), "gzip") as lines:
        yield from pa_csv.open_csv(
            lines,
            read_options=pa_csv.ReadOptions(column_names=names, block_size=4 * MEBIBYTE),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: types[name] for name in wanted},
                include_columns=wanted,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )


def _of_the_day(batch: pa.RecordBatch, day: date) -> pa.RecordBatch:
    """Keep the current objects that were last modified on a day."""
    begin = datetime.combine(day, time(), UTC)
    modified = pc.cast(batch["last_modified_date"], pa.timestamp("ms", "UTC"))
    kept = pc.and_(
        pc.greater_equal(modified, pa.scalar(begin, modified.type)),
        pc.less(modified, pa.scalar(begin + timedelta(days=1), modified.type)),
    )
    if "is_latest" in batch.schema.names:
        kept = pc.and_(kept, pc.fill_null(batch["is_latest"], True))
    if "is_delete_marker" in batch.schema.names:
        kept = pc.and_(kept, pc.invert(pc.fill_null(batch["is_delete_marker"], False)))
    return batch.filter(kept)
