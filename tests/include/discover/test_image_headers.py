from __future__ import annotations

import struct

import pytest
from PIL import Image

from tests.include.discover.made_media import code, look, picture


def test_exif_rotation_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    facts = look(picture("JPEG", exif=exif))
    assert (facts.width, facts.height) == (320, 200)


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
