"""What AWS bills a request by: the lines of its pricing page, read apart from the lake's own registry.

Lines have the names of the lake's price books, so that its usage can be compared with what is counted here.
Groups of image operations and the price of image properties: "Amazon Rekognition pricing"
(https://aws.amazon.com/rekognition/pricing/); segments: "Using the Amazon Rekognition Segment API"
(https://docs.aws.amazon.com/rekognition/latest/dg/segment-api.html).
"""

from __future__ import annotations

from typing import Any

_GROUP_1 = frozenset({"CompareFaces", "IndexFaces", "SearchFaces", "SearchFacesByImage"})
_BY_THE_HOUR = frozenset({"DetectCustomLabels"})
_LABELS = {"GENERAL_LABELS": "image-group-2", "IMAGE_PROPERTIES": "image-properties"}
_SEGMENTS = {"SHOT": "video-shot-minutes", "TECHNICAL_CUE": "video-technical-cue-minutes"}


def image_lines(operation: str, params: dict[str, Any]) -> set[str]:
    """Return the lines of which one call uses one image each."""
    if operation in _BY_THE_HOUR:
        return set()
    if operation == "DetectLabels":
        return {_LABELS[feature] for feature in params.get("Features") or ["GENERAL_LABELS"]}
    return {"image-group-1" if operation in _GROUP_1 else "image-group-2"}


def video_lines(operation: str, params: dict[str, Any]) -> set[str]:
    """Return the lines of which one job uses each minute of its video."""
    if operation == "StartSegmentDetection":
        return {_SEGMENTS[kind] for kind in params["SegmentTypes"]}
    return {"video-minutes"}
