"""One object in S3 as a seekable file, read in ranges."""

from __future__ import annotations

import io
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class ReadLimitExceededError(Exception):
    """A reader was asked for more bytes of an object than it may fetch."""


class S3ObjectReader(io.RawIOBase):
    """One version of an S3 object as a seekable file, fetched in blocks by ranged requests.

    Every request carries the ETag, so a reader never mixes two versions. If the object is replaced meanwhile,
    reading raises ``ClientError`` with code ``PreconditionFailed``.

    :param size: size of the object in bytes.
    :param etag: ETag, with or without quotes.
    :param block_bytes: size of a block; one request fetches all neighboring blocks that a read needs.
    :param cached_blocks: blocks held in memory; the least recently used one is dropped first.
    :param max_bytes: most bytes fetched in all; further reads raise :class:`ReadLimitExceededError`.
    :param max_requests: most requests in all, likewise; None for any number.
    :ivar encryption: ``ServerSideEncryption`` of the object, once something was read of it.
    """

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        key: str,
        size: int,
        etag: str,
        version_id: str | None = None,
        *,
        block_bytes: int = 64 * 1024,
        cached_blocks: int = 16,
        max_bytes: int,
        max_requests: int | None = None,
    ) -> None:
        super().__init__()
        etag = etag.strip('"')
        self._get = partial(client.get_object, Bucket=bucket, Key=key, IfMatch=f'"{etag}"')
        if version_id is not None:
            self._get = partial(self._get, VersionId=version_id)
        self._uri = f"s3://{bucket}/{key}"
        self._size = size
        self._block_bytes = block_bytes
        self._cached_blocks = cached_blocks
        self._max_bytes = max_bytes
        self._max_requests = max_requests
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._position = 0
        self.bytes_read = 0
        self.requests = 0
        self.encryption: str | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"negative position {start + offset}")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        count = max(0, min(len(buffer), self._size - self._position))
        if count:
            buffer[:count] = self._bytes(self._position, self._position + count)
            self._position += count
        return count

    def _bytes(self, start: int, end: int) -> bytes:
        first, last = start // self._block_bytes, (end - 1) // self._block_bytes
        wanted = range(first, last + 1)
        missing = [number for number in wanted if number not in self._blocks]
        if missing:
            self._fetch(missing[0], missing[-1])
        for number in wanted:
            self._blocks.move_to_end(number)
        whole = b"".join(self._blocks[number] for number in wanted)
        while len(self._blocks) > self._cached_blocks:
            self._blocks.popitem(last=False)
        return whole[start - first * self._block_bytes : end - first * self._block_bytes]

    def _fetch(self, first: int, last: int) -> None:
        start, end = first * self._block_bytes, min((last + 1) * self._block_bytes, self._size)
        if self.bytes_read + end - start > self._max_bytes:
            raise ReadLimitExceededError(f"{self._uri}: reading it takes more than {self._max_bytes} bytes")
        if self.requests == self._max_requests:
            raise ReadLimitExceededError(f"{self._uri}: reading it takes more than {self.requests} requests")
        self.requests += 1
        reply = self._get(Range=f"bytes={start}-{end - 1}")
        self.encryption = reply.get("ServerSideEncryption")
        body = reply["Body"].read()
        self.bytes_read += len(body)
        for number in range(first, last + 1):
            offset = (number - first) * self._block_bytes
            self._blocks[number] = body[offset : offset + self._block_bytes]
