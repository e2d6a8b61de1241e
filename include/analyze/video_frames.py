"""Frames of a video as JPEG images, decoded as they are needed: the memory does not grow with the video.

The video is read in ranges. Of an index with a key frame between two frames that are wanted, what lies before
the key frame is neither read nor decoded.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import av
from av.filter import Graph
from PIL import Image

from include.core.features import MEBIBYTE
from include.core.frame_sampling import LEAST_SCENE_SECONDS, FrameSampling
from include.core.media_facts import MAX_FRAME_PIXELS
from include.store.object_reader import ReadLimitExceededError, S3ObjectReader
from include.store.objects import Row

if TYPE_CHECKING:
    from av import VideoFrame
    from mypy_boto3_s3.client import S3Client

log = logging.getLogger(__name__)

# An image in a request has at most so many bytes ("Guidelines and quotas in Amazon Rekognition",
# https://docs.aws.amazon.com/rekognition/latest/dg/limits.html).
MAX_IMAGE_BYTES = 5 * MEBIBYTE
_QUALITIES = (90, 75, 50)

_BLOCK_BYTES = 2 * MEBIBYTE
_CACHED_BLOCKS = 8

# A key frame is shown a little later than its place in the index says, by the frames that refer to it.
_KEY_FRAME_MARGIN = 1.0  # seconds

# FFmpeg's measure of how much a frame differs from the one before, 0 to 1; its manual suggests 0.3 to 0.5
# (https://ffmpeg.org/ffmpeg-filters.html#select_002c-aselect).
_SCENE_SCORE = 0.3


class UndecodableVideoError(Exception):
    """A video has no frame that can be decoded; the text says why."""


@dataclass(frozen=True)
class FrameImage:
    """A frame.

    :param timestamp_ms: when it is shown, in milliseconds from the start of the video.
    """

    timestamp_ms: int
    jpeg: bytes


def video_file(s3: S3Client, asset: Row) -> BinaryIO:
    """Open the version of a video that was discovered.

    :param asset: row of the manifest.
    """
    reader = S3ObjectReader(
        s3,
        asset["bucket"],
        asset["key"],
        asset["size_bytes"],
        asset["etag"],
        asset["version_id"],
        block_bytes=_BLOCK_BYTES,
        cached_blocks=_CACHED_BLOCKS,
        # Sound and pictures that lie far apart may have blocks fetched again.
        max_bytes=4 * asset["size_bytes"] + _CACHED_BLOCKS * _BLOCK_BYTES,
    )
    return cast("BinaryIO", reader)


def frame_images(file: BinaryIO, asset: Row, sampling: FrameSampling) -> Iterator[FrameImage]:
    """Yield the frames of a sampling in the order of time, each once, turned as a player shows them.

    They are at most :meth:`FrameSampling.most_frames`. Packets that cannot be decoded are passed over.

    :param file: the video, seekable; what reading it raises is passed on.
    :param asset: its row of the manifest.
    :raises UndecodableVideoError: if not a single frame can be had.
    """
    most = sampling.most_frames(asset["duration_ms"])
    last = -1
    try:
        with av.open(file, format="mov", metadata_errors="replace") as container:
            for time, frame in _Decoder(container).frames(sampling, most):
                timestamp_ms = max(0, round(time * 1000))
                if timestamp_ms > last:
                    last = timestamp_ms
                    yield FrameImage(timestamp_ms, _jpeg(frame, asset["rotation"]))
    except (av.FFmpegError, ReadLimitExceededError) as error:
        log.warning("the frames of %s cannot be decoded: %s", asset["media_id"], error)
        raise UndecodableVideoError(f"its frames cannot be decoded ({error}); export it again") from error
    if last < 0:
        raise UndecodableVideoError("not a single frame of it can be decoded; export it again")


class _Decoder:
    """Decodes the first video track of a container."""

    def __init__(self, container: Any) -> None:
        stream = container.streams.best("video")
        if stream is None:
            raise UndecodableVideoError("it has no video track; export it again")
        self._container = container
        self._stream = stream
        # One thread: each more of them would hold frames of its own.
        self._stream.codec_context.thread_count = 1
        self._stream.codec_context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}
        self._start = (self._stream.start_time or 0) * self._stream.time_base
        self._sought: int | None = None  # place of the key frame that was gone to last

    def frames(self, sampling: FrameSampling, most: int) -> Iterator[tuple[float, VideoFrame]]:
        """Yield frames, with their times in seconds from the start."""
        if sampling.frames_per_second is None:
            yield from self._scene_changes(most)
        else:
            yield from self._shown_at([number / sampling.frames_per_second for number in range(most)])

    def _shown_at(self, instants: list[float]) -> Iterator[tuple[float, VideoFrame]]:
        """Yield the frame that is shown at each instant; one that is shown at several may come again."""
        left = iter(instants)
        instant = next(left, None)
        shown: tuple[float, VideoFrame] | None = None
        decoded = self._decoded()
        while instant is not None:
            following = next(decoded, None)
            while instant is not None and (following is None or following[0] > instant):
                if (found := shown or following) is None:
                    return
                yield found
                instant = next(left, None)
            if instant is not None and following is not None:
                shown = following
                if self._skip_to(instant, following[0]):
                    shown, decoded = None, self._decoded()

    def _skip_to(self, instant: float, now: float) -> bool:
        """Go to the last key frame before an instant; return false if that is no way ahead."""
        place = int((instant - _KEY_FRAME_MARGIN + float(self._start)) / self._stream.time_base)
        number = self._stream.index_entries.search_timestamp(place)
        if number < 0:
            return False
        key_frame = self._stream.index_entries[number].timestamp
        is_ahead = key_frame * self._stream.time_base - self._start > now + _KEY_FRAME_MARGIN
        if not is_ahead or key_frame == self._sought:
            return False
        self._sought = key_frame
        self._container.seek(place, stream=self._stream)
        return True

    def _scene_changes(self, most: int) -> Iterator[tuple[float, VideoFrame]]:
        graph = Graph()
        select = (
            f"isnan(prev_selected_t)+gt(scene,{_SCENE_SCORE})*gte(t-prev_selected_t,{LEAST_SCENE_SECONDS})"
        )
        graph.link_nodes(
            graph.add_buffer(template=self._stream), graph.add("select", select), graph.add("buffersink")
        ).configure()
        left = most
        for _, frame in self._decoded():
            graph.vpush(frame)
            for found in _pulled(graph):
                yield self._time(found), found
                left -= 1
                if not left:
                    return

    def _decoded(self) -> Iterator[tuple[float, VideoFrame]]:
        for packet in self._container.demux(self._stream):
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                continue
            for frame in frames:
                if frame.pts is not None:
                    yield self._time(frame), frame

    def _time(self, frame: VideoFrame) -> float:
        assert frame.pts is not None
        assert frame.time_base is not None
        return float(frame.pts * frame.time_base - self._start)


def _pulled(graph: Graph) -> Iterator[VideoFrame]:
    """Yield the frames that have come through a graph."""
    while True:
        try:
            yield graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return


def _jpeg(frame: VideoFrame, rotation: int | None) -> bytes:
    """Return a frame as a JPEG that a request can hold.

    :param rotation: degrees clockwise by which a player turns it.
    """
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    if rotation:
        image = image.rotate(-rotation, expand=True)
    while True:
        for quality in _QUALITIES:
            encoded = _encoded(image, quality)
            if len(encoded) <= MAX_IMAGE_BYTES:
                return encoded
        image = image.resize((image.width // 2, image.height // 2))


def _encoded(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
