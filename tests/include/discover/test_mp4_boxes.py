from __future__ import annotations

import io
import struct

from include.discover.mp4_boxes import boxes, child, payload
from tests.include.discover.made_media import box


def kinds(data: bytes) -> list[tuple[bytes, int]]:
    return [(each.kind, each.end - each.start) for each in boxes(io.BytesIO(data), 0, len(data))]


def test_sizes_of_all_kinds() -> None:
    large = struct.pack(">I4sQ", 1, b"mdat", 20) + b"1234"
    rest = struct.pack(">I4s", 0, b"free") + b"to the end"
    assert kinds(box(b"ftyp", b"isom") + large + rest) == [(b"ftyp", 12), (b"mdat", 20), (b"free", 18)]


def test_the_boxes_end_where_something_else_begins() -> None:
    first = box(b"ftyp", b"isom")
    for impossible in (2, 7):
        assert kinds(first + struct.pack(">I4s", impossible, b"moov") + bytes(20)) == [(b"ftyp", 12)]
    assert kinds(first + struct.pack(">I4sQ", 1, b"moov", 15) + bytes(20)) == [(b"ftyp", 12)]
    assert kinds(first + b"text") == [(b"ftyp", 12)]
    assert kinds(first + struct.pack(">I4s", 5000, b"moov")) == [(b"ftyp", 12), (b"moov", 5000)]


def test_a_child_lies_within_its_parent() -> None:
    inner = box(b"stbl", box(b"stsz", b"abc"))
    file = io.BytesIO(box(b"minf", inner) + box(b"stsz", b"outside"))
    parent = next(boxes(file, 0, 1000))
    assert payload(file, child(file, parent, b"stbl", b"stsz"), 4) == b"abc\0"
    assert child(file, parent, b"stsz") is None
    assert payload(file, None, 2) == b"\0\0"
    too_long = io.BytesIO(struct.pack(">I4s", 16, b"minf") + struct.pack(">I4s", 99, b"stbl") + bytes(99))
    assert child(too_long, next(boxes(too_long, 0, 100)), b"stbl") is None
