from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from include.store.object_reader import ReadLimitExceededError, S3ObjectReader

BUCKET = "media-lake"
DATA = bytes(np.random.default_rng(2).integers(0, 255, 5000, dtype=np.uint8))


def reader(s3: Any, data: bytes = DATA, version_id: str | None = None, **options: int) -> S3ObjectReader:
    etag = s3.put_object(Bucket=BUCKET, Key="k", Body=data)["ETag"]
    return S3ObjectReader(s3, BUCKET, "k", len(data), etag, version_id, **{"max_bytes": 10**6, **options})


class Counting:
    """S3 that notes the ranges asked for."""

    def __init__(self, s3: Any) -> None:
        self._s3, self.ranges = s3, list[str]()

    def put_object(self, **request: Any) -> Any:
        return self._s3.put_object(**request)

    def get_object(self, **request: Any) -> Any:
        self.ranges.append(request["Range"])
        return self._s3.get_object(**request)


def test_it_reads_as_a_file_does(s3: Any) -> None:
    remote, local = reader(s3, block_bytes=100, cached_blocks=3), io.BytesIO(DATA)
    for position, count in [(0, 10), (95, 10), (4990, 50), (0, 5000), (250, 1000), (6000, 5), (7, 0)]:
        assert remote.seek(position) == local.seek(position)
        assert remote.read(count) == local.read(count)
        assert remote.tell() == local.tell()
    assert remote.seek(-10, io.SEEK_END) == 4990
    assert remote.read() == DATA[-10:]
    assert remote.seek(10) + 5 == remote.seek(5, io.SEEK_CUR)
    with pytest.raises(ValueError, match="negative position"):
        remote.seek(-1)


def test_blocks_are_fetched_once_and_neighbors_together(s3: Any) -> None:
    counting = Counting(s3)
    remote = reader(counting, block_bytes=100)
    remote.read(250)
    remote.seek(10)
    remote.read(200)
    assert counting.ranges == ["bytes=0-299"]
    assert remote.bytes_read == 300


def test_the_block_used_longest_ago_is_dropped_first(s3: Any) -> None:
    counting = Counting(s3)
    remote = reader(counting, block_bytes=100, cached_blocks=2)
    for position in (0, 100, 0, 200, 0, 100):
        remote.seek(position)
        assert remote.read(10) == DATA[position : position + 10]
    assert counting.ranges == ["bytes=0-99", "bytes=100-199", "bytes=200-299", "bytes=100-199"]


def test_it_has_a_limit_and_names_the_object(s3: Any) -> None:
    remote = reader(s3, block_bytes=100, max_bytes=1000)
    assert remote.read(1000) == DATA[:1000]
    with pytest.raises(ReadLimitExceededError, match="s3://media-lake/k"):
        remote.read(1)


def test_requests_have_a_limit_too(s3: Any) -> None:
    remote = reader(s3, block_bytes=100, max_requests=2)
    for position in (0, 1000, 50):
        remote.seek(position)
        assert len(remote.read(10)) == 10
    remote.seek(2000)
    with pytest.raises(ReadLimitExceededError, match="more than 2 requests"):
        remote.read(10)
    assert remote.requests == 2


def test_it_never_mixes_two_contents_of_a_key(s3: Any) -> None:
    remote = reader(s3, block_bytes=100)
    remote.read(100)
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"other")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        remote.read(100)


def test_a_version_stays_readable_after_it_was_replaced(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    put = s3.put_object(Bucket=BUCKET, Key="k", Body=DATA)
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"other")
    remote = S3ObjectReader(s3, BUCKET, "k", len(DATA), put["ETag"], put["VersionId"], max_bytes=10**6)
    assert remote.read() == DATA
