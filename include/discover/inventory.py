"""Objects of a day from the lists of S3 Inventory, in CSV or Parquet.

S3 delivers a list daily or weekly, within 48 hours of the time in its name, and its manifest last
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html)::

    <prefix>/<source bucket>/<id>/2026-11-21T01-00Z/manifest.json, manifest.checksum
    <prefix>/<source bucket>/<id>/data/<any name>.csv.gz or .parquet

A list has the whole day if S3 began it after the day's end. The manifest is checked against its checksum, and
each file against the manifest. Files are read one at a time, in pieces, and filtered before any row becomes a
Python object.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import IO, TYPE_CHECKING, Literal
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
from include.discover.listed_object import ListedObject
from include.store.objects import Row, get

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger(__name__)

_TIME_IN_KEY = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}-\d{2})Z/manifest\.json")
_BATCH_ROWS = 20_000

# Column of a CSV list, whose order the manifest states, to column of a Parquet list.
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
    """A list of S3 Inventory cannot be used; the text names the file and says what to do."""


class InventoryPendingError(TransientError, LookupError):
    """S3 has not yet delivered a list that has the whole day."""


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


def list_from_inventory(s3: S3Client, source: Source, bucket: str, day: date) -> Iterator[ListedObject]:
    """Yield the current objects of a source that were last modified on a day, from the newest list.

    :param bucket: bucket of the source.
    :raises InventoryPendingError: if S3 has not delivered a list yet that it began after the day.
    :raises InventoryError: if the list is damaged, lists another bucket or lacks a column.
    """
    assert source.inventory is not None  # the lake's settings were checked
    folder = "/".join(filter(None, (source.inventory.prefix, bucket, source.inventory.id)))
    place = _Place(source.inventory.bucket, f"{folder}/")
    manifest_key = _newest_manifest(s3, place, day)
    manifest = _read_manifest(s3, place, manifest_key)
    if manifest.source_bucket != bucket:
        raise InventoryError(
            f"{place.uri(manifest_key)} lists bucket {manifest.source_bucket!r}, "
            f"but source {source.name!r} is in {bucket!r}"
        )
    log.info("%s: %d files of %s", source.name, len(manifest.files), place.uri(manifest_key))
    for file in manifest.files:
        yield from _objects(s3, place, file, manifest, source, bucket, day)


def _newest_manifest(s3: S3Client, place: _Place, day: date) -> str:
    """Return the key of the newest manifest, if S3 began its list after the day's end."""
    end_of_day = datetime.combine(day + timedelta(days=1), time(), UTC)
    begun, key = max(_manifests(s3, place, day), default=(None, ""))
    if begun is None or begun < end_of_day:
        raise InventoryPendingError(
            f"{place.uri(place.prefix)} has no list yet that was begun after {day}; "
            "S3 delivers one within 48 hours (if the folder has no list at all, compare the member inventory "
            "of the source with the configuration in S3)"
        )
    return key


def _manifests(s3: S3Client, place: _Place, day: date) -> Iterator[tuple[datetime, str]]:
    """Yield the time and the key of each manifest since a day began."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=place.bucket, Prefix=place.prefix, StartAfter=f"{place.prefix}{day.isoformat()}"
    )
    for page in pages:
        for item in page.get("Contents", []):
            if item["Key"] >= f"{place.prefix}data/":
                return  # the files of all lists, which may be many
            if found := _TIME_IN_KEY.fullmatch(item["Key"].removeprefix(place.prefix)):
                yield datetime.strptime(found[1], "%Y-%m-%dT%H-%M").replace(tzinfo=UTC), item["Key"]


def _read_manifest(s3: S3Client, place: _Place, key: str) -> _Manifest:
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
            f"{place.uri(key)} is not the manifest of an inventory in CSV or Parquet: {error}"
        ) from error


def _check(found: str, expected: str, uri: str) -> None:
    if found.lower() != expected.lower():
        raise InventoryError(f"{uri} has MD5 {found}, but S3 says {expected}: the file is damaged")


@contextmanager
def _downloaded(s3: S3Client, place: _Place, file: _File) -> Iterator[IO[bytes]]:
    """Copy a file of a list to disk, check it, and give the copy."""
    digest = hashlib.md5(usedforsecurity=False)
    try:
        body = s3.get_object(Bucket=place.bucket, Key=file.key)["Body"]
    except ClientError as error:
        if error_code(error) not in NO_OBJECT:
            raise
        raise InventoryError(
            f"{place.uri(file.key)} is in the manifest but not in the bucket: "
            "let lists expire later, once the days are discovered"
        ) from error
    with tempfile.TemporaryFile() as copy:
        for piece in body.iter_chunks(MEBIBYTE):
            digest.update(piece)
            copy.write(piece)
        _check(digest.hexdigest(), file.checksum, place.uri(file.key))
        copy.seek(0)
        yield copy


def _objects(
    s3: S3Client, place: _Place, file: _File, manifest: _Manifest, source: Source, bucket: str, day: date
) -> Iterator[ListedObject]:
    is_csv = manifest.file_format == "CSV"
    with _downloaded(s3, place, file) as copy:
        try:
            batches = _csv_batches(copy, manifest.file_schema) if is_csv else _parquet_batches(copy)
            for row in _rows_of_day(batches, day):
                # Only CSV has keys URL-encoded, as forms are.
                key = unquote_plus(row["key"], errors="strict") if is_csv else row["key"]
                if key.startswith(source.prefix):
                    modified = row["last_modified_date"].replace(tzinfo=UTC)
                    etag = (row["e_tag"] or "").strip('"')
                    yield ListedObject(source, bucket, key, etag, row["size"] or 0, modified)
        except (pa.ArrowInvalid, UnicodeDecodeError, EOFError, OSError) as error:
            raise InventoryError(f"{place.uri(file.key)} cannot be read: {error}") from error
        except _MissingColumnsError as error:
            raise InventoryError(
                f"{place.uri(file.key)} has no {error}; add it to the inventory's optional fields"
            ) from error


class _MissingColumnsError(Exception):
    """A list lacks columns; the text names them as S3's console does."""


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


def _rows_of_day(batches: Iterable[pa.RecordBatch], day: date) -> Iterator[Row]:
    """Yield the current objects that were last modified on a day."""
    begin = datetime.combine(day, time(), UTC)
    for batch in batches:
        modified = pc.cast(batch["last_modified_date"], pa.timestamp("ms", "UTC"))
        wanted = pc.and_(
            pc.greater_equal(modified, pa.scalar(begin, modified.type)),
            pc.less(modified, pa.scalar(begin + timedelta(days=1), modified.type)),
        )
        if "is_latest" in batch.schema.names:
            wanted = pc.and_(wanted, pc.fill_null(batch["is_latest"], True))
        if "is_delete_marker" in batch.schema.names:
            wanted = pc.and_(wanted, pc.invert(pc.fill_null(batch["is_delete_marker"], False)))
        yield from batch.filter(wanted).to_pylist()
