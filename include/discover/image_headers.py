"""The size of an image from its header, and whether the file is complete.

Sources: JPEG markers, ITU-T T.81 annex B; PNG chunks, W3C PNG.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from include.core.features import MEBIBYTE
from include.core.media_facts import Defect, MediaFacts
from include.discover.damaged_file import DamagedFileError

MAX_END_SCAN = 15 * MEBIBYTE

_OPENERS: dict[str, Callable[[BinaryIO], ImageFile]] = {
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "TIFF": TiffImageFile,
}
_END_MARKERS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
# What Pillow's plug-ins raise for headers that are damaged or cut off.
_PILLOW_ERRORS = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


def image_facts(file: BinaryIO, size: int, facts: MediaFacts) -> MediaFacts:
    """Add what the header of an image says; formats that Pillow does not read stay as they are.

    :param size: bytes in the file.
    :raises DamagedFileError: if the header is damaged.
    """
    name = facts.format or ""
    if name not in _OPENERS:
        return facts
    width, height = _size(file, name)
    facts = replace(facts, width=width, height=height)
    end = _END_MARKERS.get(name)
    if end is None or _ends_with(file, size, file.tell(), end):
        return facts
    message = f"the {name} data stops before its end marker: an upload cut short; upload the file again"
    return replace(facts, defect=Defect("Truncated", message))


def _size(file: BinaryIO, name: str) -> tuple[int, int]:
    file.seek(0)
    try:
        # The plug-in's own class reads the header alone. Image.open would not tell the size of a
        # decompression bomb.
        width, height = _OPENERS[name](file).size
    except _PILLOW_ERRORS:
        width = height = 0
    if width <= 0 or height <= 0:
        message = f"the {name} header is damaged or cut off; upload the file again"
        raise DamagedFileError("DamagedHeader", message)
    return width, height


def _ends_with(file: BinaryIO, size: int, start: int, marker: bytes) -> bool:
    """Return whether the data that begins at ``start`` has its end marker.

    Motion photos have other data after it. The search ends after :data:`MAX_END_SCAN`. A larger file counts
    as complete: its size is refused anyway.
    """
    last = max(start, size - len(marker))
    file.seek(last)
    if file.read(len(marker)) == marker:
        return True
    file.seek(start)
    rest, scanned = b"", 0
    while scanned < MAX_END_SCAN:
        piece = file.read(MEBIBYTE)
        if not piece:
            return False
        if marker in rest + piece:
            return True
        rest, scanned = piece[1 - len(marker) :], scanned + len(piece)
    return True
