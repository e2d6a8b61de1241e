from __future__ import annotations

import io
import struct
import time
import zlib
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from PIL import Image

from include.core.features import MEBIBYTE
from include.discover import media_probe
from include.discover.media_probe import probe
from include.store.object_reader import S3ObjectReader
from tests.include.discover.made_media import box, code, look, movie, picture

BUCKET = "media-lake"
MAX_BYTES = 1_000_000


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
    return S3ObjectReader(s3, BUCKET, "k", len(data), etag, **{"max_bytes": MAX_BYTES, **options})


def test_a_probe_reads_little_of_a_large_object(s3: Any) -> None:
    data = movie() + box(b"free", bytes(2_000_000))
    remote = reader(s3, data)
    assert probe(remote, len(data), "a.mp4").codec == "h264"
    assert remote.bytes_read < 300_000


def test_headers_that_take_too_much_to_read_are_a_defect(s3: Any) -> None:
    far = box(b"ftyp", b"isom\0\0\0\0") + box(b"free", bytes(200_000)) + movie()
    for limit in ({"max_bytes": 70_000}, {"max_requests": 1}):
        assert code(probe(reader(s3, far, **limit), len(far), "a.mp4")) == "HeaderTooLarge"


def test_a_parser_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_probe, "MAX_CPU_SECONDS", 0.05)
    empty_tracks = box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", box(b"trak") * 500_000)
    assert code(look(empty_tracks, "a.mp4")) == "HeaderTooLarge"


@pytest.mark.parametrize("error", [RecursionError, MemoryError, AttributeError, Image.DecompressionBombError])
def test_whatever_a_parser_raises_is_a_defect_of_the_file(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(media_probe, "image_facts", fail)
    facts = look(picture("PNG"), "folder/odd.png")
    assert (facts.media_type, facts.format, code(facts)) == ("image", "PNG", "DamagedHeader")
    assert "the parser of PNG files failed" in caplog.text


def test_an_error_of_reading_is_none_of_the_file_whatever_the_parser_makes_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Away(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise EndpointConnectionError(endpoint_url="http://away")
            return super().read(size)

    def swallow(file: Any, size: int, facts: Any) -> Any:
        try:
            file.read(10)
        except EndpointConnectionError:
            raise ValueError("no such image") from None

    monkeypatch.setattr(media_probe, "image_facts", swallow)
    data = picture("PNG")
    with pytest.raises(EndpointConnectionError):
        probe(Away(data), len(data), "a.png")


def test_an_object_replaced_during_a_probe_is_no_defect_of_the_media(s3: Any) -> None:
    remote = reader(s3, movie())
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"other")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        probe(remote, 5000, "a.mp4")


def chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def test_a_size_that_no_table_can_hold_is_damage() -> None:
    header = chunk(b"IHDR", struct.pack(">2I5B", 2**32 - 1, 48, 8, 2, 0, 0, 0))
    facts = look(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b""), "a.png")
    assert facts.defect is not None
    assert facts.defect.code == "DamagedHeader"
    assert "state what cannot be: width 4.29497e+09" in facts.defect.message
    assert (facts.width, facts.height) == (None, 48)


def test_a_damaged_jpeg_is_searched_through_quickly(s3: Any) -> None:
    data = b"\xff\xd8\xff\xe0\0\4\1\2" + bytes(8 * MEBIBYTE)
    began = time.thread_time()
    facts = look(data)
    assert time.thread_time() - began < 5
    assert code(facts) is not None


def test_a_parser_that_was_interrupted_prints_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(media_probe, "MAX_CPU_SECONDS", 0.0)
    assert code(look(movie("avi", "mpeg4"), "a.avi")) == "HeaderTooLarge"
    assert capfd.readouterr().err == ""
