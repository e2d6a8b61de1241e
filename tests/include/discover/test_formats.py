from __future__ import annotations

import pytest

from include.discover.formats import format_of, media_type_of_name


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WEBP"),
        (b"RIFF\x10\0\0\0AVI LIST", "AVI"),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"\0\0\0\x18ftypheic", "HEIF"),
        (b"\0\0\0\x18ftypM4A ", "M4A"),
        (b"\0\0\0\x18ftypqt  ", "MOV"),
        (b"\0\0\0\x18ftypxyz1", "MP4"),
        (b"\0\0\0\x08wide", "MOV"),
        (b"BM\x10\x10\0\0\0\0\0\0", "BMP"),
        (b"BM are the initials", None),
        (b"\x47" + b"\0" * 187 + b"\x47" + b"\0" * 187 + b"\x47", "MPEG-TS"),
        (b"\x47" + b"\0" * 400, None),
        (b"\xef\xbb\xbf  <?xml version='1.0'?><svg/>", "SVG"),
        (b"<?xml version='1.0'?><feed/>", "XML"),
        (b"%PDF-1.7", "PDF"),
        (b"", None),
    ],
)
def test_first_bytes_tell_the_format(head: bytes, expected: str | None) -> None:
    assert format_of(head) == expected


@pytest.mark.parametrize(
    ("key", "media_type"),
    [
        ("a.jpg", "image"),
        ("a.JPEG", "image"),
        ("folder.mp4/a.png", "image"),
        ("a.tar.webp", "image"),
        ("a.MP4", "video"),
        ("a.mov", "video"),
        ("a.jpg.csv", None),
        ("jpg", None),
        (".jpg", None),
        ("a.jpg/", "image"),
        ("", None),
    ],
)
def test_media_type_of_a_name(key: str, media_type: str | None) -> None:
    assert media_type_of_name(key) == media_type
