"""Codec, size, duration and frame rate of a video, from its headers. No frame is decoded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, BinaryIO

import av
from av.stream import Disposition

from include.core.media_facts import Defect, MediaFacts
from include.discover.damaged_file import DamagedFileError
from include.discover.mp4_boxes import check_boxes

# FFmpeg's demuxer for each format. Left to guess, FFmpeg could choose one that opens other files.
_DEMUXERS = {
    "MP4": "mov", "MOV": "mov", "Matroska": "matroska", "WebM": "matroska", "AVI": "avi", "FLV": "flv",
    "MPEG-TS": "mpegts", "MPEG-PS": "mpeg", "WMV": "asf",
}  # fmt: skip


def video_facts(file: BinaryIO, size: int, facts: MediaFacts) -> MediaFacts:
    """Add what the headers of a video say.

    :param size: bytes in the file.
    :raises DamagedFileError: if the headers are damaged, or there is no video track.
    """
    demuxer = _DEMUXERS[facts.format or ""]
    stream_options: Any = None  # typed list[str] in the stubs, but read as a list of dicts
    if demuxer == "mov":
        check_boxes(file, size)
        stream_options = [{"skip_frame": "all"}] * 64
    file.seek(0)
    try:
        container = av.open(
            file,
            format=demuxer,
            options={"probesize": "65536", "analyzeduration": "0"},
            stream_options=stream_options,
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
    facts = replace(
        facts,
        codec=stream.codec_context.codec.canonical_name,
        width=stream.codec_context.width or None,
        height=stream.codec_context.height or None,
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
