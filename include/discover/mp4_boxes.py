"""The boxes of an MP4 or MOV file: where each begins and ends.

Source: box layout, ISO/IEC 14496-12, section 4.2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True)
class Box:
    """A box: positions of its first byte, of its payload and of the byte after it."""

    kind: bytes
    start: int
    payload: int
    end: int


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two positions, up to the first bytes that are no box.

    The last box may claim to reach past ``end``.
    """
    position = start
    while position + 8 <= end:
        header = read_at(file, position, min(16, end - position))
        if len(header) < 8:
            return
        length, kind = struct.unpack(">I4s", header[:8])
        payload = position + 8
        if length == 1 and len(header) == 16:
            length, payload = struct.unpack(">Q", header[8:])[0], position + 16
        elif length == 0:
            length = end - position
        if length < payload - position:
            return
        yield Box(kind, position, payload, position + length)
        position += length


def child(file: BinaryIO, parent: Box, *path: bytes) -> Box | None:
    """Return the first box at a path of kinds below another box, or None."""
    for kind in path:
        found = next((box for box in children(file, parent) if box.kind == kind), None)
        if found is None:
            return None
        parent = found
    return parent


def children(file: BinaryIO, parent: Box) -> Iterator[Box]:
    """Yield the boxes that lie within another box as a whole."""
    return (box for box in boxes(file, parent.payload, parent.end) if box.end <= parent.end)


def payload(file: BinaryIO, box: Box | None, count: int) -> bytes:
    """Return the first bytes of a box's payload, filled up with zeros; only zeros for None."""
    read = b"" if box is None else read_at(file, box.payload, min(count, box.end - box.payload))
    return read.ljust(count, b"\0")


def read_at(file: BinaryIO, position: int, count: int) -> bytes:
    """Return the bytes at a position, fewer at the end of the file."""
    file.seek(position)
    return file.read(count)
