"""Video files: reads their properties, and runs detectors on sampled frames. It runs in a worker process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import av
import cv2
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from local.aws.rekognition.detectors import Evidence, examine
from local.aws.rekognition.detectors.shots import FRAME_SIZE, Run, ShotFinder
from local.aws.rekognition.pixels import Pixels, shrink

_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_SAME_FRAME = 1.5  # mean gray-level difference of thumbnails; below it the evidence before is used again
_THUMBNAIL = (64, 36)


class UnreadableVideoError(Exception):
    """A file that Amazon Rekognition Video refuses; the text becomes the job's StatusMessage."""


@dataclass(frozen=True)
class Properties:
    """A video's streams.

    :param video: members of Rekognition's VideoMetadata.
    :param audio: members of Rekognition's AudioMetadata, for each audio stream.
    :param rate: frames per second.
    """

    video: dict[str, Any]
    audio: list[dict[str, Any]]
    rate: float


@dataclass(frozen=True)
class Sample:
    """What detectors saw in the frame at ``timestamp`` (ms)."""

    timestamp: int
    evidence: Evidence


@dataclass(frozen=True)
class Film:
    """All that one pass over a video found.

    :param interval: ms between samples.
    :param frame_times: time of every frame in ms; empty unless segments were looked for.
    """

    properties: Properties
    samples: list[Sample] = field(default_factory=list)
    interval: int = 0
    frame_times: list[int] = field(default_factory=list)
    shots: list[Run] = field(default_factory=list)
    black: list[Run] = field(default_factory=list)
    color_bars: list[Run] = field(default_factory=list)


def read_properties(path: str) -> Film:
    """Read the header only.

    :raises UnreadableVideoError: if the file is not H.264 in MP4 or MOV.
    """
    with _open(path) as (container, stream):
        return Film(_properties(container, stream))


def sample_frames(
    path: str, detectors: tuple[str, ...], per_second: float, side: int, slow: tuple[str, ...] = ()
) -> Film:
    """Run detectors on frames at a steady rate. A frame like the sample before it gets the same evidence.

    :param slow: detectors that look at every second sample; the one after it gets their evidence too.
    :param per_second: samples per second of the video.
    :param side: longer side in pixels to which frames are reduced.
    :raises UnreadableVideoError: if the file is damaged, or not H.264 in MP4 or MOV.
    """
    with _open(path) as (container, stream):
        interval = round(1000 / per_second)
        samples: list[Sample] = []
        seen: Pixels | None = None
        evidence: Evidence = {}
        for milliseconds, frame in _frames(container, stream):
            if milliseconds < len(samples) * interval:
                continue
            thumbnail = frame.reformat(*_THUMBNAIL, format="gray").to_ndarray()
            if seen is None or float(cv2.absdiff(thumbnail, seen).mean()) > _SAME_FRAME:
                seen = thumbnail
                wanted = (*detectors, *(slow if len(samples) % 2 == 0 else ()))
                evidence = evidence | examine(shrink(frame.to_ndarray(format="bgr24"), side), wanted)
            samples.append(Sample(milliseconds, evidence))
        return Film(_properties(container, stream), samples, interval)


def find_segments(path: str, max_pixel_threshold: float, min_coverage: float) -> Film:
    """Find shots, black frames and color bars by looking at every frame.

    :param max_pixel_threshold: share of the luminance range (0-1) up to which a pixel is black.
    :param min_coverage: percentage of black pixels from which a frame is black.
    :raises UnreadableVideoError: if the file is damaged, or not H.264 in MP4 or MOV.
    """
    with _open(path) as (container, stream):
        finder = ShotFinder(max_black=max_pixel_threshold * 255, min_coverage=min_coverage)
        times = []
        for milliseconds, frame in _frames(container, stream):
            finder.add(frame.reformat(*FRAME_SIZE, format="bgr24", interpolation="AREA").to_ndarray())
            times.append(milliseconds)
        return Film(
            _properties(container, stream),
            frame_times=times,
            shots=finder.shots(),
            black=finder.black_runs(),
            color_bars=finder.bar_runs(),
        )


@contextmanager
def _open(path: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    try:
        with av.open(path) as container:
            if "mp4" not in container.format.name.split(","):
                raise UnreadableVideoError(
                    f"Unsupported format: {container.format.long_name}, not MP4 or MOV"
                )
            if not container.streams.video:
                raise UnreadableVideoError("Unsupported format: the file has no video stream")
            stream = container.streams.video[0]
            if stream.codec_context.name != "h264":
                raise UnreadableVideoError(f"Unsupported codec: {stream.codec_context.name}, not H.264")
            stream.codec_context.thread_count = 1
            yield container, stream
    except FFmpegError as error:
        raise UnreadableVideoError(f"Unreadable video: {error.strerror}") from error


def _frames(container: InputContainer, stream: VideoStream) -> Iterator[tuple[int, VideoFrame]]:
    """Yield frames with their time in ms since the first one, rounded down as Rekognition does."""
    start: float | None = None
    for frame in container.decode(stream):
        start = frame.time if start is None else start
        yield int(round((frame.time - start) * 1000, 3)), frame


def _properties(container: InputContainer, stream: VideoStream) -> Properties:
    context = stream.codec_context
    duration = _milliseconds(stream.duration, stream.time_base) or int((container.duration or 0) / 1000)
    rate = float(stream.average_rate or stream.guessed_rate or 25)
    return Properties(
        video={
            "Codec": context.name,
            "DurationMillis": duration,
            "Format": container.format.long_name,
            "FrameRate": rate,
            "FrameHeight": context.height,
            "FrameWidth": context.width,
            "ColorRange": "FULL" if int(context.color_range) == _FULL_RANGE else "LIMITED",
        },
        audio=[
            {
                "Codec": audio.codec_context.name,
                "DurationMillis": _milliseconds(audio.duration, audio.time_base) or duration,
                "SampleRate": audio.codec_context.sample_rate,
                "NumberOfChannels": audio.codec_context.channels,
            }
            for audio in container.streams.audio
        ],
        rate=rate,
    )


def _milliseconds(duration: int | None, time_base: Any) -> int:
    return int(duration * time_base * 1000) if duration and time_base else 0
