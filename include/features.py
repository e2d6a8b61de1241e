"""The registry of analyses: one entry per feature of Amazon Rekognition that the lake can ask for.

Everything that depends on which features exist is derived from here: the calls that are made and their parameters, the
limits checked before paying, the price lines, the tables filled, the IAM actions and the generated documentation.
Adding a feature is one entry here, one normalizer and one fixture.

Sources: request and response members, Amazon Rekognition API reference; limits, "Guidelines and quotas in Amazon
Rekognition" (https://docs.aws.amazon.com/rekognition/latest/dg/limits.html); billing groups, Amazon Rekognition pricing
(https://aws.amazon.com/rekognition/pricing/).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

MediaType = Literal["image", "video"]
MEDIA_TYPES: tuple[MediaType, ...] = ("image", "video")

MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE


@dataclass(frozen=True)
class ImageCall:
    """One synchronous operation on an image in S3.

    :param operation: name in the API, for instance ``DetectLabels``.
    :param price_items: what one call is billed as; each is a line of the price book.
    :param parameters: request members besides ``Image``, part of the analysis key.
    :param model_version_member: response member that names the model, if there is one.
    :param min_side: least width and height in pixels.
    :param max_side: greatest width and height in pixels, or None where AWS states no limit.
    """

    operation: str
    price_items: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    model_version_member: str | None = None
    min_side: int = 80
    max_side: int | None = 10_000
    max_bytes: int = 15 * MEBIBYTE
    formats: tuple[str, ...] = ("JPEG", "PNG")

    @property
    def operations(self) -> tuple[str, ...]:
        return (self.operation,)


@dataclass(frozen=True)
class VideoJob:
    """One asynchronous job on a video in S3: a Start operation, its Get operation and the member that holds findings.

    Parameters are as in :class:`ImageCall`; ``get_parameters`` go to every page request, ``max_duration_ms`` is in
    milliseconds.
    """

    start_operation: str
    get_operation: str
    result_member: str
    price_items: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    get_parameters: Mapping[str, Any] = field(default_factory=dict)
    model_version_member: str | None = None
    max_bytes: int = 10 * GIBIBYTE
    max_duration_ms: int = 6 * 3600 * 1000
    formats: tuple[str, ...] = ("MP4", "MOV")
    codecs: tuple[str, ...] = ("h264",)

    @property
    def operation(self) -> str:
        """The operation under which responses are archived."""
        return self.get_operation

    @property
    def operations(self) -> tuple[str, ...]:
        return (self.start_operation, self.get_operation)


@dataclass(frozen=True)
class Feature:
    """One kind of analysis, for images, videos or both.

    :param tables: the finding tables it fills (see :mod:`include.schemas`).
    :param sensitive: whether its findings are about identifiable people; such a feature runs only where a source asks
        for it by name, and its tables can be given to other readers than the rest.
    """

    name: str
    title: str
    tables: tuple[str, ...]
    image: ImageCall | None = None
    video: VideoJob | None = None
    sensitive: bool = False

    def analysis(self, media_type: MediaType) -> ImageCall | VideoJob | None:
        """Return how the feature is asked for on this kind of media, or None if AWS does not offer it."""
        return self.image if media_type == "image" else self.video

    @property
    def iam_actions(self) -> tuple[str, ...]:
        """IAM actions that the pipeline's role needs for this feature."""
        calls = [call for call in (self.image, self.video) if call is not None]
        return tuple(sorted({f"rekognition:{name}" for call in calls for name in call.operations}))


IMAGE_GROUP_2 = "image-group-2"
VIDEO_MINUTES = "video-minutes"
SHOT_MINUTES = "video-shot-minutes"
TECHNICAL_CUE_MINUTES = "video-technical-cue-minutes"

# Requests ask for everything down to this confidence (percent); what tables show is filtered when responses are
# normalized, so a change of threshold costs nothing.
CONFIDENCE_FLOOR = 30.0

FEATURES: dict[str, Feature] = {
    feature.name: feature
    for feature in (
        Feature(
            name="labels",
            title="Objects, scenes, activities and concepts",
            tables=("labels",),
            image=ImageCall(
                operation="DetectLabels",
                price_items=(IMAGE_GROUP_2,),
                parameters={"MinConfidence": CONFIDENCE_FLOOR},
                model_version_member="LabelModelVersion",
            ),
            video=VideoJob(
                start_operation="StartLabelDetection",
                get_operation="GetLabelDetection",
                result_member="Labels",
                price_items=(VIDEO_MINUTES,),
                parameters={"MinConfidence": CONFIDENCE_FLOOR},
                get_parameters={"SortBy": "TIMESTAMP"},
                model_version_member="LabelModelVersion",
            ),
        ),
        Feature(
            name="moderation",
            title="Inappropriate, unwanted or offensive content",
            tables=("moderation_labels",),
            image=ImageCall(
                operation="DetectModerationLabels",
                price_items=(IMAGE_GROUP_2,),
                parameters={"MinConfidence": CONFIDENCE_FLOOR},
                model_version_member="ModerationModelVersion",
            ),
            video=VideoJob(
                start_operation="StartContentModeration",
                get_operation="GetContentModeration",
                result_member="ModerationLabels",
                price_items=(VIDEO_MINUTES,),
                parameters={"MinConfidence": CONFIDENCE_FLOOR},
                get_parameters={"SortBy": "TIMESTAMP"},
                model_version_member="ModerationModelVersion",
            ),
        ),
        Feature(
            name="text",
            title="Lines and words that can be read",
            tables=("texts",),
            image=ImageCall(
                operation="DetectText",
                price_items=(IMAGE_GROUP_2,),
                model_version_member="TextModelVersion",
                max_side=None,
            ),
            video=VideoJob(
                start_operation="StartTextDetection",
                get_operation="GetTextDetection",
                result_member="TextDetections",
                price_items=(VIDEO_MINUTES,),
                model_version_member="TextModelVersion",
            ),
        ),
        Feature(
            name="faces",
            title="Faces and their attributes, without identity",
            tables=("faces",),
            image=ImageCall(
                operation="DetectFaces",
                price_items=(IMAGE_GROUP_2,),
                parameters={"Attributes": ["DEFAULT"]},
                max_side=None,
            ),
            video=VideoJob(
                start_operation="StartFaceDetection",
                get_operation="GetFaceDetection",
                result_member="Faces",
                price_items=(VIDEO_MINUTES,),
                parameters={"FaceAttributes": "DEFAULT"},
            ),
            sensitive=True,
        ),
        Feature(
            name="segments",
            title="Shots and technical cues such as black frames",
            tables=("segments",),
            video=VideoJob(
                start_operation="StartSegmentDetection",
                get_operation="GetSegmentDetection",
                result_member="Segments",
                price_items=(SHOT_MINUTES, TECHNICAL_CUE_MINUTES),
                parameters={"SegmentTypes": ["SHOT", "TECHNICAL_CUE"]},
            ),
        ),
    )
}


def features_for(media_type: MediaType) -> tuple[Feature, ...]:
    """Return the features offered for this kind of media, in registry order."""
    return tuple(feature for feature in FEATURES.values() if feature.analysis(media_type) is not None)
