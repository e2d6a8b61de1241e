"""What the index of an MP4 or MOV file says of its video track, read box by box; no demuxer sees the file.

Only a few short boxes are read, whatever they claim, and nothing is allocated by a count in the file. Of a
fragmented file the index and the last fragment are read.

Sources: movie, track and fragment boxes, ISO/IEC 14496-12, sections 8.2 to 8.8; names of sample entries, the
MP4 Registration Authority (https://mp4ra.org/registered-types/codecs) and Apple's "QuickTime File Format";
object types of ``esds``, ISO/IEC 14496-1, table 5.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from include.core.features import MEBIBYTE
from include.core.media_facts import Defect, MediaFacts
from include.discover.damaged_file import DamagedFileError
from include.discover.mp4_boxes import Box, boxes, child, children, payload, read_at

# How much of the end of a fragmented file is searched for its last fragment.
TAIL_BYTES = 4 * MEBIBYTE

# Samples of a fragment's run that are looked at; a fragment of an hour has 216,000 at 60 frames a second.
MAX_RUN_SAMPLES = 500_000

# Sample entries of tracks that only a licensed player reads.
_PROTECTED = frozenset((b"encv", b"drmi"))

# Codec by sample entry, in FFmpeg's names.
_CODECS = {
    **dict.fromkeys((b"avc1", b"avc2", b"avc3", b"avc4", b"dva1", b"dvav"), "h264"),
    **dict.fromkeys((b"hvc1", b"hev1", b"dvh1", b"dvhe"), "hevc"),
    **dict.fromkeys((b"vvc1", b"vvi1"), "vvc"),
    **dict.fromkeys((b"apch", b"apcn", b"apcs", b"apco", b"ap4h", b"ap4x"), "prores"),
    **dict.fromkeys((b"s263", b"h263"), "h263"),
    **dict.fromkeys((b"jpeg", b"mjpa", b"mjpb"), "mjpeg"),
    b"av01": "av1",
    b"vp08": "vp8",
    b"vp09": "vp9",
    b"png ": "png",
}
_OBJECT_TYPES = {
    0x21: "h264",
    **dict.fromkeys(range(0x60, 0x66), "mpeg2video"),
    0x6A: "mpeg1video",
    0x6C: "mjpeg",
    0x6D: "png",
}


@dataclass(frozen=True)
class _Track:
    """A video track.

    :param rotation: degrees clockwise by which its matrix turns it.
    :param timescale: units of its times in a second; 0 if it states none.
    :param duration: in these units; 0 if it states none.
    """

    track_id: int
    enabled: bool
    rotation: int
    entry: Box
    samples: int
    timescale: int
    duration: int


def mp4_facts(file: BinaryIO, size: int, facts: MediaFacts) -> MediaFacts:
    """Add what the index of a video says.

    :param size: bytes in the file.
    :raises DamagedFileError: if the file is incomplete, protected, or has no video track.
    """
    index = _find_index(file, size)
    track = _video_track(file, size, index, facts)
    codec = _codec(file, track.entry)
    width, height = struct.unpack(">24x2H", payload(file, track.entry, 28))
    seconds, frame_rate = _times(file, size, index, track)
    facts = replace(facts, codec=codec, width=width or None, height=height or None, rotation=track.rotation)
    duration_ms = round(seconds * 1000)
    if duration_ms <= 0:
        message = "the video states no duration or lasts 0 s; remux or record it again"
        return replace(facts, frame_rate=frame_rate, defect=Defect("NoDuration", message))
    return replace(facts, duration_ms=duration_ms, frame_rate=frame_rate)


def _find_index(file: BinaryIO, size: int) -> Box:
    """Return the moov box. What follows a whole index and whole media data does not matter."""
    index = data = None
    is_fragmented = False
    for box in boxes(file, 0, size):
        if box.kind in (b"moov", b"mdat", b"moof") and box.end > size:
            raise _truncated(box.end - size)
        if box.kind == b"moov":
            index = box
            is_fragmented = child(file, index, b"mvex") is not None
        elif box.kind == b"mdat":
            data = box
        if index is not None and (data is not None or is_fragmented):
            break
    if index is None:
        raise DamagedFileError(
            "MissingMoov", "the file has no moov box (its index): an interrupted upload; upload it again"
        )
    return index


def _truncated(missing: int) -> DamagedFileError:
    return DamagedFileError(
        "Truncated", f"the file ends {missing} bytes early: an interrupted upload; upload it again"
    )


def _video_track(file: BinaryIO, size: int, index: Box, facts: MediaFacts) -> _Track:
    """Return the first enabled video track, or else the first one."""
    first = None
    for box in children(file, index):
        if box.kind == b"cmov":
            message = f"the index of the {facts.format} file is compressed (cmov); remux the file"
            raise DamagedFileError("CompressedIndex", message)
        track = _track(file, size, box) if box.kind == b"trak" else None
        if track is not None and track.enabled:
            return track
        first = first or track
    if first is None:
        raise DamagedFileError("NoVideoStream", f"the {facts.format} file holds no video track")
    return first


def _track(file: BinaryIO, size: int, trak: Box) -> _Track | None:
    """Return a track, or None if it holds no video."""
    media = child(file, trak, b"mdia")
    if media is None or payload(file, child(file, media, b"hdlr"), 12)[8:] != b"vide":
        return None
    table = child(file, media, b"minf", b"stbl")
    descriptions = None if table is None else child(file, table, b"stsd")
    if table is None or descriptions is None:
        return None
    entry = next(boxes(file, descriptions.payload + 8, descriptions.end), None)
    if entry is None:
        return None
    samples = _samples(file, size, child(file, table, b"stsz"))
    header = child(file, trak, b"tkhd")
    members = payload(file, header, 96)
    timescale, duration = _clock(payload(file, child(file, media, b"mdhd"), 32))
    track_id = struct.unpack_from(">I", members, 20 if members[0] else 12)[0]
    enabled = header is None or bool(members[3] & 1)
    return _Track(track_id, enabled, _rotation(members), entry, samples, timescale, duration)


def _rotation(header: bytes) -> int:
    """Return the degrees clockwise by which the matrix in a tkhd box turns a track, to the next quarter turn.

    A point (x, y) of the picture is shown at (ax + cy, bx + dy), with y downwards.
    """
    a, b = struct.unpack_from(">2i", header, 52 if header[0] else 40)
    return round(math.degrees(math.atan2(b, a)) / 90) * 90 % 360


def _samples(file: BinaryIO, size: int, counts: Box | None) -> int:
    """Return how many samples a track has.

    :raises DamagedFileError: if the file is too small for them.
    """
    bytes_each, samples = struct.unpack(">4x2I", payload(file, counts, 12))
    if samples * max(bytes_each, 1) > size:
        message = f"a track claims {samples} samples, more than the file can hold"
        raise DamagedFileError("DamagedHeader", message)
    return int(samples)


def _clock(header: bytes) -> tuple[int, int]:
    """Return units a second and duration from the payload of an mvhd or mdhd box; 0 where unknown."""
    layout, unknown = (">20xIQ", 2**64 - 1) if header[0] == 1 else (">12xII", 2**32 - 1)
    timescale, duration = struct.unpack_from(layout, header)
    return timescale, 0 if duration == unknown else duration


def _codec(file: BinaryIO, entry: Box) -> str:
    """Return the codec of a sample entry: FFmpeg's name, or the entry's four characters."""
    if entry.kind in _PROTECTED:
        name = entry.kind.decode()
        message = f"the video is protected ({name}): Rekognition cannot read it; upload an unprotected copy"
        raise DamagedFileError("Protected", message)
    if entry.kind == b"mp4v":
        return _OBJECT_TYPES.get(_object_type(file, entry), "mpeg4")
    return _CODECS.get(entry.kind) or entry.kind.decode("ascii", "backslashreplace").strip()


def _object_type(file: BinaryIO, entry: Box) -> int:
    """Return the object type of an MPEG-4 sample entry; 0 if it states none."""
    inner = (box for box in boxes(file, entry.payload + 78, entry.end) if box.kind == b"esds")
    descriptor = payload(file, next(inner, None), 64)[4:]
    position = _descriptor(descriptor, 0, tag=3) + 3
    return descriptor[_descriptor(descriptor, position, tag=4)] if position > 3 else 0


def _descriptor(data: bytes, position: int, tag: int) -> int:
    """Return where the content of a descriptor begins; 0, where there is none, for another tag."""
    if data[position] != tag:
        return 0
    position += 1
    while data[position] & 0x80 and position < 40:
        position += 1
    return position + 1


def _times(file: BinaryIO, size: int, index: Box, track: _Track) -> tuple[float, float | None]:
    """Return the duration in seconds, 0 if the file states none, and the frames a second."""
    timescale, duration = _clock(payload(file, child(file, index, b"mvhd"), 32))
    seconds = duration / timescale if timescale else 0.0
    own_seconds = track.duration / track.timescale if track.timescale else 0.0
    rate = track.samples / own_seconds if track.samples and own_seconds else None
    extends = child(file, index, b"mvex")
    if extends is None:
        return seconds or own_seconds, rate
    header = payload(file, child(file, extends, b"mehd"), 12)
    stated = struct.unpack_from(">Q" if header[0] else ">I", header, 4)[0]
    last = _last_fragment(file, size, extends, track)
    if stated and timescale:
        seconds = stated / timescale
    return max(seconds, own_seconds, last.end if last else 0.0), last.frame_rate if last else rate


@dataclass(frozen=True)
class _Fragment:
    """The last fragment of a track.

    :param end: seconds from the beginning of the video.
    """

    end: float
    frame_rate: float | None


def _last_fragment(file: BinaryIO, size: int, extends: Box, track: _Track) -> _Fragment | None:
    """Return the last fragment of a track that begins near the end of the file.

    :raises DamagedFileError: if the media data of a fragment is cut off.
    """
    start = max(extends.end, size - TAIL_BYTES)
    tail = read_at(file, start, size - start)
    position = len(tail)
    while track.timescale and (position := tail.rfind(b"moof", 0, position)) >= 4:
        fragment = _fragment(file, size, start + position - 4, extends, track)
        if fragment is not None:
            return fragment
    return None


def _fragment(file: BinaryIO, size: int, start: int, extends: Box, track: _Track) -> _Fragment | None:
    """Return what a fragment says of a track; None if it has no part of it, or these bytes are none."""
    moof = next(boxes(file, start, size), None)
    if moof is None or not any(box.kind == b"mfhd" for box in boxes(file, moof.payload, moof.end)):
        return None
    data = next(boxes(file, moof.end, size), None)
    if moof.end > size or (data is not None and data.kind == b"mdat" and data.end > size):
        raise _truncated((data or moof).end - size)
    for traf in (box for box in children(file, moof) if box.kind == b"traf"):
        header = payload(file, child(file, traf, b"tfhd"), 36)
        if struct.unpack_from(">I", header, 4)[0] == track.track_id:
            return _track_fragment(file, traf, header, _default_duration(file, extends, track), track)
    return None


def _track_fragment(file: BinaryIO, traf: Box, header: bytes, default: int, track: _Track) -> _Fragment:
    flags = struct.unpack_from(">I", header)[0] & 0xFFFFFF
    if flags & 0x8:  # the fragment has a default of its own, after the members that precede it
        default = struct.unpack_from(">I", header, 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0))[
            0
        ]
    decode_time = payload(file, child(file, traf, b"tfdt"), 12)
    begin = struct.unpack_from(">Q" if decode_time[0] else ">I", decode_time, 4)[0]
    durations = [
        duration
        for run in children(file, traf)
        if run.kind == b"trun"
        for duration in _run_durations(file, run, default)
    ]
    length = sum(durations)
    rate = len(durations) * track.timescale / length if length else None
    return _Fragment((begin + length) / track.timescale, rate)


def _run_durations(file: BinaryIO, run: Box, default: int) -> Iterator[int]:
    """Yield the duration of each sample of a run, as far as the run reaches."""
    flags, samples = struct.unpack(">2I", payload(file, run, 8))
    members = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
    first = 8 + (4 if flags & 0x1 else 0) + (4 if flags & 0x4 else 0)
    content = read_at(file, run.payload, run.end - run.payload)
    room = (len(content) - first) // (4 * len(members)) if members else MAX_RUN_SAMPLES
    for number in range(max(0, min(samples, room, MAX_RUN_SAMPLES))):
        explicit = flags & 0x100
        yield struct.unpack_from(">I", content, first + 4 * len(members) * number)[0] if explicit else default


def _default_duration(file: BinaryIO, extends: Box, track: _Track) -> int:
    """Return the duration of a track's samples that state none."""
    for box in children(file, extends):
        values = struct.unpack(">4x5I", payload(file, box, 24)) if box.kind == b"trex" else (0,) * 5
        if values[0] == track.track_id:
            return int(values[2])
    return 0
