from __future__ import annotations

import struct
import zlib
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.discover.media_probe import probe
from include.store.object_reader import S3ObjectReader
from tests.include.discover.made_media import box, code, look, movie, picture

BUCKET = "media-lake"


@pytest.mark.parametrize(("kind", "size_known"), [
    ("JPEG", True), ("PNG", True), ("GIF", True), ("TIFF", True), ("BMP", True), ("WEBP", False),
    ("AVIF", False),
])  # fmt: skip
def test_content_decides_whatever_the_name(kind: str, size_known: bool) -> None:
    for key in ("no-extension", "clip.mp4", "a.png"):
        facts = look(picture(kind), key)
        assert (facts.media_type, facts.format, facts.defect) == ("image", kind, None)
        assert (facts.width, facts.height) == ((320, 200) if size_known else (None, None))


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def test_the_size_of_a_decompression_bomb_is_told() -> None:
    facts = look(png_header(20_000, 20_000))
    assert (facts.width, facts.height, facts.defect) == (20_000, 20_000, None)


@pytest.mark.parametrize(("data", "key", "media_type", "expected"), [
    (b"", "a.jpg", "image", "EmptyObject"), (b"", "a.MP4", "video", "EmptyObject"),
    (b"", "a.csv", None, "EmptyObject"),
    (b"<!DOCTYPE html><html>Not found</html>", "a.jpg", "image", "NotMedia"),
    (b"hello", "b.mov", "video", "NotMedia"),
    (b"<html></html>", "page.html", None, None), (b"a,b\n1,2\n", "a.csv", None, None),
    (b'<?xml version="1.0"?><svg/>', "a.png", "image", None),
])  # fmt: skip
def test_what_is_no_photograph(data: bytes, key: str, media_type: str | None, expected: str | None) -> None:
    facts = look(data, key)
    assert (facts.media_type, code(facts)) == (media_type, expected)


@pytest.mark.parametrize(
    ("container", "codec", "expected"),
    [
        ("matroska", "libx264", ("Matroska", "h264")),
        ("webm", "libvpx", ("WebM", "vp8")),
        ("avi", "mpeg4", ("AVI", "mpeg4")),
        ("mpegts", "libx264", ("MPEG-TS", "h264")),
    ],
)
def test_videos_that_rekognition_does_not_read_have_no_defect_of_their_own(
    container: str, codec: str, expected: tuple[str, str]
) -> None:
    facts = look(movie(container, codec), "named.mp4")
    assert (facts.media_type, facts.defect, (facts.format, facts.codec)) == ("video", None, expected)


def reader(s3: Any, data: bytes, **options: int) -> S3ObjectReader:
    etag = s3.put_object(Bucket=BUCKET, Key="k", Body=data)["ETag"]
    return S3ObjectReader(s3, BUCKET, "k", len(data), etag, **options)


def test_a_probe_reads_little_of_a_large_object(s3: Any) -> None:
    data = movie() + box(b"free", bytes(2_000_000))
    remote = reader(s3, data)
    assert probe(remote, len(data), "a.mp4").codec == "h264"
    assert remote.bytes_read < 300_000


def test_headers_further_away_than_a_probe_may_read_are_a_defect(s3: Any) -> None:
    far = box(b"ftyp", b"isom\0\0\0\0") + box(b"free", bytes(200_000)) + movie()
    assert code(probe(reader(s3, far, max_bytes=70_000), len(far), "a.mp4")) == "HeaderTooLarge"


def test_an_object_replaced_during_a_probe_is_no_defect_of_the_media(s3: Any) -> None:
    remote = reader(s3, movie())
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"other")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        probe(remote, 5000, "a.mp4")
