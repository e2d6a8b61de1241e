"""Which operations of Amazon Rekognition are offered here, how their answers come about, and why others are not.

Every operation of the API's model is in one of the two tables; the retired ones are those of the registry.
"""

from __future__ import annotations

from include.core.features import RETIRED
from local.aws.rekognition.model import OPERATION_NAMES
from local.aws.rekognition.rekognition_errors import ServiceError, access_denied

PIXELS = "pixels"
REPLAY = "replay"
STATE = "state"

_FOUND_BY_PIXELS = "{}; a recorded reply for the same bytes goes before"
_FOUND_BY_REPLAY = "{}: finds nothing but what was recorded for the same bytes"

# Operation -> where its answer comes from, and a sentence.
OFFERED: dict[str, tuple[str, str]] = {
    "DetectLabels": (
        PIXELS,
        _FOUND_BY_PIXELS.format(
            "faces, text, sky, vegetation and night as labels with their parents; image properties are brightness, "
            "sharpness, contrast and dominant colors of the whole image"
        ),
    ),
    "DetectText": (PIXELS, _FOUND_BY_PIXELS.format("lines and words with polygons")),
    "DetectFaces": (PIXELS, _FOUND_BY_PIXELS.format("frontal faces with box and quality, no attributes")),
    "CompareFaces": (
        PIXELS,
        "knows a face again in the same picture or a crop of it, not the same person in another picture; a recorded "
        "reply goes before",
    ),
    "DetectModerationLabels": (REPLAY, _FOUND_BY_REPLAY.format("moderation")),
    "DetectProtectiveEquipment": (
        REPLAY,
        _FOUND_BY_REPLAY.format("equipment") + "; the summary is computed for each request",
    ),
    "DetectCustomLabels": (REPLAY, _FOUND_BY_REPLAY.format("a running model")),
    "RecognizeCelebrities": (
        REPLAY,
        _FOUND_BY_REPLAY.format("celebrities") + "; faces of the image are unrecognized ones",
    ),
    "GetCelebrityInfo": (REPLAY, "names and addresses of celebrities in recorded replies"),
    "CreateCollection": (STATE, "collections last as long as the process"),
    "DeleteCollection": (STATE, "removes a collection and its faces"),
    "DescribeCollection": (STATE, "counts the faces of a collection"),
    "ListCollections": (STATE, "in pages"),
    "IndexFaces": (
        PIXELS,
        "adds the faces that DetectFaces finds to a collection; a recorded reply goes before",
    ),
    "ListFaces": (STATE, "in pages"),
    "DeleteFaces": (STATE, "removes faces from a collection"),
    "SearchFaces": (PIXELS, "faces of the collection that are from the same picture as one of its faces"),
    "SearchFacesByImage": (
        PIXELS,
        "faces of the collection that are from the same picture as the largest face of the image; a recorded reply goes "
        "before",
    ),
    "StartLabelDetection": (PIXELS, "labels of two frames per second; a recorded analysis goes before"),
    "GetLabelDetection": (PIXELS, "by time or name, aggregated by timestamp or segment, in pages"),
    "StartTextDetection": (PIXELS, "text of one frame per second; a recorded analysis goes before"),
    "GetTextDetection": (PIXELS, "in pages"),
    "StartFaceDetection": (PIXELS, "faces of two frames per second; a recorded analysis goes before"),
    "GetFaceDetection": (PIXELS, "in pages"),
    "StartFaceSearch": (
        PIXELS,
        "faces of two frames per second, compared with the collection; a recorded analysis goes before",
    ),
    "GetFaceSearch": (PIXELS, "by time or person, in pages"),
    "StartSegmentDetection": (PIXELS, "shots between cuts, black frames and color bars, of every frame"),
    "GetSegmentDetection": (PIXELS, "in pages"),
    "StartContentModeration": (REPLAY, _FOUND_BY_REPLAY.format("moderation")),
    "GetContentModeration": (REPLAY, "by time or name, aggregated by timestamp or segment, in pages"),
    "StartCelebrityRecognition": (REPLAY, _FOUND_BY_REPLAY.format("celebrities")),
    "GetCelebrityRecognition": (REPLAY, "by time or id, in pages"),
    "CreateProject": (STATE, "projects last as long as the process"),
    "DeleteProject": (STATE, "refused while the project has versions"),
    "DescribeProjects": (STATE, "in pages"),
    "CreateProjectVersion": (STATE, "trains nothing, says so, and is soon TRAINING_COMPLETED"),
    "DeleteProjectVersion": (STATE, "refused while the model is in training or in use"),
    "DescribeProjectVersions": (STATE, "the latest first, in pages"),
    "StartProjectVersion": (STATE, "STARTING, then RUNNING; the time that it runs is counted"),
    "StopProjectVersion": (STATE, "STOPPING, then STOPPED; only a RUNNING model can be stopped"),
}

_DATASETS = (
    "Nothing is trained here, so there are no datasets; give CreateProjectVersion manifests or nothing."
)
_LIVENESS = "Liveness is asked of a camera session with a person in front of it, not of stored media."
_STREAMS = (
    "Stream processors read Kinesis video streams, and the lake holds stored media; AWS closed them to new customers on "
    "2026-04-30."
)
_POLICIES = "Models are not shared between accounts here; there is one account."
_TAGS = "Nothing in the lake reads tags of Rekognition's resources."
_USERS = "The lake searches faces, not the user vectors that AWS makes of several faces."

NOT_OFFERED: dict[str, str] = {
    **dict.fromkeys(
        (
            "CreateDataset",
            "DeleteDataset",
            "DescribeDataset",
            "DistributeDatasetEntries",
            "ListDatasetEntries",
            "ListDatasetLabels",
            "UpdateDatasetEntries",
        ),
        _DATASETS,
    ),
    **dict.fromkeys(("CreateFaceLivenessSession", "GetFaceLivenessSessionResults"), _LIVENESS),
    **dict.fromkeys(
        (
            "CreateStreamProcessor",
            "DeleteStreamProcessor",
            "DescribeStreamProcessor",
            "ListStreamProcessors",
            "StartStreamProcessor",
            "StopStreamProcessor",
            "UpdateStreamProcessor",
        ),
        _STREAMS,
    ),
    **dict.fromkeys(
        ("CopyProjectVersion", "DeleteProjectPolicy", "ListProjectPolicies", "PutProjectPolicy"), _POLICIES
    ),
    **dict.fromkeys(("ListTagsForResource", "TagResource", "UntagResource"), _TAGS),
    **dict.fromkeys(
        (
            "AssociateFaces",
            "CreateUser",
            "DeleteUser",
            "DisassociateFaces",
            "ListUsers",
            "SearchUsers",
            "SearchUsersByImage",
        ),
        _USERS,
    ),
    **{operation: f"{feature.refusal}." for feature in RETIRED.values() for operation in feature.operations},
}

_RETIRED_OPERATIONS = {operation for feature in RETIRED.values() for operation in feature.operations}


def refusal(operation: str) -> ServiceError:
    """Return the error for an operation that is not offered.

    What AWS retired is denied, one of the failures that the API's model knows for it; the rest is unknown here.
    """
    if operation in _RETIRED_OPERATIONS:
        return access_denied(operation, NOT_OFFERED[operation])
    if operation not in OPERATION_NAMES:
        return ServiceError(
            "UnknownOperationException", f"{operation} is no operation of Amazon Rekognition."
        )
    reason = NOT_OFFERED.get(operation, "")
    return ServiceError(
        "UnknownOperationException",
        f"{operation} is not offered by the local Rekognition. {reason}".rstrip(),
    )
