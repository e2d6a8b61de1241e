from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import av
import numpy as np
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from include.core.features import FEATURES
from include.core.media_facts import MediaFacts, check_limits
from include.discover.media_probe import media_type_of_name, probe
from include.store.object_reader import S3ObjectReader

BUCKET = "media-lake"
IMAGE_LABELS = FEATURES["labels"].image
IMAGE_TEXT = FEATURES["text"].image
VIDEO_LABELS = FEATURES["labels"].video


def picture(kind: str, size: tuple[int, int] = (320, 200), **options: object) -> bytes:
    noise = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, kind, **options)
    return buffer.getvalue()


def movie(container: str = "mp4", codec: str = "libx264") -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=10, width=160, height=120, pix_fmt="yuv420p")
        for shade in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((120, 160, 3), shade * 20, np.uint8))
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return buffer.getvalue()


def box(kind: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def look(data: bytes, key: str = "a.jpg") -> MediaFacts:
    return probe(io.BytesIO(data), len(data), key)


def code(facts: MediaFacts) -> str | None:
    return facts.defect.code if facts.defect else None


@pytest.mark.parametrize(("kind", "size_known"), [
    ("JPEG", True), ("PNG", True), ("GIF", True), ("TIFF", True), ("BMP", True), ("WEBP", False), ("AVIF", False),
])  # fmt: skip
def test_content_decides_whatever_the_name(kind: str, size_known: bool) -> None:
    for key in ("no-extension", "clip.mp4", "a.png"):
        facts = look(picture(kind), key)
        assert (facts.media_type, facts.format, facts.defect) == ("image", kind, None)
        assert (facts.width, facts.height) == ((320, 200) if size_known else (None, None))
    expected = None if kind in ("JPEG", "PNG") else "UnsupportedFormat"
    defect = check_limits(facts, 1000, IMAGE_LABELS)
    assert (defect.code if defect else None) == expected


def test_exif_rotation_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    facts = look(picture("JPEG", exif=exif))
    assert (facts.width, facts.height) == (320, 200)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_truncated_images_and_appended_data(kind: str) -> None:
    whole = picture(kind, (600, 400))
    assert code(look(whole)) is None
    assert code(look(whole[: len(whole) // 2])) == "Truncated"
    assert code(look(whole[:-1])) == "Truncated"
    assert code(look(whole + b"a motion photo's video" * 1000)) is None
    assert code(look(whole[:20])) == "DamagedHeader"


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


def test_bombs_are_reported_and_refused_everywhere() -> None:
    facts = look(png_header(20_000, 20_000))
    assert (facts.width, facts.height, facts.defect) == (20_000, 20_000, None)
    for call in (IMAGE_LABELS, IMAGE_TEXT):
        assert check_limits(facts, 1000, call).code == "TooManyPixels"


@pytest.mark.parametrize(("width", "height", "size", "expected"), [
    (80, 80, 1, None), (79, 80, 1, "TooSmall"), (4000, 60, 1, "TooSmall"), (10_000, 10_000, 1, None),
    (10_001, 100, 1, "TooManyPixels"), (100, 100, 15 * 2**20, None), (100, 100, 15 * 2**20 + 1, "TooLarge"),
])  # fmt: skip
def test_image_limits(width: int, height: int, size: int, expected: str | None) -> None:
    defect = check_limits(MediaFacts("image", "JPEG", None, width, height), size, IMAGE_LABELS)
    assert (defect.code if defect else None) == expected


@pytest.mark.parametrize(("data", "key", "media_type", "expected"), [
    (b"", "a.jpg", "image", "EmptyObject"), (b"", "a.MP4", "video", "EmptyObject"), (b"", "a.csv", None, "EmptyObject"),
    (b"<!DOCTYPE html><html>Not found</html>", "a.jpg", "image", "NotMedia"), (b"hello", "b.mov", "video", "NotMedia"),
    (b"<html></html>", "page.html", None, None), (b"a,b\n1,2\n", "a.csv", None, None),
    (b'<?xml version="1.0"?><svg/>', "a.png", "image", None),
])  # fmt: skip
def test_what_is_no_photograph(data: bytes, key: str, media_type: str | None, expected: str | None) -> None:
    facts = look(data, key)
    assert (facts.media_type, code(facts)) == (media_type, expected)


@pytest.mark.parametrize(("container", "expected"), [("mp4", "MP4"), ("mov", "MOV")])
def test_videos(container: str, expected: str) -> None:
    facts = look(movie(container), "x")
    assert (facts.media_type, facts.format, facts.codec) == ("video", expected, "h264")
    assert (facts.width, facts.height, facts.duration_ms, facts.frame_rate) == (160, 120, 1000, 10)
    assert check_limits(facts, 1000, VIDEO_LABELS) is None


@pytest.mark.parametrize(("container", "codec", "expected", "word"), [
    ("matroska", "libx264", "UnsupportedFormat", "remux"), ("webm", "libvpx", "UnsupportedFormat", "transcode"),
    ("avi", "mpeg4", "UnsupportedFormat", "AVI"), ("mpegts", "libx264", "UnsupportedFormat", "MPEG-TS"),
    ("mp4", "mpeg4", "UnsupportedCodec", "MPEG-4 Part 2"),
])  # fmt: skip
def test_videos_rekognition_does_not_read(container: str, codec: str, expected: str, word: str) -> None:
    facts = look(movie(container, codec), "named.mp4")
    assert facts.media_type == "video"
    assert facts.defect is None
    defect = check_limits(facts, 1000, VIDEO_LABELS)
    assert defect.code == expected
    assert word in defect.message


def test_interrupted_uploads() -> None:
    slow = movie()
    mdat, moov = slow.index(b"mdat") - 4, slow.index(b"moov") - 4
    fast = slow[:mdat] + slow[moov:] + slow[mdat:moov]
    assert code(look(slow[: slow.index(b"moov") - 4])) == "MissingMoov"
    assert code(look(slow[:-10])) == "MissingMoov"
    assert code(look(fast[:-10])) == "Truncated"
    assert code(look(slow + b"\0" * 100)) is None


def test_hostile_sample_counts_are_refused_before_the_demuxer_allocates() -> None:
    claim = box(b"stsz", struct.pack(">III", 0, 1, 2**32 - 1))
    moov = box(b"moov", box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", claim)))))
    facts = look(box(b"ftyp", b"isom\0\0\0\0") + moov, "a.mp4")
    assert code(facts) == "DamagedHeader"
    assert "4294967295 samples" in facts.defect.message


def test_index_without_tracks_and_impossible_boxes() -> None:
    assert code(look(box(b"ftyp", b"isom\0\0\0\0") + box(b"moov"))) == "NoVideoStream"
    assert (
        code(look(box(b"ftyp", b"isom\0\0\0\0") + struct.pack(">I4s", 3, b"moov") + bytes(20)))
        == "DamagedHeader"
    )


def test_too_long() -> None:
    facts = MediaFacts("video", "MP4", "h264", 100, 100, 6 * 3600 * 1000 + 1)
    assert check_limits(facts, 1, VIDEO_LABELS).code == "TooLong"


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
