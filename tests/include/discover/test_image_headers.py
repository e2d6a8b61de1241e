from __future__ import annotations

import struct
import time

import pytest
from PIL import Image

from tests.include.discover.made_media import code, look, picture


def exif(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[0x0112] = orientation
    return data


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_told_beside_the_size_as_stored(kind: str, orientation: int) -> None:
    facts = look(picture(kind, exif=exif(orientation)))
    assert (facts.orientation, facts.width, facts.height) == (orientation, 320, 200)
    assert facts.display_size == ((320, 200) if orientation < 5 else (200, 320))


@pytest.mark.parametrize(
    "data",
    [b"", exif(0), exif(9), b"Exif\0\0MM\0*\0\0\0\x08", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0??"],
    ids=["none", "0", "9", "no directory", "directory outside", "no TIFF"],
)
def test_a_picture_whose_exif_data_say_nothing_has_no_orientation(data: Image.Exif | bytes) -> None:
    facts = look(picture("JPEG", exif=data))
    assert (facts.orientation, facts.display_size, facts.defect) == (None, (320, 200), None)


def test_exif_data_of_any_size_cost_little() -> None:
    """65,535 entries that each claim all of 13 MB, in an Exif block of many segments and in a TIFF file."""
    entries = b"".join(struct.pack(">HHII", tag, 7, 12_000_000, 8) for tag in range(65_535))
    block = b"MM\0*" + struct.pack(">IH", 8, 65_535) + entries + bytes(12_000_000)
    parts = (b"Exif\0\0" + block[start : start + 65_000] for start in range(0, len(block), 65_000))
    segments = b"".join(struct.pack(">HH", 0xFFE1, len(part) + 2) + part for part in parts)
    jpeg = picture("JPEG")
    before = time.thread_time()
    assert look(jpeg[:2] + segments + jpeg[2:]).width == 320
    assert code(look(block)) == "DamagedHeader"
    assert time.thread_time() - before < 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_what_follows_the_header_is_left_to_rekognition(kind: str) -> None:
    whole = picture(kind, (600, 400))
    for data in (whole, whole[: len(whole) // 2], whole[:-1], whole + b"a motion photo's video" * 1000):
        assert (code(look(data)), look(data).width) == (None, 600)
    assert code(look(whole[:20])) == "DamagedHeader"


def test_the_frames_of_a_gif_are_not_looked_at() -> None:
    screen = b"GIF89a" + struct.pack("<HH3x", 16, 16)
    huge_frame = screen + b"," + struct.pack("<4HB", 0, 0, 60_000, 60_000, 0)
    long_comment = screen + b"!\xfe" + b"\xff" * 1_000_000
    for data in (screen, huge_frame, long_comment):
        assert (code(look(data)), look(data).width, look(data).height) == (None, 16, 16)
    assert code(look(screen[:8])) == "DamagedHeader"
