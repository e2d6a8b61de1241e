"""Objects of a day from the lists of S3 Inventory, in CSV or Parquet.

S3 delivers a list daily or weekly, within 48 hours of the time in its name, and its manifest last
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html)::

    <prefix>/<source bucket>/<id>/2026-11-21T01-00Z/manifest.json, manifest.checksum
    <prefix>/<source bucket>/<id>/data/<any name>.csv.gz or .parquet

A list has the whole day if S3 began it after the day's end. The manifest is checked against its checksum, and
each file against the manifest. Files are read one at a time, each in a process of its own
(:mod:`include.discover.inventory_rows`), which ends if the file unfolds to more than a list of S3 can.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import IO, TYPE_CHECKING, Annotated, Literal

import pyarrow as pa
from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field

from include.core.errors import NO_OBJECT, TerminalError, TransientError, error_code
from include.core.features import MEBIBYTE
from include.core.lake import Source
from include.core.printable import escaped
from include.discover import inventory_rows
from include.discover.inventory_rows import Question
from include.discover.listed_object import ListedObject
from include.store.messages import reason_of

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger(__name__)

_TIME_IN_KEY = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}-\d{2})Z/manifest\.json")
_MOST_MANIFEST_BYTES = 64 * MEBIBYTE

# The reader's limit of memory counts address space, of which these take little.
_ENVIRONMENT = {"ARROW_DEFAULT_MEMORY_POOL": "system", "OPENBLAS_NUM_THREADS": "1"}


class InventoryError(TerminalError, ValueError):
    """A list of S3 Inventory cannot be used; the text names the file and says what to do."""


class InventoryPendingError(TransientError, LookupError):
    """S3 has not yet delivered a list that has the whole day."""


class InterruptedReaderError(TransientError):
    """Something outside ended the process that read a file, such as a machine without memory."""


class _File(BaseModel):
    key: Annotated[str, Field(min_length=1, max_length=1024)]
    checksum: str = Field(alias="MD5checksum")


class Manifest(BaseModel):
    """What a list consists of."""

    model_config = ConfigDict(extra="ignore")

    source_bucket: str = Field(alias="sourceBucket")
    file_format: Literal["CSV", "Parquet"] = Field(alias="fileFormat")
    file_schema: str = Field(alias="fileSchema", max_length=10_000)
    files: tuple[_File, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Titles of the columns of a CSV file."""
        return tuple(title.strip() for title in self.file_schema.split(","))


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


def _read_manifest(s3: S3Client, place: _Place, key: str) -> Manifest:
    body = _read(s3, place, key)
    checksum_key = key.removesuffix(".json") + ".checksum"
    try:
        expected = _read(s3, place, checksum_key).decode("ascii", "replace").strip()
    except ClientError as error:
        if error_code(error) not in NO_OBJECT:
            raise
        raise InventoryPendingError(f"{place.uri(checksum_key)} is not there yet") from None
    _check(hashlib.md5(body, usedforsecurity=False).hexdigest(), expected[:80], place.uri(key))
    return manifest_of(body, place.uri(key))


def _read(s3: S3Client, place: _Place, key: str) -> bytes:
    body: bytes = s3.get_object(Bucket=place.bucket, Key=key)["Body"].read(_MOST_MANIFEST_BYTES + 1)
    if len(body) > _MOST_MANIFEST_BYTES:
        raise InventoryError(
            f"{place.uri(key)} has more than {_MOST_MANIFEST_BYTES:,} bytes; S3 Inventory writes no such file"
        )
    return body


def manifest_of(body: bytes, uri: str) -> Manifest:
    """Return what a manifest says.

    :param uri: of the manifest, for the error.
    :raises InventoryError: if it is something else.
    """
    try:
        return Manifest.model_validate(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise InventoryError(
            f"{uri} is not the manifest of an inventory in CSV or Parquet: {reason_of(error)}"
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
    s3: S3Client, place: _Place, file: _File, manifest: Manifest, source: Source, bucket: str, day: date
) -> Iterator[ListedObject]:
    question = Question(manifest.file_format, manifest.columns, source.prefix, day.isoformat())
    with _downloaded(s3, place, file) as copy, tempfile.TemporaryFile() as rows:
        _read_in_a_process(copy, question, rows, place.uri(file.key))
        rows.seek(0)
        for batch in pa.ipc.open_stream(rows):
            for row in batch.to_pylist():
                yield ListedObject(
                    source, bucket, row["key"], row["e_tag"], row["size"], row["last_modified_date"]
                )


def _read_in_a_process(file: IO[bytes], question: Question, rows: IO[bytes], uri: str) -> None:
    """Write the wanted rows of a file, as :mod:`include.discover.inventory_rows` finds them.

    :raises InventoryError: if the file cannot be used.
    :raises InterruptedReaderError: if something else ended the process.
    """
    ended = subprocess.run(
        [sys.executable, "-P", inventory_rows.__file__, question.as_text()],
        stdin=file,
        stdout=rows,
        stderr=subprocess.PIPE,
        env=os.environ | _ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    status, said = ended.returncode, ended.stderr.decode("utf-8", "replace").strip()
    if status in (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT):
        raise InterruptedReaderError(f"the process that read {uri} was ended by signal {-status}")
    if status < 0:
        why = "takes too long to read" if status == -signal.SIGXCPU else "makes its reader crash"
        raise InventoryError(f"{uri} {why}; S3 Inventory does not write such a file")
    if status == inventory_rows.REFUSED:
        raise InventoryError(f"{uri} {escaped(said)}")
    if status != 0:
        raise RuntimeError(f"the process that reads {uri} failed: {said[-2000:]}")
