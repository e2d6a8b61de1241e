"""The codec of a Matroska or WebM file, from its track entries; Rekognition reads neither format.

FFmpeg's demuxer is not asked: it allocates what an element claims, hundreds of megabytes for a damaged file.

Sources: element CodecID, RFC 9559, section 5.1.4.1.21; names of codecs, the "Matroska Media Container Codec
Specifications" (https://www.matroska.org/technical/codec_specs.html).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import BinaryIO

from include.core.media_facts import MediaFacts

# Muxers write the track entries before the media; this much of a file is searched for them.
TRACKS_WITHIN = 256 * 1024

# The element's id, its length in one byte, and the name of a video codec.
_CODEC_ID = re.compile(rb"\x86[\x80-\xff](V_[A-Z0-9_/]+)")

# Codec by the beginning of its name in Matroska, in FFmpeg's names.
_CODECS = {
    "V_MPEG4/ISO/AVC": "h264",
    "V_MPEGH/ISO/HEVC": "hevc",
    "V_MPEG4": "mpeg4",
    "V_MPEG2": "mpeg2video",
    "V_MPEG1": "mpeg1video",
    "V_VP8": "vp8",
    "V_VP9": "vp9",
    "V_AV1": "av1",
    "V_THEORA": "theora",
    "V_MJPEG": "mjpeg",
    "V_PRORES": "prores",
}


def matroska_facts(file: BinaryIO, size: int, facts: MediaFacts) -> MediaFacts:
    """Add the codec of the first video track, if one is found; by Matroska's name if no other is known.

    :param size: bytes in the file.
    """
    file.seek(0)
    found = _CODEC_ID.search(file.read(min(size, TRACKS_WITHIN)))
    if found is None:
        return facts
    name = found[1].decode("ascii")
    return replace(
        facts, codec=next((codec for start, codec in _CODECS.items() if name.startswith(start)), name)
    )
