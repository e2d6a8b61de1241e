"""The operations of Amazon Rekognition: those offered here, with the source of their answers, and the others.

Every operation of the API's model is in one of the two tables. The features' registry says which are retired.
"""

from __future__ import annotations

from include.core.features import RETIRED
from local.aws.rekognition.api_model import OPERATION_NAMES
from local.aws.rekognition.rekognition_errors import ServiceError, access_denied

PIXELS = "pixels"
REPLAY = "replay"
STATE = "state"

_FOUND_BY_PIXELS = "{}; a recorded reply for the same bytes takes precedence"
_FOUND_BY_REPLAY = "{} only as recorded for the same bytes, otherwise none"

# Operation to the source of its answer, and what it does.
OFFERED: dict[str, tuple[str, str]] = {
    "DetectLabels": (
        PIXELS,
        _FOUND_BY_PIXELS.format(
            "objects, the picture's subject, faces, text, sky, vegetation and night as labels with their "
            "parents ([what it knows](#labels-and-moderation)); image properties are brightness, sharpness, "
            "contrast and dominant colors of the whole image"
        ),
    ),
    "DetectText": (PIXELS, _FOUND_BY_PIXELS.format("lines and words with polygons")),
    "DetectFaces": (PIXELS, _FOUND_BY_PIXELS.format("frontal faces with box and quality, no attributes")),
    "CompareFaces": (
        PIXELS,
        "recognizes a face in the same picture or a crop of it, not the same person in another picture; "
        "a recorded reply takes precedence",
    ),
    "DetectModerationLabels": (PIXELS, _FOUND_BY_PIXELS.format("nudity") + "; any other label is replay"),
    "DetectProtectiveEquipment": (
        REPLAY,
        _FOUND_BY_REPLAY.format("persons and equipment") + "; the summary is computed for each request",
    ),
    "DetectCustomLabels": (REPLAY, _FOUND_BY_REPLAY.format("labels of a running model")),
    "RecognizeCelebrities": (
        REPLAY,
        _FOUND_BY_REPLAY.format("celebrities") + "; the faces of the image are then unrecognized",
    ),
    "GetCelebrityInfo": (REPLAY, "names and web addresses of celebrities in recorded replies"),
    "CreateCollection": (STATE, "collections live as long as the process"),
    "DeleteCollection": (STATE, "removes a collection and its faces"),
    "DescribeCollection": (STATE, "counts the faces of a collection"),
    "ListCollections": (STATE, "in pages"),
    "IndexFaces": (
        PIXELS,
        "adds the faces that DetectFaces finds to a collection; a recorded reply takes precedence",
    ),
    "ListFaces": (STATE, "in pages"),
    "DeleteFaces": (STATE, "removes faces from a collection"),
    "SearchFaces": (PIXELS, "faces of the collection that are from the same picture as one of its faces"),
    "SearchFacesByImage": (
        PIXELS,
        "faces of the collection that are from the same picture as the largest face of the image; "
        "a recorded reply takes precedence",
    ),
    "StartLabelDetection": (
        PIXELS,
        "labels of two frames per second, objects and the subject of one; "
        "a recorded analysis takes precedence",
    ),
    "GetLabelDetection": (PIXELS, "by time or name, aggregated by timestamp or segment, in pages"),
    "StartTextDetection": (PIXELS, "text of one frame per second; a recorded analysis takes precedence"),
    "GetTextDetection": (PIXELS, "in pages"),
    "StartFaceDetection": (PIXELS, "faces of two frames per second; a recorded analysis takes precedence"),
    "GetFaceDetection": (PIXELS, "in pages"),
    "StartFaceSearch": (
        PIXELS,
        "faces of two frames per second, compared with the collection; a recorded analysis takes precedence",
    ),
    "GetFaceSearch": (PIXELS, "by time or person, in pages"),
    "StartSegmentDetection": (PIXELS, "shots between cuts, black frames and color bars, of every frame"),
    "GetSegmentDetection": (PIXELS, "in pages"),
    "StartContentModeration": (
        PIXELS,
        "nudity in two frames per second; a recorded analysis takes precedence; any other label is replay",
    ),
    "GetContentModeration": (PIXELS, "by time or name, aggregated by timestamp or segment, in pages"),
    "StartCelebrityRecognition": (REPLAY, _FOUND_BY_REPLAY.format("celebrities")),
    "GetCelebrityRecognition": (REPLAY, "by time or id, in pages"),
    "CreateProject": (STATE, "projects live as long as the process"),
    "DeleteProject": (STATE, "refused while the project has versions"),
    "DescribeProjects": (STATE, "in pages"),
    "CreateProjectVersion": (
        STATE,
        "soon TRAINING_COMPLETED; the status message says that nothing is trained",
    ),
    "DeleteProjectVersion": (STATE, "refused while the model is in training or in use"),
    "DescribeProjectVersions": (STATE, "the latest first, in pages"),
    "StartProjectVersion": (STATE, "STARTING, then RUNNING; the running time is counted"),
    "StopProjectVersion": (STATE, "STOPPING, then STOPPED; only a RUNNING model can be stopped"),
}

_DATASETS = (
    "Nothing is trained here, so there are no datasets; call CreateProjectVersion with manifests or without."
)
_LIVENESS = "Face liveness checks a person in front of a camera, not stored media."
_STREAMS = (
    "Stream processors read Kinesis video streams, and the lake holds stored media; "
    "AWS closed them to new customers on 2026-04-30."
)
_POLICIES = "Models cannot be shared: there is only one account here."
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

    A retired operation is denied, which is an error of the operation in the API's model. The rest is unknown.
    """
    if operation in _RETIRED_OPERATIONS:
        return access_denied(operation, NOT_OFFERED[operation])
    if operation not in OPERATION_NAMES:
        return ServiceError(
            "UnknownOperationException", f"{operation} is not an operation of Amazon Rekognition."
        )
    reason = NOT_OFFERED.get(operation, "")
    return ServiceError(
        "UnknownOperationException",
        f"The local Rekognition does not offer {operation}. {reason}".rstrip(),
    )
