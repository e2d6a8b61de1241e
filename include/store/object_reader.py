"""One object in S3 as a seekable file, read in ranges."""

from __future__ import annotations

import io
from collections import OrderedDict
from typing import Any

from include.core.features import MEBIBYTE

READ_LIMIT = 96 * MEBIBYTE


class ReadLimitExceededError(Exception):
    """More bytes of an object were asked for than its reader may fetch."""


class S3ObjectReader(io.RawIOBase):
    """One version of an S3 object as a seekable file, fetched in blocks by ranged requests.

    Every request carries the ETag, so a reader never mixes two versions: an object replaced meanwhile raises
    ``ClientError`` with code ``PreconditionFailed``.

    :param client: boto3 S3 client.
    :param size: size of the object in bytes.
    :param etag: ETag, with or without quotes.
    :param block_bytes: bytes fetched at a time; neighboring blocks that one read needs come in one request.
    :param cached_blocks: blocks kept, least recently used dropped first.
    :param max_bytes: most bytes fetched in all; past it reads raise :class:`ReadLimitExceededError`.
    """

    def __init__(
        self,
        client: Any,
        bucket: str,
        key: str,
        size: int,
        etag: str,
        version_id: str | None = None,
        *,
        block_bytes: int = 64 * 1024,
        cached_blocks: int = 16,
        max_bytes: int = READ_LIMIT,
    ) -> None:
        super().__init__()
        self._client = client
        self._request = {"Bucket": bucket, "Key": key, "IfMatch": '"' + etag.strip('"') + '"'}
        if version_id is not None:
            self._request["VersionId"] = version_id
        self._size = size
        self._block_bytes = block_bytes
        self._cached_blocks = cached_blocks
        self._max_bytes = max_bytes
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._position = 0
        self.bytes_read = 0

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
            raise ReadLimitExceededError(
                f"s3://{self._request['Bucket']}/{self._request['Key']}: more than {self._max_bytes} bytes wanted"
            )
        body = self._client.get_object(Range=f"bytes={start}-{end - 1}", **self._request)["Body"].read()
        self.bytes_read += len(body)
        for number in range(first, last + 1):
            offset = (number - first) * self._block_bytes
            self._blocks[number] = body[offset : offset + self._block_bytes]
