"""What a media file is, from its headers: a few ranged reads, never a decode.

The content decides, not the name. :func:`include.core.media_facts.check_limits` checks the limits of an
analysis.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import BinaryIO, cast

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
from include.discover.limited_file import LimitedFile
from include.discover.video_headers import video_facts
from include.store.object_reader import ReadLimitExceededError

log = logging.getLogger(__name__)

# With the limits of the reader below it, what a file may cost.
MAX_CPU_SECONDS = 5.0


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
    limited = LimitedFile(file, size, MAX_CPU_SECONDS)
    try:
        found = read_headers(cast("BinaryIO", limited), size, facts)
    except DamagedFileError as error:
        found = replace(facts, defect=error.defect)
    except Exception as error:
        log.warning("the parser of %s files failed on %s: %r", name, key, error)
        message = f"the {name} headers cannot be read ({type(error).__name__}); record or export it again"
        found = replace(facts, defect=Defect("DamagedHeader", message))
    if isinstance(limited.failure, ReadLimitExceededError):
        defect = Defect("HeaderTooLarge", f"the headers of this {name} file take too much to read")
        return replace(facts, defect=defect)
    if limited.failure is not None:
        raise limited.failure
    return found


def _not_media(name: str | None, key: str) -> MediaFacts:
    media_type = media_type_of_name(key)
    if media_type is None:
        return MediaFacts(None, name)
    content = f"{name} content" if name else "content of no known media format"
    kind = "an image" if media_type == "image" else "a video"
    defect = Defect("NotMedia", f"{content} under the name of {kind}; upload the real file")
    return MediaFacts(media_type, name, defect=defect)
