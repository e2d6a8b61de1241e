from __future__ import annotations

import pytest

from tests.include.discover.made_media import code, look, movie


@pytest.mark.parametrize(("container", "expected"), [("mp4", "MP4"), ("mov", "MOV")])
def test_videos(container: str, expected: str) -> None:
    facts = look(movie(container), "x")
    assert (facts.media_type, facts.format, facts.codec) == ("video", expected, "h264")
    assert (facts.width, facts.height, facts.duration_ms, facts.frame_rate) == (160, 120, 1000, 10)


def test_damaged_headers_are_a_defect() -> None:
    facts = look(movie("avi", "mpeg4")[:60], "a.avi")
    assert (facts.media_type, facts.format, code(facts)) == ("video", "AVI", "DamagedHeader")


def test_a_codec_without_decoder_is_no_defect() -> None:
    facts = look(movie("avi", "mpeg4").replace(b"FMP4", b"XyZ9"), "a.avi")
    assert (facts.format, facts.codec, facts.defect) == ("AVI", None, None)
