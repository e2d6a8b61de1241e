"""Whole objects in S3, also as compressed NDJSON.

A reader sees all of an object or nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import ClientError

from include.core.errors import NO_OBJECT, error_code

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef, ObjectTypeDef

Row = dict[str, Any]


def split_uri(uri: str) -> tuple[str, str]:
    """Split an S3 URI into bucket and key.

    >>> split_uri("s3://media-lake/raw/a b.jpg")
    ('media-lake', 'raw/a b.jpg')
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def put(s3: S3Client, uri: str, body: bytes, content_type: str = "application/octet-stream") -> int:
    """Write an object and return its size in bytes."""
    bucket, key = split_uri(uri)
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
    return len(body)


def upload(s3: S3Client, uri: str, path: Path) -> None:
    """Write a file of the local disk as an object, in parts if it is large."""
    bucket, key = split_uri(uri)
    s3.upload_file(str(path), bucket, key, ExtraArgs={"ContentType": "application/octet-stream"})


def get(s3: S3Client, uri: str) -> bytes:
    """Read an object.

    :raises FileNotFoundError: if there is none.
    """
    bucket, key = split_uri(uri)
    try:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body
    except ClientError as error:
        if error_code(error) in NO_OBJECT:
            raise FileNotFoundError(uri) from error
        raise


def list_objects(s3: S3Client, prefix_uri: str) -> Iterator[tuple[str, ObjectTypeDef]]:
    """Yield the objects below a prefix, in key order: the URI of each, and S3's description of it."""
    bucket, prefix = split_uri(prefix_uri)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return ((f"s3://{bucket}/{item['Key']}", item) for page in pages for item in page.get("Contents", []))


def list_uris(s3: S3Client, prefix_uri: str) -> list[str]:
    """Return the URIs of the objects below a prefix, in key order."""
    return [uri for uri, _ in list_objects(s3, prefix_uri)]


def delete_prefix(s3: S3Client, prefix_uri: str) -> None:
    """Delete every object below a prefix."""
    delete(s3, list_uris(s3, prefix_uri))


def delete(s3: S3Client, uris: Sequence[str]) -> None:
    """Delete objects of one bucket; one that is not there is no error."""
    for start in range(0, len(uris), 1000):
        bucket, _ = split_uri(uris[start])
        keys: list[ObjectIdentifierTypeDef] = [
            {"Key": split_uri(uri)[1]} for uri in uris[start : start + 1000]
        ]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


class Ndjson:
    """A gzip-compressed NDJSON object in the making. Only the compressed form is held.

    :ivar rows: rows added so far.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._buffer = io.BytesIO()
        self._lines = gzip.GzipFile(fileobj=self._buffer, mode="wb", compresslevel=5, mtime=0)

    def add(self, row: Row) -> None:
        self._lines.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        self.rows += 1

    def put(self, s3: S3Client, uri: str) -> int:
        """Write the object, to which nothing can be added then, and return its size in bytes."""
        self._lines.close()
        return put(s3, uri, self._buffer.getvalue(), "application/x-ndjson")


def put_ndjson(s3: S3Client, uri: str, rows: Iterable[Row]) -> int:
    """Write rows as gzip-compressed NDJSON and return the size in bytes."""
    lines = Ndjson()
    for row in rows:
        lines.add(row)
    return lines.put(s3, uri)


def put_by_digest(s3: S3Client, prefix: str, rows: Iterable[Row]) -> None:
    """Write rows as compressed NDJSON under a name made of their content: writing them again changes nothing.

    :param prefix: URI up to the name.
    """
    ordered = sorted(rows, key=orjson.dumps)
    digest = hashlib.sha256(orjson.dumps(ordered)).hexdigest()[:32]
    put_ndjson(s3, f"{prefix}{digest}.ndjson.gz", ordered)


def get_ndjson(s3: S3Client, uri: str) -> Iterator[Row]:
    """Read the rows of a gzip-compressed NDJSON object, one at a time."""
    with gzip.open(io.BytesIO(get(s3, uri))) as lines:
        for line in lines:
            yield orjson.loads(line)
