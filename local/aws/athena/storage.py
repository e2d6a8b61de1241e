"""Objects in S3: reads them directly from moto's memory, and writes them through the S3 API."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from fsspec import AbstractFileSystem
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeKey, s3_backends

from local.aws.athena.athena_errors import QueryFailed
from local.aws.endpoint_errors import AwsError
from local.aws.iam.need import Need, bucket_arn, list_need
from local.aws.moto_clients import MotoClients

_PAGE = 1000


def split_uri(uri: str) -> tuple[str, str]:
    """Split ``s3://bucket/key`` into bucket and key.

    :raises QueryFailed: if it is not such a URI.
    """
    scheme, separator, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if not separator or scheme not in ("s3", "s3a", "s3n") or not bucket:
        raise QueryFailed(f"INVALID_TABLE_PROPERTY: location {uri!r} is not an S3 location")
    return bucket, key


@dataclass
class StoredFile:
    """One object, in the version that it had when the query was planned.

    :param values: the values of its partition's keys, as texts.
    """

    uri: str
    object: FakeKey
    values: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Size in bytes."""
        return int(self.object.size)


class Storage:
    """Reads and writes objects in one region."""

    def __init__(self, clients: MotoClients, region: str) -> None:
        self._client = clients.s3(region)
        self._clients = clients

    def data_files(self, location: str) -> list[StoredFile]:
        """List the data files under a location, without empty and hidden ones (``_`` or ``.`` in front).

        :raises QueryFailed: if the bucket does not exist, or the caller may not read there.
        """
        bucket_name, key = split_uri(location)
        prefix = key.rstrip("/") + "/" if key else ""
        self._require(list_need(bucket_name, prefix), location)
        try:
            bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_bucket(bucket_name)
        except S3ClientError as error:
            raise QueryFailed(
                f"HIVE_METASTORE_ERROR: bucket {bucket_name} of location {location} does not exist"
            ) from error
        files = [
            StoredFile(f"s3://{bucket_name}/{item.name}", item)
            for item in _all_objects(bucket.keys, prefix)
            if item.size
            and not any(part.startswith(("_", ".")) for part in item.name[len(prefix) :].split("/"))
        ]
        for file in files:
            name = bucket_arn(file.uri.removeprefix("s3://"))
            self._require(Need("s3:GetObject", name), file.uri)
        return files

    def _require(self, need: Need, uri: str) -> None:
        try:
            self._clients.require(need)
        except AwsError as error:
            raise QueryFailed(f"PERMISSION_DENIED: {uri}: {error.message}") from error

    def write(self, uri: str, body: bytes | BinaryIO) -> None:
        """Store an object."""
        bucket, key = split_uri(uri)
        self._client.put_object(Bucket=bucket, Key=key, Body=body)

    def read(self, uri: str) -> bytes:
        """Read a whole object.

        :raises botocore.exceptions.ClientError: if it does not exist.
        """
        bucket, key = split_uri(uri)
        return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()


def _all_objects(keys: Any, prefix: str) -> Iterable[FakeKey]:
    after = ""
    while page := keys.page(prefix, after, _PAGE):
        yield from page
        after = page[-1].name


class ObjectReader:
    """A file that is open for reading. Each read takes its range from moto's buffer and counts the bytes."""

    def __init__(self, stored: FakeKey, scan: Scan) -> None:
        self._stored = stored
        self._scan = scan
        self._position = 0
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        """Read at most ``size`` bytes from the position."""
        buffer = self._stored._value_buffer  # moto's public API copies the whole value
        with self._stored.lock:
            buffer.seek(self._position)
            data = buffer.read(size)
        self._position += len(data)
        self._scan.bytes_read += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Set the position."""
        self._position = offset + (0, self._position, int(self._stored.size))[whence]
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def close(self) -> None:
        """Mark the file as closed; moto's buffer stays open."""
        self.closed = True


@dataclass
class Scan:
    """The files that one query reads, and the bytes that it has read so far."""

    number: int
    files: list[StoredFile] = field(default_factory=list)
    bytes_read: int = 0

    def add(self, stored: StoredFile) -> str:
        """Return a path by which DuckDB can read a file.

        It does not contain the key, which may hold any character.
        """
        self.files.append(stored)
        suffix = ".gz" if stored.uri.endswith(".gz") else ""
        return f"scan://{self.number}/{len(self.files) - 1}{suffix}"


class ScanFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """The file system through which DuckDB reads ``scan://`` paths."""

    protocol = "scan"
    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self._scans: dict[int, Scan] = {}
        self._numbers = itertools.count(1)

    def begin(self) -> Scan:
        """Start a query."""
        scan = Scan(next(self._numbers))
        self._scans[scan.number] = scan
        return scan

    def end(self, scan: Scan) -> None:
        """Forget a query's files."""
        del self._scans[scan.number]

    def _find(self, path: str) -> tuple[Scan, FakeKey]:
        number, index = self._strip_protocol(path).strip("/").split("/")
        scan = self._scans[int(number)]
        return scan, scan.files[int(index.partition(".")[0])].object

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Describe a file."""
        stored = self._find(path)[1]
        return {"name": path, "size": int(stored.size), "type": "file"}

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """List a path, which is always a single file."""
        return [self.info(path)] if detail else [path]

    def created(self, path: str) -> datetime:
        """Return when the object was written."""
        return self.modified(path)

    def modified(self, path: str) -> datetime:
        """Return when the object was written."""
        written: datetime = self._find(path)[1].last_modified
        return written

    def _open(self, path: str, mode: str = "rb", **_: Any) -> ObjectReader:
        scan, stored = self._find(path)
        return ObjectReader(stored, scan)
