"""
``instant_rekognition.py PORT``: answers every request at once with one reply, so that what is measured is who
asks.
"""

from __future__ import annotations

import asyncio
import json
import sys

BODY = json.dumps({"ModerationLabels": [], "ModerationModelVersion": "7.0", "ContentTypes": []}).encode()
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n%s" % (
    len(BODY),
    BODY,
)
_HEAD_END, _LENGTH = b"\r\n\r\n", b"content-length:"


class Instant(asyncio.Protocol):
    """Reads requests up to their length and looks no further."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._read = b""

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(_HEAD_END)) >= 0:
            head = self._read[:end].lower()
            length = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0] or 0)
            if len(self._read) < end + len(_HEAD_END) + length:
                return
            self._read = self._read[end + len(_HEAD_END) + length :]
            self._transport.write(REPLY)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Instant, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
