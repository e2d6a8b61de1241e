"""The boxes of an MP4 or MOV file: whether it is complete, and whether its index is of a sane size.

Source: box layout, ISO/IEC 14496-12.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from include.core.features import MEBIBYTE
from include.discover.damaged_file import DamagedFileError

MAX_MOOV_BYTES = 48 * MEBIBYTE
MAX_VIDEO_SAMPLES = 10_000_000  # six hours at 60 frames a second are 1.3 million
MAX_TOP_LEVEL_BOXES = 64  # a plain MP4 has under ten; fragmented files have thousands, each a read


@dataclass(frozen=True)
class _Box:
    """A box: positions of its first byte, of its payload and of the byte after it."""

    kind: bytes
    start: int
    payload: int
    end: int


def check_boxes(file: BinaryIO, size: int) -> None:
    """Check a file before a demuxer reads it.

    :param size: bytes in the file.
    :raises DamagedFileError: if it is incomplete, or its index claims more than a demuxer should allocate.
    """
    index, cut = _index_and_cut_box(file, size)
    if index is None:
        raise DamagedFileError(
            "MissingMoov", "the file has no moov box (its index): an interrupted upload; upload it again"
        )
    if cut is not None:
        raise DamagedFileError(
            "Truncated", f"the file ends {cut.end - size} bytes early: an interrupted upload; upload it again"
        )
    if index.end - index.start > MAX_MOOV_BYTES:
        message = f"the moov box (index) exceeds {MAX_MOOV_BYTES // MEBIBYTE} MiB"
        raise DamagedFileError("HeaderTooLarge", message)
    _check_samples(file, index, size)


def _index_and_cut_box(file: BinaryIO, size: int) -> tuple[_Box | None, _Box | None]:
    """Return the moov box, and a box that claims to reach past the end of the file."""
    index = cut = None
    for number, box in enumerate(_boxes(file, 0, size)):
        if index is not None and not box.kind.isalnum():
            break  # padding after the last box
        if box.end > size:
            cut = box
        elif box.kind == b"moov":
            index = box
        if number >= MAX_TOP_LEVEL_BOXES:
            break
    return index, cut


def _check_samples(file: BinaryIO, index: _Box, size: int) -> None:
    """Refuse sample counts that would make the demuxer allocate gigabytes from a few bytes."""
    tables = list(_sample_tables(file, index))
    if not tables:
        raise DamagedFileError("NoVideoStream", "the file holds no track at all; record or export it again")
    for box in tables:
        header = _read_at(file, box.payload + 4, 8).ljust(8, b"\0")
        sample_bytes, samples = struct.unpack(">II", header)
        if samples * max(sample_bytes, 1) > size:
            message = f"a track claims {samples} samples, more than the file can hold"
            raise DamagedFileError("DamagedHeader", message)
        if sample_bytes > 1 and samples > MAX_VIDEO_SAMPLES:
            raise DamagedFileError("HeaderTooLarge", f"a track claims {samples} samples")


def _sample_tables(file: BinaryIO, parent: _Box) -> Iterator[_Box]:
    """Yield the boxes (stsz) that count the samples of each track."""
    for box in _boxes(file, parent.payload, parent.end):
        if box.kind == b"stsz":
            yield box
        elif box.kind in (b"trak", b"mdia", b"minf", b"stbl"):
            yield from _sample_tables(file, replace(box, end=min(box.end, parent.end)))


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[_Box]:
    """Yield the boxes between two positions; the last may claim to reach past ``end``."""
    position = start
    while position + 8 <= end:
        header = _read_at(file, position, 16)
        length, kind = struct.unpack(">I4s", header[:8])
        payload = position + 8
        if length == 1 and len(header) == 16:
            length, payload = struct.unpack(">Q", header[8:])[0], position + 16
        elif length == 0:
            length = end - position
        if length < payload - position:
            message = f"the box at byte {position} has an impossible size"
            raise DamagedFileError("DamagedHeader", message)
        yield _Box(kind, position, payload, position + length)
        position += length


def _read_at(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)
