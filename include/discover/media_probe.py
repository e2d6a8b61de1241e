"""What a media file is, from its headers: a few ranged reads, never a decode.

The content decides, not the name. :func:`include.core.media_facts.check_limits` checks the limits of an
analysis.
"""

from __future__ import annotations

import io
import logging
from dataclasses import fields, replace
from typing import BinaryIO, cast

from include.core.media_facts import Defect, MediaFacts
from include.core.printable import escaped
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

# With the limits of the reader below it, what a file may cost; the step that is interrupted adds a little.
MAX_CPU_SECONDS = 4.0

# The largest numbers of the columns.
_MOST = {"duration_ms": 2**63 - 1}
_MOST_OF_OTHERS = 2**31 - 1


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
    # Pillow looks for the next segment of a damaged JPEG file byte by byte; FFmpeg has a buffer of its own.
    headers = io.BufferedReader(limited) if name in IMAGE_FORMATS else limited
    try:
        found = read_headers(cast("BinaryIO", headers), size, facts)
    except DamagedFileError as error:
        found = replace(facts, defect=error.defect)
    except Exception as error:
        log.warning("the parser of %s files failed: %r", name, error)
        log.debug("it failed on %s", escaped(key))
        message = f"the {name} headers cannot be read ({type(error).__name__}); record or export it again"
        found = replace(facts, defect=Defect("DamagedHeader", message))
    if isinstance(limited.failure, ReadLimitExceededError):
        defect = Defect("HeaderTooLarge", f"the headers of this {name} file take too much to read")
        return replace(facts, defect=defect)
    if limited.failure is not None:
        raise limited.failure
    return _plausible(found)


def _plausible(facts: MediaFacts) -> MediaFacts:
    """Return facts without the numbers that no table can hold; a file that states such is damaged."""
    numbers = {fact.name: getattr(facts, fact.name) for fact in fields(facts)}
    odd = {
        name: value
        for name, value in numbers.items()
        if isinstance(value, int | float) and not 0 <= value <= _MOST.get(name, _MOST_OF_OTHERS)
    }
    if not odd:
        return facts
    stated = ", ".join(f"{name} {value:g}" for name, value in odd.items())
    message = f"the {facts.format} headers state what cannot be: {stated}; record or export it again"
    return replace(facts, **dict.fromkeys(odd), defect=facts.defect or Defect("DamagedHeader", message))


def _not_media(name: str | None, key: str) -> MediaFacts:
    media_type = media_type_of_name(key)
    if media_type is None:
        return MediaFacts(None, name)
    content = f"{name} content" if name else "content of no known media format"
    kind = "an image" if media_type == "image" else "a video"
    defect = Defect("NotMedia", f"{content} under the name of {kind}; upload the real file")
    return MediaFacts(media_type, name, defect=defect)
