"""The first directory of a TIFF structure: a TIFF file begins with one, and Exif data are one.

Nothing but the directory is read, whatever it claims: at most 65,535 entries of 12 bytes.

Sources: "Image File Header" and "Image File Directory", TIFF 6.0, section 2; tags, section 8.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from typing import BinaryIO

WIDTH, HEIGHT, ORIENTATION = 256, 257, 274

_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}

# The integer in an entry's value field, by the entry's type: SHORT, LONG.
_INTEGERS = {3: "H", 4: "I"}


def first_directory(file: BinaryIO) -> dict[int, int]:
    """Return the single integers of the first directory, by tag, as far as the file has them."""
    file.seek(0)
    head = file.read(8)
    order = _BYTE_ORDERS.get(head[:4])
    if order is None or len(head) < 8:
        return {}
    file.seek(*struct.unpack(f"{order}4xI", head))
    (count,) = struct.unpack(f"{order}H", file.read(2).ljust(2, b"\0"))
    entries = file.read(12 * count)
    values: dict[int, int] = {}
    for start in range(0, len(entries) - 11, 12):
        tag, kind, number = struct.unpack_from(f"{order}2HI", entries, start)
        if number == 1 and kind in _INTEGERS:
            values.setdefault(tag, struct.unpack_from(f"{order}{_INTEGERS[kind]}", entries, start + 8)[0])
    return values


def orientation_in(directory: Mapping[int, int]) -> int | None:
    """Return the orientation in a directory, 1 to 8; None for any other number, or none."""
    orientation = directory.get(ORIENTATION)
    return orientation if orientation in range(1, 9) else None


def exif_orientation(exif: bytes) -> int | None:
    """Return the orientation that Exif data state, 1 to 8; None if they state none or are damaged."""
    return orientation_in(first_directory(io.BytesIO(exif.removeprefix(b"Exif\0\0"))))
