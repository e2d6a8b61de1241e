"""Color bars: those of FFmpeg's own signal generators, encoded as H.264, and pictures that are none."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.filter import Graph
from av.video.frame import VideoFrame

from local.aws.rekognition.detectors.bars import color_bars_confidence
from local.aws.rekognition.detectors.shots import FRAME_SIZE
from local.aws.rekognition.film import Film, find_segments
from tests.local.aws.rekognition.samples import BUCKET, ROOT

SAMPLES = sorted((ROOT / "local/sample_media").glob("*.mp4"))


def signal(source: str, frames: int, size: str = "640x360") -> list[VideoFrame]:
    """Generate frames of a test signal."""
    graph = Graph()
    generator, sink = graph.add(source, f"size={size}:rate=25"), graph.add("buffersink")
    generator.link_to(sink)
    graph.configure()
    return [graph.pull() for _ in range(frames)]  # type: ignore[misc]


def plain(frames: int, level: int, width: int = 640, height: int = 360) -> list[VideoFrame]:
    """Make gray frames."""
    picture = np.full((height, width, 3), level, np.uint8)
    return [VideoFrame.from_ndarray(picture, format="bgr24") for _ in range(frames)]


def encode(path: Path, frames: list[VideoFrame]) -> str:
    """Write an H.264 file at 25 frames/s."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
        for number, frame in enumerate(frames):
            picture = frame.reformat(format="yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return str(path)


def segments(path: str) -> Film:
    """Look at a file as a segment job does."""
    return find_segments(path, max_pixel_threshold=0.2, min_coverage=99.0)


@pytest.mark.parametrize(
    ("source", "size"),
    [
        ("smptebars", "640x360"),
        ("smptebars", "320x240"),
        ("smptehdbars", "1280x720"),
        ("pal75bars", "720x576"),
        ("pal100bars", "720x576"),
    ],
)
def test_test_signals_are_found(tmp_path: Path, source: str, size: str) -> None:
    width, height = map(int, size.split("x"))
    frames = [
        *plain(5, 90, width, height),
        *signal(source, 10, size),
        *plain(5, 90, width, height),
    ]
    [run] = segments(encode(tmp_path / "bars.mp4", frames)).color_bars
    assert (run.first, run.last) == (5, 14)
    assert 85 < run.confidence <= 100


@pytest.mark.parametrize("source", ["testsrc", "testsrc2", "rgbtestsrc", "yuvtestsrc"])
def test_other_test_pictures_are_not_color_bars(tmp_path: Path, source: str) -> None:
    assert segments(encode(tmp_path / "other.mp4", signal(source, 5))).color_bars == []


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: str(path.name))
def test_the_sample_media_has_no_color_bars(path: Path) -> None:
    assert segments(str(path)).color_bars == []


def bars() -> Any:
    """One frame of SMPTE bars in the size that detectors get."""
    [frame] = signal("smptebars", 1)
    return frame.reformat(*FRAME_SIZE, format="bgr24", interpolation="AREA").to_ndarray()


def test_noise_and_slight_tints_are_borne() -> None:
    rng = np.random.default_rng(0)
    noisy = np.clip(bars() + rng.normal(0, 5, bars().shape), 0, 255).astype(np.uint8)
    confidence = color_bars_confidence(noisy)
    assert confidence is not None
    assert confidence <= (color_bars_confidence(bars()) or 0)


def test_pictures_like_color_bars_are_not() -> None:
    frame = bars()
    height, width = frame.shape[:2]
    hue = np.tile(np.linspace(0, 179, width, dtype=np.uint8), (height, 1))
    rainbow = cv2.cvtColor(
        np.dstack([hue, np.full_like(hue, 255), np.full_like(hue, 255)]), cv2.COLOR_HSV2BGR
    )
    half = np.hstack([frame[:, : width // 2], np.full_like(frame[:, : width // 2], 90)])
    assert color_bars_confidence(frame) is not None
    assert color_bars_confidence(np.ascontiguousarray(frame[:, ::-1])) is None  # the wrong order
    assert color_bars_confidence(np.ascontiguousarray(frame.transpose(1, 0, 2))) is None  # lying
    assert color_bars_confidence(rainbow) is None
    assert color_bars_confidence(half) is None
    assert (
        color_bars_confidence(cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))
        is None
    )


@pytest.mark.integration
def test_color_bars_are_a_technical_cue(rekognition: Any, finished: Any, s3: Any, tmp_path: Path) -> None:
    frames = [*plain(25, 0), *signal("smptebars", 25), *plain(10, 120)]
    s3.upload_file(encode(tmp_path / "leader.mp4", frames), BUCKET, "leader.mp4")
    job = rekognition.start_segment_detection(
        Video={"S3Object": {"Bucket": BUCKET, "Name": "leader.mp4"}}, SegmentTypes=["TECHNICAL_CUE"]
    )
    found = finished("segment_detection", job["JobId"])["Segments"]
    assert [
        (cue["TechnicalCueSegment"]["Type"], cue["StartFrameNumber"], cue["EndFrameNumber"]) for cue in found
    ] == [("BlackFrames", 0, 24), ("ColorBars", 25, 49)]
