"""Frames of a video: which are taken, when they are shown, and what they take."""

from __future__ import annotations

import io
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, BinaryIO, cast

import av
import numpy as np
import pytest
from PIL import Image

from include.analyze import video_frames
from include.analyze.video_frames import UndecodableVideoError, frame_images
from include.core.frame_sampling import FrameSampling
from tests.fuzz.mutations import changed_bytes

MEDIA = Path(__file__).parents[3] / "local" / "sample_media"
BUNNY = MEDIA / "big-buck-bunny-opening.mp4"


def shades(levels: list[int], *, rate: int = 10, key_frame_every: int = 10) -> bytes:
    """Return a video each of whose frames has one shade of gray."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(rate))
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.codec_context.gop_size = key_frame_every
        for level in levels:
            pixels = np.full((96, 160, 3), level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def taken(video: bytes, sampling: FrameSampling, **facts: Any) -> list[tuple[int, int]]:
    """Return time and shade of the frames of a sampling."""
    asset = {"key": "a.mp4", "media_id": "a", "duration_ms": 10_000, "rotation": None, **facts}
    found = frame_images(cast("BinaryIO", io.BytesIO(video)), asset, sampling)
    return [
        (frame.timestamp_ms, round(np.asarray(Image.open(io.BytesIO(frame.jpeg))).mean())) for frame in found
    ]


RISING = shades([2 * number for number in range(100)])


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.3, 0.5, 2.0, 10.0])
def test_the_frame_shown_at_each_instant_is_taken(rate: float) -> None:
    """With seeking past key frames, where instants are far apart, and without."""
    found = taken(RISING, FrameSampling(rate))
    instants = [number / rate for number in range(FrameSampling(rate).most_frames(10_000))]
    assert [time for time, _ in found] == [100 * int(10 * instant + 1e-6) for instant in instants]
    assert all(abs(shade - time / 50) < 4 for time, shade in found)


def test_what_lies_between_frames_that_are_far_apart_is_not_read() -> None:
    data = BUNNY.read_bytes()
    read = []

    class Counted(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            found = super().read(size)
            read.append(len(found))
            return found

    asset = {"key": "a.mp4", "media_id": "a", "duration_ms": 14_000, "rotation": None}
    frames = list(frame_images(cast("BinaryIO", Counted(data)), asset, FrameSampling(1 / 13.5)))
    assert [frame.timestamp_ms for frame in frames] == [0, 13_500]
    assert sum(read) < 0.6 * len(data)


def test_a_frame_shown_at_several_instants_is_taken_once() -> None:
    slow = shades([10, 60, 110, 160], rate=1)
    assert [time for time, _ in taken(slow, FrameSampling(10), duration_ms=4000)] == [0, 1000, 2000, 3000]


def test_changes_of_the_scene_are_taken_and_at_most_one_a_second() -> None:
    flicker = [20, 230] * 5
    levels = [20] * 30 + [230] * 30 + flicker + [230] * 30
    times = [time for time, _ in taken(shades(levels), FrameSampling(None))]
    assert times[:2] == [0, 3000]
    assert all(later - earlier >= 1000 for earlier, later in pairwise(times))
    assert len(times) <= 4


def test_frames_are_never_more_than_planned() -> None:
    assert len(taken(RISING, FrameSampling(2), duration_ms=1000)) == 2


def test_a_frame_is_turned_as_a_player_does() -> None:
    asset = {"key": "a.mp4", "media_id": "a", "duration_ms": 1000, "rotation": 90}
    (frame,) = frame_images(cast("BinaryIO", io.BytesIO(RISING)), asset, FrameSampling(1))
    assert Image.open(io.BytesIO(frame.jpeg)).size == (96, 160)


def test_an_image_of_too_many_bytes_is_made_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    asset = {"key": "a.mp4", "media_id": "a", "duration_ms": 14_000, "rotation": None}
    for most in (60_000, 8_000):
        monkeypatch.setattr(video_frames, "MAX_IMAGE_BYTES", most)
        with BUNNY.open("rb") as file:
            _, frame = frame_images(file, asset, FrameSampling(0.1))
        assert len(frame.jpeg) <= most


def test_a_larger_picture_than_its_header_says_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_frames, "MAX_FRAME_PIXELS", 160 * 96 - 1)
    with pytest.raises(UndecodableVideoError, match="cannot be decoded|not a single frame"):
        taken(RISING, FrameSampling(1))


@pytest.mark.parametrize("cut", [0, 40, 1000])
def test_a_damaged_video_has_a_reason(cut: int) -> None:
    with pytest.raises(UndecodableVideoError, match="export it again"):
        taken(RISING[:cut], FrameSampling(1))


def test_damaged_packets_are_passed_over() -> None:
    start = RISING.index(b"mdat") + 4
    size = int.from_bytes(RISING[start - 8 : start - 4])
    middle = start + size // 2
    damaged = RISING[:middle] + bytes(200) + RISING[middle + 200 :]
    assert len(taken(damaged, FrameSampling(1))) >= 5


def test_what_reading_raises_is_passed_on() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 50_000:
                raise ConnectionError("S3 does not answer")
            return super().read(size)

    asset = {"key": "a.mp4", "media_id": "a", "duration_ms": 14_000, "rotation": None}
    with pytest.raises(ConnectionError):
        list(frame_images(cast("BinaryIO", Broken(BUNNY.read_bytes())), asset, FrameSampling(1)))


def test_damage_of_any_kind_gives_frames_or_a_reason() -> None:
    random = Random(7)
    decoded = 0
    for _ in range(60):
        damaged = changed_bytes(RISING, random)
        with suppress(UndecodableVideoError):
            decoded += len(taken(damaged, FrameSampling(0.5), duration_ms=4000))
    assert decoded
