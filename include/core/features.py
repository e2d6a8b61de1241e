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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, NamedTuple

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


class Kind(NamedTuple):
    """One kind of analysis that a request can ask for, beside others or alone.

    :param price_item: the line of the price book that it is billed by.
    :param table: the finding table that it fills.
    """

    price_item: str
    table: str


@dataclass(frozen=True)
class Choice:
    """The request member that chooses among kinds of analysis, each of them billed for itself.

    :param member: its name, such as ``SegmentTypes``; it holds a list.
    :param kinds: every value that the list may have, and what it stands for.
    :param default: the values that AWS takes where a request lacks the member or its list is empty.
    """

    member: str
    kinds: Mapping[str, Kind]
    default: tuple[str, ...] = ()

    def values(self, parameters: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the values that a request asks for, each once, in the registry's order."""
        asked = parameters.get(self.member) or self.default
        return tuple(value for value in self.kinds if value in asked)

    def kinds_of(self, parameters: Mapping[str, Any]) -> tuple[Kind, ...]:
        """Return the kinds of analysis that a request asks for."""
        return tuple(self.kinds[value] for value in self.values(parameters))


@dataclass(frozen=True)
class ImageCall:
    """One synchronous operation on an image in S3.

    :param operation: name in the API, for instance ``DetectLabels``.
    :param price_items: what every call is billed as; each is a line of the price book.
    :param choice: what is billed, and which tables are filled, by a member of the request.
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
    price_items: tuple[str, ...] = ()
    choice: Choice | None = None
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
    price_items: tuple[str, ...] = ()
    choice: Choice | None = None
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

    :param tables: the finding tables it fills (see :mod:`include.core.schemas`), unless a source chooses
        other kinds of analysis: see :func:`tables_filled`.
    :param sensitive: whether its findings are about identifiable people; such a feature runs only where a
        source asks for it by name, and other people may read its tables than the rest.
    :param lost_by_frames: what is lost if some frames of a video are analyzed as images instead of the whole
        by a job, for people; None if the feature needs the whole.
    """

    name: str
    title: str
    tables: tuple[str, ...]
    image: ImageCall | None = None
    video: VideoJob | None = None
    sensitive: bool = False
    lost_by_frames: str | None = None

    def analysis(self, media_type: MediaType, *, by_frames: bool = False) -> ImageCall | VideoJob | None:
        """Return how the feature is asked for on this kind of media, or None if AWS does not offer it.

        :param by_frames: whether frames of a video are analyzed as images.
        """
        return self.image if media_type == "image" or by_frames else self.video

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

# DetectLabels is billed for each of its features: "Amazon Rekognition pricing" lists labels in group 2, and
# image properties apart from it. A request without the member is for labels (API reference, DetectLabels).
_LABEL_FEATURES = Choice(
    "Features",
    {
        "GENERAL_LABELS": Kind(IMAGE_GROUP_2, "labels"),
        "IMAGE_PROPERTIES": Kind(IMAGE_PROPERTIES, "image_properties"),
    },
    default=("GENERAL_LABELS",),
)

# "Using the Amazon Rekognition Segment API" calls it a composite of two analyses, of which a request chooses
# (https://docs.aws.amazon.com/rekognition/latest/dg/segment-api.html); the member is required.
_SEGMENT_TYPES = Choice(
    "SegmentTypes",
    {
        "SHOT": Kind(SHOT_MINUTES, "segments"),
        "TECHNICAL_CUE": Kind(TECHNICAL_CUE_MINUTES, "segments"),
    },
)

FEATURES: dict[str, Feature] = {
    feature.name: feature
    for feature in (
        Feature(
            name="labels",
            title="Objects, scenes, activities and concepts",
            tables=("labels",),
            image=ImageCall(
                operation="DetectLabels",
                choice=_LABEL_FEATURES,
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
            lost_by_frames="what is seen only between two frames, and activities that show in motion",
        ),
        Feature(
            name="image_properties",
            title="Dominant colors, brightness, sharpness and contrast",
            tables=("image_properties",),
            image=ImageCall(
                operation="DetectLabels",
                choice=_LABEL_FEATURES,
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
            lost_by_frames="scenes that lie between two frames: do not decide by frames alone",
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
            lost_by_frames="text that is shown only between two frames",
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
            lost_by_frames="faces that are seen only between two frames",
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
            lost_by_frames="people who are seen only between two frames, and boxes of their bodies",
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
                choice=_SEGMENT_TYPES,
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


# Operations on images that are asked for frames of videos.
FRAME_OPERATIONS = frozenset(
    feature.image.operation for feature in FEATURES.values() if feature.lost_by_frames and feature.image
)


def features_for(media_type: MediaType) -> tuple[Feature, ...]:
    """Return the features offered for this kind of media, in registry order."""
    return tuple(feature for feature in FEATURES.values() if feature.analysis(media_type) is not None)


def price_items(call: ImageCall | VideoJob, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the lines of the price book that a request is billed by.

    :param parameters: its members, as they are sent.
    """
    chosen = call.choice.kinds_of(parameters) if call.choice else ()
    return (*call.price_items, *(kind.price_item for kind in chosen))


def tables_filled(feature: Feature, media_type: MediaType, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the finding tables that the answer to a request fills.

    :param parameters: its members, as they are sent.
    """
    call = feature.analysis(media_type)
    if call is None or call.choice is None:
        return feature.tables
    return tuple(dict.fromkeys(kind.table for kind in call.choice.kinds_of(parameters)))


def run_tables(media_type: MediaType) -> tuple[str, ...]:
    """Return the tables that a run on this kind of media fills, empty or not, in the order of publication."""
    findings = chain.from_iterable(_possible_tables(each, media_type) for each in features_for(media_type))
    return (*dict.fromkeys(findings), "analyses", "media_assets")


def _possible_tables(feature: Feature, media_type: MediaType) -> Iterator[str]:
    """Yield the finding tables that the feature can fill, whatever a source chooses."""
    yield from feature.tables
    call = feature.analysis(media_type)
    if call is not None and call.choice is not None:
        yield from (kind.table for kind in call.choice.kinds.values())
