"""The size of an image from its header.

Whether the rest is there is left to Rekognition: it refuses what it cannot read, and a refusal costs nothing.

Sources: "Logical Screen Descriptor", GIF89a specification, section 18.
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
from PIL.TiffImagePlugin import TiffImageFile

from include.core.media_facts import MediaFacts
from include.discover.damaged_file import DamagedFileError

# The plug-in's own class reads the header alone. Image.open would not tell the size of a decompression bomb.
_OPENERS: dict[str, Callable[[BinaryIO], ImageFile]] = {
    "BMP": BmpImageFile,
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "TIFF": TiffImageFile,
}


def image_facts(file: BinaryIO, size: int, facts: MediaFacts) -> MediaFacts:
    """Add the size that the header of an image states; formats that nothing here reads stay as they are.

    Pillow's plug-ins raise errors of any kind for damaged headers; these are passed on.

    :param size: bytes in the file.
    :raises DamagedFileError: if the header states no size.
    """
    name = facts.format or ""
    file.seek(0)
    if name == "GIF":
        # Pillow goes on to the first frame, which may be anywhere and of any size.
        width, height = struct.unpack("<6x2H", file.read(10))
    elif name in _OPENERS:
        width, height = _OPENERS[name](file).size
    else:
        return facts
    if width <= 0 or height <= 0:
        raise DamagedFileError("DamagedHeader", f"the {name} header states no size; upload the file again")
    return replace(facts, width=width, height=height)
