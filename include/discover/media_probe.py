"""What a media file is, from its headers: a few ranged reads, never a decode.

The content decides, not the name. Limits that depend on what is asked of Rekognition are checked apart, by
:func:`check_limits` against an entry of :mod:`include.core.features`.

Sources: JPEG markers, ITU-T T.81 annex B; PNG chunks, W3C PNG; box layout and brands, ISO/IEC 14496-12; EBML header,
RFC 8794.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import av
from av.stream import Disposition
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from include.core.features import MEBIBYTE, MediaType
from include.core.media_facts import Defect, MediaFacts
from include.store.object_reader import ReadLimitExceededError

MAX_MOOV_BYTES = 48 * MEBIBYTE

MAX_VIDEO_SAMPLES = 10_000_000  # six hours at 60 frames a second are 1.3 million

MAX_END_SCAN = 15 * MEBIBYTE

MAX_TOP_LEVEL_BOXES = 64  # a plain MP4 has under ten; fragmented files have thousands, each a read

HEAD_BYTES = 4096

IMAGE_EXTENSIONS = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".apng",
        ".gif",
        ".webp",
        ".tif",
        ".tiff",
        ".bmp",
        ".heic",
        ".heif",
        ".avif",
        ".svg",
    ]
)

VIDEO_EXTENSIONS = frozenset(
    [
        ".mp4",
        ".m4v",
        ".mov",
        ".qt",
        ".mkv",
        ".webm",
        ".avi",
        ".mpg",
        ".mpeg",
        ".ts",
        ".m2ts",
        ".mts",
        ".flv",
        ".wmv",
        ".asf",
        ".3gp",
        ".3g2",
        ".ogv",
    ]
)


class _Damaged(Exception):
    """A file is not what its first bytes promise."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.defect = Defect(code, message)


def probe(file: BinaryIO | io.RawIOBase, size: int, key: str) -> MediaFacts:
    """Return what a file is, from its headers and its end.

    :param file: seekable binary file; errors of reading it (such as ``ClientError``) are passed on.
    :param size: bytes in the file.
    :param key: name, used only where the content says nothing.
    """
    if size == 0:
        return MediaFacts(
            media_type_of_name(key), defect=Defect("EmptyObject", "the object is empty (0 bytes)")
        )
    head = _read_at(file, 0, HEAD_BYTES)
    name = _sniff(head)
    if name in _IMAGE_FORMATS:
        facts = MediaFacts("image", name)
    elif name in _DEMUXERS:
        facts = MediaFacts("video", name)
    else:
        return _not_media(name, key)
    try:
        return (
            _image_facts(file, size, facts)
            if facts.media_type == "image"
            else _video_facts(file, size, facts)
        )
    except _Damaged as damage:
        return replace(facts, defect=damage.defect)
    except ReadLimitExceededError:
        return replace(
            facts, defect=Defect("HeaderTooLarge", f"the headers of this {name} file are too large to read")
        )


# --- what the content is

_MAGIC = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (8, b"WEBP", "WEBP"),
    (8, b"AVI ", "AVI"),
    (0, b"FLV\x01", "FLV"),
    (0, b"\0\0\1\xba", "MPEG-PS"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMV"),
    (0, b"%PDF-", "PDF"),
)

_QUICKTIME_FIRST_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")

_BRANDS = {
    **dict.fromkeys(
        (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"heif", b"mif1", b"msf1"), "HEIF"
    ),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"M4A ", b"M4B ", b"M4P "), "M4A"),
    b"qt  ": "MOV",
}

_PILLOW_FILES: dict[str, Callable[[Any], ImageFile]] = {
    "JPEG": JpegImageFile, "PNG": PngImageFile, "GIF": GifImageFile, "TIFF": TiffImageFile, "BMP": BmpImageFile,
}  # fmt: skip

_IMAGE_FORMATS = frozenset(_PILLOW_FILES) | {"WEBP", "HEIF", "AVIF", "SVG"}

_DEMUXERS = {
    "MP4": "mov", "MOV": "mov", "Matroska": "matroska", "WebM": "matroska", "AVI": "avi", "FLV": "flv",
    "MPEG-TS": "mpegts", "MPEG-PS": "mpeg", "WMV": "asf",
}  # fmt: skip


def _sniff(head: bytes) -> str | None:
    """Name the format that a file begins like; None if unknown."""
    for offset, magic, name in _MAGIC:
        if head.startswith(magic, offset):
            return name
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "WebM" if b"webm" in head[:64] else "Matroska"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "MP4")
    if head[4:8] in _QUICKTIME_FIRST_BOXES:
        return "MOV"
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return "MPEG-TS"
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return "BMP"
    return _sniff_markup(head)


def _sniff_markup(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not text.startswith(b"<"):
        return None
    if b"<html" in text or b"<!doctype html" in text:
        return "HTML"
    if b"<svg" in text:
        return "SVG"
    return "XML" if text.startswith(b"<?xml") else None


def media_type_of_name(key: str) -> MediaType | None:
    extension = PurePosixPath(key).suffix.lower()
    if extension in IMAGE_EXTENSIONS:
        return "image"
    return "video" if extension in VIDEO_EXTENSIONS else None


def _not_media(name: str | None, key: str) -> MediaFacts:
    media_type = media_type_of_name(key)
    if media_type is None:
        return MediaFacts(None, name)
    content = f"{name} content" if name else "content of no known media format"
    message = f"{content} under the name of {'an image' if media_type == 'image' else 'a video'}; upload the real file"
    return MediaFacts(media_type, name, defect=Defect("NotMedia", message))


def _read_at(file: Any, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)


# --- images


def _image_facts(file: Any, size: int, facts: MediaFacts) -> MediaFacts:
    opener = _PILLOW_FILES.get(facts.format or "")
    if opener is None:
        return facts
    file.seek(0)
    try:
        # The plug-in's own class reads the header alone: Image.open would refuse to report a decompression bomb's size.
        width, height = opener(file).size
    except (
        SyntaxError,
        OSError,
        ValueError,
        ArithmeticError,
        LookupError,
        TypeError,
        EOFError,
        struct.error,
        zlib.error,
    ):
        width = height = 0
    if width <= 0 or height <= 0:
        raise _Damaged(
            "DamagedHeader", f"the {facts.format} header is damaged or cut off; upload the file again"
        )
    facts = replace(facts, width=width, height=height)
    end = _END_MARKERS.get(facts.format or "")
    if end is not None and not _ends_with(file, size, file.tell(), end):
        message = (
            f"the {facts.format} data stops before its end marker: an upload cut short; upload the file again"
        )
        return replace(facts, defect=Defect("Truncated", message))
    return facts


_END_MARKERS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}


def _ends_with(file: Any, size: int, start: int, marker: bytes) -> bool:
    """Whether the data that begins at ``start`` has its end marker, which other data (motion photos) may follow.

    Files above :data:`MAX_END_SCAN` get the benefit of the doubt: their size is refused anyway.
    """
    if _read_at(file, max(start, size - len(marker)), len(marker)) == marker:
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


# --- videos


def _video_facts(file: Any, size: int, facts: MediaFacts) -> MediaFacts:
    demuxer = _DEMUXERS[facts.format or ""]
    stream_options: Any = None  # typed list[str] in the stubs, but read as a list of dicts
    if demuxer == "mov":
        _check_boxes(file, size)
        stream_options = [{"skip_frame": "all"}] * 64
    file.seek(0)
    try:
        # The demuxer is named: guessing could choose one that opens other files. No frame is decoded.
        container = av.open(
            file,
            format=demuxer,
            options={"probesize": "65536", "analyzeduration": "0"},
            stream_options=stream_options,
            metadata_errors="replace",
        )
    except av.FFmpegError as error:
        raise _Damaged(
            "DamagedHeader", f"the {facts.format} headers cannot be read: {error.strerror}"
        ) from error
    with container:
        return _stream_facts(container, facts)


def _stream_facts(container: Any, facts: MediaFacts) -> MediaFacts:
    streams = [
        stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic
    ]
    if not streams:
        raise _Damaged("NoVideoStream", f"the {facts.format} file holds no video track")
    stream = streams[0]
    duration = container.duration / av.time_base if container.duration else None
    if duration is None and stream.duration and stream.time_base:
        duration = float(stream.duration * stream.time_base)
    duration_ms = round(duration * 1000) if duration else None
    facts = replace(
        facts,
        codec=stream.codec_context.codec.canonical_name,
        width=stream.codec_context.width or None,
        height=stream.codec_context.height or None,
        duration_ms=duration_ms,
        frame_rate=float(stream.average_rate) if stream.average_rate else None,
    )
    if not duration_ms or duration_ms < 0:
        message = "the video states no duration or lasts 0 s; remux or record it again"
        return replace(facts, duration_ms=None, defect=Defect("NoDuration", message))
    return facts


@dataclass(frozen=True)
class _Box:
    kind: bytes
    start: int
    payload: int
    end: int


def _boxes(file: Any, start: int, end: int) -> Iterator[_Box]:
    """Yield the boxes between two positions; the last may claim to reach past ``end``."""
    position = start
    while position + 8 <= end:
        header = _read_at(file, position, 16)
        length, kind = struct.unpack(">I4s", header[:8])
        payload = position + 8
        if length == 1 and len(header) == 16:
            length, payload = struct.unpack(">Q", header[8:])[0], position + 16
        elif length == 0:
            length = end - position
        if length < payload - position:
            raise _Damaged("DamagedHeader", f"the box at byte {position} has an impossible size")
        yield _Box(kind, position, payload, position + length)
        position += length


def _check_boxes(file: Any, size: int) -> None:
    """Raise :class:`_Damaged` unless an MP4 or MOV file is complete and its index is of a sane size."""
    moov = cut = None
    for number, box in enumerate(_boxes(file, 0, size)):
        if moov is not None and not box.kind.isalnum():
            break  # padding after the last box
        if box.end > size:
            cut = box
        elif box.kind == b"moov":
            moov = box
        if number >= MAX_TOP_LEVEL_BOXES:
            break
    if moov is None:
        raise _Damaged(
            "MissingMoov", "the file has no moov box (its index): an interrupted upload; upload it again"
        )
    if cut is not None:
        raise _Damaged(
            "Truncated", f"the file ends {cut.end - size} bytes early: an interrupted upload; upload it again"
        )
    if moov.end - moov.start > MAX_MOOV_BYTES:
        raise _Damaged("HeaderTooLarge", f"the moov box (index) exceeds {MAX_MOOV_BYTES // MEBIBYTE} MiB")
    _check_samples(file, moov, size)


def _check_samples(file: Any, moov: _Box, size: int) -> None:
    """Refuse sample counts that would make the demuxer allocate gigabytes from a few bytes."""
    tables = list(_descend(file, moov))
    if not tables:
        raise _Damaged("NoVideoStream", "the file holds no track at all; record or export it again")
    for box in tables:
        sample_bytes, samples = struct.unpack(">II", _read_at(file, box.payload + 4, 8).ljust(8, b"\0"))
        if samples * max(sample_bytes, 1) > size:
            raise _Damaged("DamagedHeader", f"a track claims {samples} samples, more than the file can hold")
        if sample_bytes > 1 and samples > MAX_VIDEO_SAMPLES:
            raise _Damaged("HeaderTooLarge", f"a track claims {samples} samples")


def _descend(file: Any, parent: _Box) -> Iterator[_Box]:
    for box in _boxes(file, parent.payload, parent.end):
        if box.kind == b"stsz":
            yield box
        elif box.kind in (b"trak", b"mdia", b"minf", b"stbl"):
            yield from _descend(file, replace(box, end=min(box.end, parent.end)))
