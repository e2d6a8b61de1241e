"""What a media file is, and why Rekognition cannot analyze it."""

from __future__ import annotations

from dataclasses import dataclass

from include.core.features import MEBIBYTE, ImageCall, MediaType, VideoJob

MAX_PIXELS = 10_000 * 10_000

# Of a video whose frames are decoded: those of H.264's level 5.2 (ITU-T H.264, table A-1), 4096x2304.
MAX_FRAME_PIXELS = 4096 * 2304
# Six hours at 120 frames a second; FFmpeg holds 24 bytes for each of them.
MAX_VIDEO_FRAMES = 6 * 3600 * 120


@dataclass(frozen=True)
class Defect:
    """Why a file cannot be analyzed: a code for programs and a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True)
class MediaFacts:
    """What the headers of a file say.

    :param media_type: image or video, or None if neither the content nor the name is media.
    :param format: format found in the content, such as JPEG, PNG, GIF, HEIF, MP4, MOV, WebM, HTML; None if
        unknown.
    :param codec: video codec, by FFmpeg's name.
    :param width: pixels as stored, before any turn; ``height`` likewise.
    :param orientation: EXIF orientation of an image, 1 to 8; None if its header states none.
    :param rotation: degrees clockwise by which a player turns a video: 0, 90, 180 or 270; None if unknown.
    :param defect: what is wrong with the file itself, whatever the analysis.
    """

    media_type: MediaType | None
    format: str | None = None
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    frame_rate: float | None = None
    orientation: int | None = None
    rotation: int | None = None
    defect: Defect | None = None

    @property
    def display_size(self) -> tuple[int | None, int | None]:
        """Width and height in pixels as a viewer shows them.

        EXIF orientations from 5 on and a quarter turn of a video swap the two (CIPA DC-008, "Orientation").
        """
        swapped = (self.orientation or 1) >= 5 or self.rotation in (90, 270)
        return (self.height, self.width) if swapped else (self.width, self.height)


def check_limits(facts: MediaFacts, size_bytes: int, analysis: ImageCall | VideoJob) -> Defect | None:
    """Return why an analysis cannot take a file, or None if it can.

    Images above :data:`MAX_PIXELS` are refused even where AWS states no limit: they are decompression bombs.

    :param size_bytes: bytes in the file.
    :param analysis: entry of the registry that holds the limits.
    """
    if facts.defect is not None:
        return facts.defect
    if facts.format not in analysis.formats:
        return Defect("UnsupportedFormat", _format_advice(facts, analysis))
    if size_bytes > analysis.max_bytes:
        limit = analysis.max_bytes / MEBIBYTE
        return Defect(
            "TooLarge",
            f"{size_bytes / MEBIBYTE:.1f} MiB: Rekognition reads at most {limit:g} MiB; make it smaller",
        )
    if isinstance(analysis, ImageCall):
        return _image_limits(facts, analysis)
    return _video_limits(facts, analysis)


def check_frame_limits(facts: MediaFacts, size_bytes: int, job: VideoJob, call: ImageCall) -> Defect | None:
    """Return why frames of a video cannot be analyzed as images, or None if they can.

    Frames are taken of what a job could take, so that both routes are open to the same files.

    :param job: the feature's job; ``call`` is its call on an image.
    """
    if defect := check_limits(facts, size_bytes, job):
        return defect
    pixels = (facts.width or 0) * (facts.height or 0)
    if pixels > MAX_FRAME_PIXELS:
        return Defect(
            "TooManyPixels",
            f"{facts.width}x{facts.height} pixels: frames of more than {MAX_FRAME_PIXELS:,} are not "
            "decoded; scale the video down, or write route: job",
        )
    if (facts.frame_rate or 0) * (facts.duration_ms or 0) / 1000 > MAX_VIDEO_FRAMES:
        return Defect(
            "TooManyFrames",
            f"more than {MAX_VIDEO_FRAMES:,} frames, whose index would not fit into memory; "
            "split the video, or write route: job",
        )
    return _image_limits(facts, call)


def _image_limits(facts: MediaFacts, call: ImageCall) -> Defect | None:
    width, height = facts.width or 0, facts.height or 0
    if min(width, height) < call.min_side:
        return Defect(
            "TooSmall",
            f"{width}x{height} pixels: {call.operation} needs at least {call.min_side} pixels on each side",
        )
    if call.max_side is not None and max(width, height) > call.max_side:
        return Defect(
            "TooManyPixels",
            f"{width}x{height} pixels: {call.operation} reads at most {call.max_side} on a side; "
            "scale it down",
        )
    if width * height > MAX_PIXELS:
        return Defect(
            "TooManyPixels", f"{width}x{height} pixels: more than {MAX_PIXELS} in all; scale it down"
        )
    return None


def _video_limits(facts: MediaFacts, job: VideoJob) -> Defect | None:
    if facts.codec not in job.codecs:
        codec = _CODEC_NAMES.get(facts.codec or "", facts.codec or "unknown")
        return Defect(
            "UnsupportedCodec",
            f"{codec} video: Rekognition reads H.264 in {' or '.join(job.formats)}; transcode it",
        )
    if not facts.duration_ms:
        return Defect("NoDuration", "the video states no duration; remux or record it again")
    if facts.duration_ms > job.max_duration_ms:
        return Defect(
            "TooLong",
            f"{facts.duration_ms / 60_000:.1f} minutes: Rekognition reads at most "
            f"{job.max_duration_ms / 60_000:g} minutes; split it",
        )
    return None


def _format_advice(facts: MediaFacts, analysis: ImageCall | VideoJob) -> str:
    accepted = " or ".join(analysis.formats)
    if isinstance(analysis, ImageCall):
        return f"{facts.format} {facts.media_type}: Rekognition reads images in {accepted}; convert it"
    todo = "remux it" if facts.codec in analysis.codecs else "transcode it"
    return f"{facts.format} {facts.media_type}: Rekognition reads H.264 in {accepted}; {todo}"


_CODEC_NAMES = {"hevc": "HEVC (H.265)", "vp9": "VP9", "vp8": "VP8", "av1": "AV1", "mpeg4": "MPEG-4 Part 2"}
