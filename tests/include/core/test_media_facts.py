from __future__ import annotations

from typing import Any

import pytest

from include.core.features import FEATURES
from include.core.media_facts import Defect, MediaFacts, check_limits

IMAGE_LABELS = FEATURES["labels"].image
IMAGE_TEXT = FEATURES["text"].image
VIDEO_LABELS = FEATURES["labels"].video
HOURS = 3600 * 1000


def refusal(facts: MediaFacts, size: int = 1000, analysis: Any = IMAGE_LABELS) -> str | None:
    defect = check_limits(facts, size, analysis)
    return defect.code if defect else None


def a_video(**changes: Any) -> MediaFacts:
    good: dict[str, Any] = {
        "format": "MP4",
        "codec": "h264",
        "width": 160,
        "height": 120,
        "duration_ms": 1000,
    }
    return MediaFacts("video", **(good | changes))


@pytest.mark.parametrize(("width", "height", "size", "expected"), [
    (80, 80, 1, None), (79, 80, 1, "TooSmall"), (4000, 60, 1, "TooSmall"), (10_000, 10_000, 1, None),
    (10_001, 100, 1, "TooManyPixels"), (100, 100, 15 * 2**20, None), (100, 100, 15 * 2**20 + 1, "TooLarge"),
])  # fmt: skip
def test_image_limits(width: int, height: int, size: int, expected: str | None) -> None:
    assert refusal(MediaFacts("image", "JPEG", None, width, height), size) == expected


@pytest.mark.parametrize("analysis", [IMAGE_LABELS, IMAGE_TEXT])
def test_decompression_bombs_are_refused_even_where_aws_states_no_limit(analysis: Any) -> None:
    assert refusal(MediaFacts("image", "PNG", None, 20_000, 20_000), analysis=analysis) == "TooManyPixels"


@pytest.mark.parametrize("name", ["GIF", "TIFF", "BMP", "WEBP", "AVIF"])
def test_images_of_other_formats_are_to_be_converted(name: str) -> None:
    defect = check_limits(MediaFacts("image", name, None, 320, 200), 1000, FEATURES["labels"].image)
    assert defect is not None
    assert (defect.code, "convert it" in defect.message) == ("UnsupportedFormat", True)


@pytest.mark.parametrize(
    ("change", "expected", "word"),
    [
        ({}, None, ""),
        ({"format": "Matroska"}, "UnsupportedFormat", "remux"),
        ({"format": "WebM", "codec": "vp8"}, "UnsupportedFormat", "transcode"),
        ({"format": "MPEG-TS"}, "UnsupportedFormat", "MPEG-TS"),
        ({"codec": "mpeg4"}, "UnsupportedCodec", "MPEG-4 Part 2"),
        ({"duration_ms": None}, "NoDuration", "remux"),
        ({"duration_ms": 6 * HOURS}, None, ""),
        ({"duration_ms": 6 * HOURS + 1}, "TooLong", "split it"),
    ],
)
def test_video_limits(change: dict[str, Any], expected: str | None, word: str) -> None:
    defect = check_limits(a_video(**change), 1000, VIDEO_LABELS)
    assert (defect.code if defect else None) == expected
    assert word in (defect.message if defect else "")


def test_a_defect_of_the_file_comes_first() -> None:
    defect = Defect("Truncated", "cut short")
    assert check_limits(MediaFacts("image", "GIF", defect=defect), 1, IMAGE_LABELS) is defect
