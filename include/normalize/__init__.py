"""Normalize: archived responses of Rekognition become typed rows of the finding tables of :mod:`include.schemas`.

>>> page = {"Labels": [{"Name": "Dog", "Confidence": 98.5}], "LabelModelVersion": "3.0"}
>>> [(table, row["name"], row["confidence"]) for table, row in normalize("DetectLabels", [page])]
[('labels', 'Dog', 98.5)]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from include.normalize.faces import image_faces, video_faces
from include.normalize.labels import image_labels, video_labels
from include.normalize.members import count_unknown_members
from include.normalize.moderation import image_moderation, video_moderation
from include.normalize.segments import video_segments
from include.normalize.text import image_text, video_text
from include.schemas import TABLES

__all__ = ["NORMALIZERS", "UnknownOperation", "normalize"]

Row = dict[str, Any]
Normalizer = Callable[[Iterable[Mapping[str, Any]]], Iterator[tuple[str, Row]]]

NORMALIZERS: dict[str, Normalizer] = {
    "DetectLabels": image_labels,
    "DetectModerationLabels": image_moderation,
    "DetectText": image_text,
    "DetectFaces": image_faces,
    "GetLabelDetection": video_labels,
    "GetContentModeration": video_moderation,
    "GetTextDetection": video_text,
    "GetFaceDetection": video_faces,
    "GetSegmentDetection": video_segments,
}

_ADDED_BY_CALLER = ("media_id", "analysis_key")


class UnknownOperation(ValueError):
    """There is no normalizer for an operation."""


def normalize(
    operation: str, responses: Iterable[Mapping[str, Any]], oddities: Counter[str] | None = None
) -> Iterator[tuple[str, Row]]:
    """Yield ``(table, row)`` for every finding of one analysis, one page at a time.

    Rows have the columns of their table except ``media_id`` and ``analysis_key``. Members that are absent, null or of
    a wrong type give nulls; lists are never null.

    :param operation: API operation that gave the responses, such as ``DetectLabels``.
    :param responses: its response, or for a video job its pages in order.
    :param oddities: counts paths of members that the API does not document, such as ``Labels[].Instances[].HasVest``,
        and findings left out because a required column would be null, such as ``labels without name``.
    :raises UnknownOperation: at the call, not at the first row.
    """
    if operation not in NORMALIZERS:
        raise UnknownOperation(f"no normalizer for operation {operation!r}; known: {', '.join(NORMALIZERS)}")
    return _rows(operation, responses, Counter() if oddities is None else oddities)


def _rows(
    operation: str, responses: Iterable[Mapping[str, Any]], oddities: Counter[str]
) -> Iterator[tuple[str, Row]]:
    pages = count_unknown_members(operation, responses, oddities)
    for table, row in NORMALIZERS[operation](pages):
        absent = [name for name in _REQUIRED[table] if row[name] is None]
        if absent:
            oddities[f"{table} without {', '.join(absent)}"] += 1
        else:
            yield table, row


_REQUIRED = {
    table.name: [
        column.name for column in table.columns if column.required and column.name not in _ADDED_BY_CALLER
    ]
    for table in TABLES.values()
}
