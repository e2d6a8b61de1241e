from __future__ import annotations

import pytest

from tests.include.discover.made_media import look, movie


@pytest.mark.parametrize(
    ("container", "codec", "expected"),
    [("matroska", "libx264", "h264"), ("matroska", "mpeg4", "mpeg4"), ("webm", "libvpx-vp9", "vp9")],
)
def test_codecs(container: str, codec: str, expected: str) -> None:
    facts = look(movie(container, codec), "a.mkv")
    assert (facts.codec, facts.defect) == (expected, None)


def test_a_codec_that_nobody_knows_and_none() -> None:
    data = movie("matroska")
    assert look(data.replace(b"V_MPEG4/ISO/AVC", b"V_XYZ/ISO/ABCDE"), "a.mkv").codec == "V_XYZ/ISO/ABCDE"
    assert look(data[:60], "a.mkv").codec is None
