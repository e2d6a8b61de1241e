"""The format of a file, by its first bytes, and the media type that its name promises.

Sources: JPEG markers, ITU-T T.81 annex B; PNG signature, W3C PNG; brands of ``ftyp`` boxes, ISO/IEC 14496-12;
EBML header, RFC 8794.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from include.core.features import MediaType

# Bytes at the beginning of a file that tell every format apart.
HEAD_BYTES = 4096

IMAGE_FORMATS = frozenset((
    "JPEG", "PNG", "GIF", "TIFF", "BMP", "WEBP", "HEIF", "AVIF", "SVG", "CR3", "JPEG 2000", "JPEG XL",
))  # fmt: skip
VIDEO_FORMATS = frozenset(("MP4", "MOV", "Matroska", "WebM", "AVI", "FLV", "MPEG-TS", "MPEG-PS", "WMV"))

_IMAGE_EXTENSIONS = frozenset((
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".heic",
    ".heif", ".avif", ".svg",
))  # fmt: skip
_VIDEO_EXTENSIONS = frozenset((
    ".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".m2ts", ".mts", ".flv",
    ".wmv", ".asf", ".3gp", ".3g2", ".ogv",
))  # fmt: skip

# Offset, bytes and format.
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
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
)
_QUICKTIME_FIRST_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_HEIF_BRANDS = (
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"heif", b"mif1", b"mif2",
    b"msf1", b"avci", b"avcs", b"jpeg", b"jpgs",
)  # fmt: skip
_BRANDS = {
    **dict.fromkeys(_HEIF_BRANDS, "HEIF"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B ", b"aax ", b"aaxc"), "M4A"),
    **dict.fromkeys((b"jp2 ", b"jpx ", b"jpm "), "JPEG 2000"),
    b"crx ": "CR3",  # Canon's raw photographs
    b"qt  ": "MOV",
}


def format_of(head: bytes) -> str | None:
    """Return the format that a file begins like, such as JPEG, MP4, WebM, PDF or HTML; None if unknown.

    :param head: its first :data:`HEAD_BYTES`.
    """
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
    return _markup_format(head)


def _markup_format(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not text.startswith(b"<"):
        return None
    if b"<html" in text or b"<!doctype html" in text:
        return "HTML"
    if b"<svg" in text:
        return "SVG"
    return "XML" if text.startswith(b"<?xml") else None


def media_type_of_name(key: str) -> MediaType | None:
    """Return what the extension of a key promises, or None if that is neither an image nor a video."""
    extension = PurePosixPath(key).suffix.lower()
    if extension in _IMAGE_EXTENSIONS:
        return "image"
    return "video" if extension in _VIDEO_EXTENSIONS else None
