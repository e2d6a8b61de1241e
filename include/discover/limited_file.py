"""A file whose parser can be interrupted, and that remembers why reading it failed."""

from __future__ import annotations

import io
import time
from typing import Any, BinaryIO

from include.store.object_reader import ReadLimitExceededError


class LimitedFile(io.RawIOBase):
    """A seekable file that can be read for some CPU time only.

    Parsers read on as they go, so a read is where they can be interrupted, C code too. CPU time of the thread
    is what counts: waiting for S3 is not the file's fault.

    :param size: bytes in the file; a read that asks for more makes no larger buffer.
    :param cpu_seconds: CPU seconds of the reading thread after which reads raise
        :class:`include.store.object_reader.ReadLimitExceededError`.
    :ivar failure: the error that a read raised, whatever the parser made of it; from then on the file has no
        more bytes.
    """

    def __init__(self, file: BinaryIO, size: int, cpu_seconds: float) -> None:
        super().__init__()
        self.failure: Exception | None = None
        self._file = file
        self._size = size
        self._cpu_seconds = cpu_seconds
        self._until = time.thread_time() + cpu_seconds

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1, /) -> bytes:
        if self.failure is not None:
            return b""  # a parser that reads on, or calls back from C, is told no more
        rest = max(0, self._size - self._file.tell())
        try:
            if time.thread_time() > self._until:
                raise ReadLimitExceededError(f"parsing takes more than {self._cpu_seconds:g} CPU seconds")
            return self._file.read(rest if size < 0 else min(size, rest))
        except Exception as error:
            self.failure = error
            raise

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
