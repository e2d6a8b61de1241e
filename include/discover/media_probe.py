"""What a media file is, from its headers: a few ranged reads, never a decode.

The content decides, not the name. :func:`include.core.media_facts.check_limits` checks the limits of an
analysis.
"""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from include.core.media_facts import Defect, MediaFacts
from include.discover.damaged_file import DamagedFileError
from include.discover.formats import (
    HEAD_BYTES,
    IMAGE_FORMATS,
    VIDEO_FORMATS,
    format_of,
    media_type_of_name,
)
from include.discover.image_headers import image_facts
from include.discover.video_headers import video_facts
from include.store.object_reader import ReadLimitExceededError


def probe(file: BinaryIO, size: int, key: str) -> MediaFacts:
    """Return what a file is, from its headers and its end.

    :param file: seekable binary file; errors of reading it (such as ``ClientError``) are passed on.
    :param size: bytes in the file.
    :param key: name, used only where the content says nothing.
    """
    if size == 0:
        defect = Defect("EmptyObject", "the object is empty (0 bytes)")
        return MediaFacts(media_type_of_name(key), defect=defect)
    file.seek(0)
    name = format_of(file.read(HEAD_BYTES))
    if name in IMAGE_FORMATS:
        facts, read_headers = MediaFacts("image", name), image_facts
    elif name in VIDEO_FORMATS:
        facts, read_headers = MediaFacts("video", name), video_facts
    else:
        return _not_media(name, key)
    try:
        return read_headers(file, size, facts)
    except DamagedFileError as error:
        return replace(facts, defect=error.defect)
    except ReadLimitExceededError:
        defect = Defect("HeaderTooLarge", f"the headers of this {name} file are too large to read")
        return replace(facts, defect=defect)


def _not_media(name: str | None, key: str) -> MediaFacts:
    media_type = media_type_of_name(key)
    if media_type is None:
        return MediaFacts(None, name)
    content = f"{name} content" if name else "content of no known media format"
    kind = "an image" if media_type == "image" else "a video"
    defect = Defect("NotMedia", f"{content} under the name of {kind}; upload the real file")
    return MediaFacts(media_type, name, defect=defect)
