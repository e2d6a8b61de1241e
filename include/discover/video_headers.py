"""Codec, size, duration and frame rate of a video, from its headers. No frame is decoded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, BinaryIO

import av
from av.stream import Disposition

from include.core.media_facts import Defect, MediaFacts
from include.discover.damaged_file import DamagedFileError
from include.discover.matroska_headers import matroska_facts
from include.discover.mp4_index import mp4_facts

# FFmpeg's demuxer for formats that Rekognition does not read: what they say is for people only. Left to
# guess, FFmpeg could choose one that opens other files.
_DEMUXERS = {"AVI": "avi", "FLV": "flv", "MPEG-TS": "mpegts", "MPEG-PS": "mpeg", "WMV": "asf"}


def video_facts(file: BinaryIO, size: int, facts: MediaFacts) -> MediaFacts:
    """Add what the headers of a video say.

    :param size: bytes in the file.
    :raises DamagedFileError: if the headers are damaged, or there is no video track.
    """
    if facts.format in ("MP4", "MOV"):
        return mp4_facts(file, size, facts)
    if facts.format in ("Matroska", "WebM"):
        return matroska_facts(file, size, facts)
    demuxer = _DEMUXERS[facts.format or ""]
    file.seek(0)
    try:
        container = av.open(
            file,
            format=demuxer,
            options={"probesize": "65536", "analyzeduration": "0"},
            metadata_errors="replace",
        )
    except av.FFmpegError as error:
        message = f"the {facts.format} headers cannot be read: {error.strerror}"
        raise DamagedFileError("DamagedHeader", message) from error
    with container:
        return _stream_facts(container, facts)


def _stream_facts(container: Any, facts: MediaFacts) -> MediaFacts:
    streams = [each for each in container.streams.video if not each.disposition & Disposition.attached_pic]
    if not streams:
        raise DamagedFileError("NoVideoStream", f"the {facts.format} file holds no video track")
    stream = streams[0]
    duration_ms = _duration_ms(container, stream)
    context = stream.codec_context  # None where FFmpeg has no decoder
    facts = replace(
        facts,
        codec=context and context.codec.canonical_name,
        width=(context and context.width) or None,
        height=(context and context.height) or None,
        duration_ms=duration_ms,
        frame_rate=float(stream.average_rate) if stream.average_rate else None,
    )
    if duration_ms is None:
        message = "the video states no duration or lasts 0 s; remux or record it again"
        return replace(facts, defect=Defect("NoDuration", message))
    return facts


def _duration_ms(container: Any, stream: Any) -> int | None:
    """Return the duration that the container states, or else the stream; None if neither does."""
    seconds = 0.0
    if container.duration:
        seconds = container.duration / av.time_base
    elif stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    duration_ms = round(seconds * 1000)
    return duration_ms if duration_ms > 0 else None
