"""How many rows each table should have of a response, counted in its raw JSON.

Nothing here comes from :mod:`include.normalize`: two pieces of code that share none count the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jmespath

# What a threshold applies to; scores beyond are no percentages, and no threshold applies to them.
_PERCENT = (0.0, 100.0)
# By these, and by its absence, the API says that a name has no value.
_NO_NAMES = (None, "", "NULL")

# Operation to table to JMESPath of its items in a response, each as [score, members that a row must have...].
# A list among these members has as many rows as it has members; without an item it is one row.
_EQUIPMENT = "map(&(EquipmentDetections || `[{}]`), BodyParts || `[{}]`)[]"
_ITEMS: dict[str, dict[str, str]] = {
    "DetectLabels": {
        "labels": "Labels[*].[Confidence, Name]",
        "image_properties": "[ImageProperties, ImageProperties.Foreground, ImageProperties.Background]"
        "[?@].[`null`]",
    },
    "GetLabelDetection": {"labels": "Labels[*].Label.[Confidence, Name]"},
    "DetectModerationLabels": {"moderation_labels": "ModerationLabels[*].[Confidence, Name]"},
    "GetContentModeration": {"moderation_labels": "ModerationLabels[*].ModerationLabel.[Confidence, Name]"},
    "DetectText": {"texts": "TextDetections[*].[Confidence, Type]"},
    "GetTextDetection": {"texts": "TextDetections[*].TextDetection.[Confidence, Type]"},
    "DetectFaces": {"faces": "FaceDetails[*].[Confidence]"},
    "GetFaceDetection": {"faces": "Faces[*].[Face.Confidence]"},
    "RecognizeCelebrities": {"celebrities": "CelebrityFaces[*].[MatchConfidence, Name]"},
    "GetCelebrityRecognition": {"celebrities": "Celebrities[*].Celebrity.[Confidence, Name]"},
    "SearchFacesByImage": {"face_matches": "FaceMatches[*].[Similarity, Similarity]"},
    "GetFaceSearch": {"face_matches": "Persons[*].FaceMatches[][].[Similarity, Similarity]"},
    "DetectProtectiveEquipment": {"protective_equipment": f"Persons[*].[Confidence, Id, {_EQUIPMENT}]"},
    "DetectCustomLabels": {"custom_labels": "CustomLabels[*].[Confidence, Name]"},
    "GetSegmentDetection": {
        "segments": "Segments[*].[ShotSegment.Confidence || TechnicalCueSegment.Confidence, Type, "
        "StartTimestampMillis, EndTimestampMillis, DurationMillis]"
    },
}


def is_countable(operation: str) -> bool:
    """Whether the items of an operation's responses are known."""
    return operation in _ITEMS


def count_rows(operation: str, response: Mapping[str, Any], least: float) -> dict[str, int]:
    """Return the rows that a response, or a page of it, should give, by table.

    :param operation: one for which :func:`is_countable` holds.
    :param least: the threshold (percent) of the feature.
    """
    return {
        table: sum(_rows(item, least) for item in found.search(response) or ())
        for table, found in _compiled(operation).items()
    }


@cache
def _compiled(operation: str) -> dict[str, Any]:
    return {table: jmespath.compile(path) for table, path in _ITEMS[operation].items()}


def _rows(item: list[Any], least: float) -> int:
    score, *members = item
    if isinstance(score, int | float) and _PERCENT[0] <= score <= _PERCENT[1] and score < least:
        return 0
    if any(member in _NO_NAMES for member in members):
        return 0
    return len(members[-1]) if members and isinstance(members[-1], list) else 1
