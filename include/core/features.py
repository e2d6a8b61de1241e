"""The registry of analyses: one entry per feature of Amazon Rekognition that the lake can ask for.

Everything that depends on which features exist is derived from here: the calls and their parameters, the
limits checked before paying, the price lines, the tables filled, the SQL over them, the IAM actions and
the generated documentation. CONTRIBUTING.md lists what it takes to add a feature.

Sources: request and response members, Amazon Rekognition API reference; limits, "Guidelines and quotas in
Amazon Rekognition" (https://docs.aws.amazon.com/rekognition/latest/dg/limits.html) and those of Custom
Labels (https://docs.aws.amazon.com/rekognition/latest/customlabels-dg/limits.html); billing groups, Amazon
Rekognition pricing (https://aws.amazon.com/rekognition/pricing/); the end of people pathing and of bulk
analysis, "Amazon Rekognition availability changes"
(https://docs.aws.amazon.com/rekognition/latest/dg/rekognition-availability-changes.html).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

MediaType = Literal["image", "video"]
MEDIA_TYPES: tuple[MediaType, ...] = ("image", "video")

# Operations that find, start and stop a Custom Labels model.
MODEL_OPERATIONS = (
    "DescribeProjects",
    "DescribeProjectVersions",
    "StartProjectVersion",
    "StopProjectVersion",
)

MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE


@dataclass(frozen=True)
class ImageCall:
    """One synchronous operation on an image in S3.

    :param operation: name in the API, for instance ``DetectLabels``.
    :param price_items: what one call is billed as; each is a line of the price book.
    :param parameters: request members besides ``Image``, part of the analysis key; a source may change
        them and add others.
    :param required_parameters: request members that each source has to set, such as the collection to search.
    :param model_version_member: response member that names the model, if there is one.
    :param model_parameter: request member that names a model of one's own. Such a model has to be started
        before it can be called, and is billed by the hour for as long as it runs.
    :param hourly_price_item: line of the price book for those hours.
    :param nothing_found_error: text in the InvalidParameterException by which the operation says that the
        image has nothing to look for; such an analysis is done and found nothing.
    :param min_side: least width and height in pixels.
    :param max_side: greatest width and height in pixels, or None where AWS states no limit.
    """

    operation: str
    price_items: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    required_parameters: tuple[str, ...] = ()
    model_version_member: str | None = None
    model_parameter: str | None = None
    hourly_price_item: str | None = None
    nothing_found_error: str | None = None
    min_side: int = 80
    max_side: int | None = 10_000
    max_bytes: int = 15 * MEBIBYTE
    formats: tuple[str, ...] = ("JPEG", "PNG")

    @property
    def operations(self) -> tuple[str, ...]:
        if self.model_parameter:
            return (self.operation, *MODEL_OPERATIONS)
        return (self.operation,)


@dataclass(frozen=True)
class VideoJob:
    """One asynchronous job on a video in S3: a Start operation and its Get operation.

    Parameters are as in :class:`ImageCall`; every request for a page has the ``get_parameters``.
    """

    start_operation: str
    get_operation: str
    price_items: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    get_parameters: Mapping[str, Any] = field(default_factory=dict)
    required_parameters: tuple[str, ...] = ()
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

    :param tables: the finding tables it fills (see :mod:`include.core.schemas`).
    :param sensitive: whether its findings are about identifiable people; such a feature runs only where a
        source asks for it by name, and other people may read its tables than the rest.
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


@dataclass(frozen=True)
class RetiredFeature:
    """A kind of analysis that AWS ended. Responses archived from it still normalize.

    :param operations: its operations, the last of them the one under which responses are archived.
    :param refusal: why it cannot be asked for any more, and what to use instead.
    """

    name: str
    title: str
    tables: tuple[str, ...]
    operations: tuple[str, ...]
    refusal: str


IMAGE_GROUP_1 = "image-group-1"
IMAGE_GROUP_2 = "image-group-2"
IMAGE_PROPERTIES = "image-properties"
CUSTOM_LABELS_HOURS = "custom-labels-inference-hours"
VIDEO_MINUTES = "video-minutes"
SHOT_MINUTES = "video-shot-minutes"
TECHNICAL_CUE_MINUTES = "video-technical-cue-minutes"

# Least similarity (percent) of two faces in requests, AWS's default: below it, most matches are other people.
SIMILARITY_FLOOR = 80.0

# Requests ask for everything down to this confidence (percent); what tables show is filtered when
# responses are normalized, so a change of threshold costs nothing.
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
                price_items=(VIDEO_MINUTES,),
                parameters={"MinConfidence": CONFIDENCE_FLOOR},
                get_parameters={"SortBy": "TIMESTAMP"},
                model_version_member="LabelModelVersion",
            ),
        ),
        Feature(
            name="image_properties",
            title="Dominant colors, brightness, sharpness and contrast",
            tables=("image_properties",),
            image=ImageCall(
                operation="DetectLabels",
                price_items=(IMAGE_PROPERTIES,),
                parameters={"Features": ["IMAGE_PROPERTIES"]},
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
                price_items=(VIDEO_MINUTES,),
                parameters={"FaceAttributes": "DEFAULT"},
            ),
            sensitive=True,
        ),
        Feature(
            name="celebrities",
            title="Well-known people",
            tables=("celebrities",),
            image=ImageCall(
                operation="RecognizeCelebrities",
                price_items=(IMAGE_GROUP_2,),
                max_side=None,
            ),
            video=VideoJob(
                start_operation="StartCelebrityRecognition",
                get_operation="GetCelebrityRecognition",
                price_items=(VIDEO_MINUTES,),
                get_parameters={"SortBy": "TIMESTAMP"},
            ),
            sensitive=True,
        ),
        Feature(
            name="face_search",
            title="Faces of a collection of one's own",
            tables=("face_matches",),
            image=ImageCall(
                operation="SearchFacesByImage",
                price_items=(IMAGE_GROUP_1,),
                parameters={"FaceMatchThreshold": SIMILARITY_FLOOR},
                required_parameters=("CollectionId",),
                model_version_member="FaceModelVersion",
                nothing_found_error="no faces in the image",
                max_side=None,
            ),
            video=VideoJob(
                start_operation="StartFaceSearch",
                get_operation="GetFaceSearch",
                price_items=(VIDEO_MINUTES,),
                parameters={"FaceMatchThreshold": SIMILARITY_FLOOR},
                get_parameters={"SortBy": "TIMESTAMP"},
                required_parameters=("CollectionId",),
            ),
            sensitive=True,
        ),
        Feature(
            name="protective_equipment",
            title="Helmets, masks and gloves of persons",
            tables=("protective_equipment",),
            image=ImageCall(
                operation="DetectProtectiveEquipment",
                price_items=(IMAGE_GROUP_2,),
                model_version_member="ProtectiveEquipmentModelVersion",
                min_side=64,
                max_side=4096,
            ),
        ),
        Feature(
            name="custom_labels",
            title="Labels of a Custom Labels model of one's own",
            tables=("custom_labels",),
            image=ImageCall(
                operation="DetectCustomLabels",
                price_items=(),
                parameters={"MinConfidence": CONFIDENCE_FLOOR},
                required_parameters=("ProjectVersionArn",),
                model_parameter="ProjectVersionArn",
                hourly_price_item=CUSTOM_LABELS_HOURS,
                min_side=64,
                max_side=4096,
            ),
        ),
        Feature(
            name="segments",
            title="Shots and technical cues such as black frames",
            tables=("segments",),
            video=VideoJob(
                start_operation="StartSegmentDetection",
                get_operation="GetSegmentDetection",
                price_items=(SHOT_MINUTES, TECHNICAL_CUE_MINUTES),
                parameters={"SegmentTypes": ["SHOT", "TECHNICAL_CUE"]},
            ),
        ),
    )
}


RETIRED: dict[str, RetiredFeature] = {
    feature.name: feature
    for feature in (
        RetiredFeature(
            name="people_pathing",
            title="Paths of people through a video",
            tables=("persons",),
            operations=("StartPersonTracking", "GetPersonTracking"),
            refusal="AWS ended people pathing (StartPersonTracking) on 2025-10-31; use `labels`, whose label "
            "Person has the box of each person in each frame, or `face_search` for who they are",
        ),
        RetiredFeature(
            name="bulk_analysis",
            title="Moderation of images in bulk",
            tables=("moderation_labels",),
            operations=("StartMediaAnalysisJob", "ListMediaAnalysisJobs", "GetMediaAnalysisJob"),
            refusal="AWS closed bulk image analysis (StartMediaAnalysisJob) to new customers; use "
            "`moderation`, which calls DetectModerationLabels for each image at the pace of the quota",
        ),
    )
}


def features_for(media_type: MediaType) -> tuple[Feature, ...]:
    """Return the features offered for this kind of media, in registry order."""
    return tuple(feature for feature in FEATURES.values() if feature.analysis(media_type) is not None)


def run_tables(media_type: MediaType) -> tuple[str, ...]:
    """Return the tables that a run on this kind of media fills, empty or not, in the order of publication."""
    findings = (table for feature in features_for(media_type) for table in feature.tables)
    return (*dict.fromkeys(findings), "analyses", "media_assets")
