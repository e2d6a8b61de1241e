"""How many rows each table should have of a response, counted in its raw JSON.

Nothing here comes from :mod:`include.normalize`: two pieces of code that share none count the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jmespath

from include.store.objects import Row

# What a threshold applies to; scores beyond are no percentages, and no threshold applies to them.
_PERCENT = (0.0, 100.0)
_NUMBER = (int, float)


@dataclass(frozen=True)
class _Items:
    """What is counted of a response.

    :param path: JMESPath of the items, which are objects.
    :param score: member that a threshold applies to; empty if none does.
    :param members: those that a row must have. A list among them has as many rows as it has members; without
        it an item is one row.
    """

    path: str
    score: str = ""
    members: tuple[str, ...] = ()


def _names(path: str, score: str = "Confidence") -> _Items:
    return _Items(path, score, ("Name",))


_EQUIPMENT = "map(&(EquipmentDetections || `[{}]`), BodyParts || `[{}]`)[]"
_PROPERTIES = "ImageProperties.[@, Foreground, Background][?@]"
_SEGMENT = ("Type", "StartTimestampMillis", "EndTimestampMillis", "DurationMillis")
# Operation to table.
_ITEMS: dict[str, dict[str, _Items]] = {
    "DetectLabels": {"labels": _names("Labels"), "image_properties": _Items(_PROPERTIES)},
    "GetLabelDetection": {"labels": _names("Labels[*].Label")},
    "DetectModerationLabels": {"moderation_labels": _names("ModerationLabels")},
    "GetContentModeration": {"moderation_labels": _names("ModerationLabels[*].ModerationLabel")},
    "DetectText": {"texts": _Items("TextDetections", "Confidence", ("Type",))},
    "GetTextDetection": {"texts": _Items("TextDetections[*].TextDetection", "Confidence", ("Type",))},
    "DetectFaces": {"faces": _Items("FaceDetails", "Confidence")},
    "GetFaceDetection": {"faces": _Items("Faces[*].{Confidence: Face.Confidence}", "Confidence")},
    "RecognizeCelebrities": {"celebrities": _names("CelebrityFaces", "MatchConfidence")},
    "GetCelebrityRecognition": {"celebrities": _names("Celebrities[*].Celebrity")},
    "SearchFacesByImage": {"face_matches": _Items("FaceMatches", "Similarity", ("Similarity",))},
    "GetFaceSearch": {"face_matches": _Items("Persons[*].FaceMatches[]", "Similarity", ("Similarity",))},
    "DetectProtectiveEquipment": {
        "protective_equipment": _Items(
            f"Persons[*].{{Confidence: Confidence, Id: Id, Equipment: {_EQUIPMENT}}}",
            "Confidence",
            ("Id", "Equipment"),
        )
    },
    "DetectCustomLabels": {"custom_labels": _names("CustomLabels")},
    "GetSegmentDetection": {
        "segments": _Items(
            f"Segments[*].{{Confidence: ShotSegment.Confidence || TechnicalCueSegment.Confidence, "
            f"{', '.join(f'{name}: {name}' for name in _SEGMENT)}}}",
            "Confidence",
            _SEGMENT,
        )
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
        table: sum(_rows(item, items, least) for item in _found(items.path, response))
        for table, items in _ITEMS[operation].items()
    }


def _found(path: str, response: Mapping[str, Any]) -> list[Row]:
    found = response.get(path) if path.isalpha() else _compiled(path).search(response)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


@cache
def _compiled(path: str) -> Any:
    return jmespath.compile(path)


def _rows(item: Row, items: _Items, least: float) -> int:
    score = item.get(items.score)
    if isinstance(score, _NUMBER) and _PERCENT[0] <= score <= _PERCENT[1] and score < least:
        return 0
    members = [item.get(member) for member in items.members]
    # By these, and by its absence, the API says that a name has no value.
    if None in members or "" in members or "NULL" in members:
        return 0
    return len(members[-1]) if members and isinstance(members[-1], list) else 1
