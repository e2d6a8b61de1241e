"""The size of an image and its EXIF orientation, from its header.

Whether the rest is there is left to Rekognition: it refuses what it cannot read, and a refusal costs nothing.

Sources: "Logical Screen Descriptor", GIF89a specification, section 18; chunk ``eXIf``, W3C PNG, section 11.3.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from include.core.media_facts import MediaFacts
from include.discover.damaged_file import DamagedFileError
from include.discover.tiff_directory import HEIGHT, WIDTH, exif_orientation, first_directory, orientation_in


class _JpegHeader(JpegImageFile):
    """Pillow would parse all Exif data, which can be of any size, to know the dots per inch."""

    def _read_dpi_from_exif(self) -> None:
        pass


# The plug-in's own class reads the header alone. Image.open would not tell the size of a decompression bomb.
_OPENERS: dict[str, Callable[[BinaryIO], ImageFile]] = {
    "BMP": BmpImageFile,
    "JPEG": _JpegHeader,
    "PNG": PngImageFile,
}


def image_facts(file: BinaryIO, size: int, facts: MediaFacts) -> MediaFacts:
    """Add what the header of an image states; formats that nothing here reads stay as they are.

    Pillow's plug-ins raise errors of any kind for damaged headers; these are passed on.

    :param size: bytes in the file.
    :raises DamagedFileError: if the header states no size.
    """
    name = facts.format or ""
    file.seek(0)
    if name == "GIF":
        # Pillow goes on to the first frame, which may be anywhere and of any size.
        width, height = struct.unpack("<6x2H", file.read(10))
        orientation = None
    elif name == "TIFF":
        # Pillow reads every entry of the directory, also those of any size.
        directory = first_directory(file)
        width, height = directory.get(WIDTH, 0), directory.get(HEIGHT, 0)
        orientation = orientation_in(directory)
    elif name in _OPENERS:
        image = _OPENERS[name](file)
        width, height = image.size
        # getexif would load the pixels of a PNG.
        orientation = exif_orientation(image.info.get("exif", b""))
    else:
        return facts
    if width <= 0 or height <= 0:
        raise DamagedFileError("DamagedHeader", f"the {name} header states no size; upload the file again")
    return replace(facts, width=width, height=height, orientation=orientation)
