"""Normalize: archived responses of Rekognition become typed rows of the finding tables of :mod:`include.core.schemas`.

>>> page = {"Labels": [{"Name": "Dog", "Confidence": 98.5}], "LabelModelVersion": "3.0"}
>>> [(table, row["name"], row["confidence"]) for table, row in normalize("DetectLabels", [page])]
[('labels', 'Dog', 98.5)]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from include.core.errors import TerminalError
from include.normalize.celebrities import image_celebrities, video_celebrities
from include.normalize.custom_labels import image_custom_labels
from include.normalize.face_matches import collection_matches, compared_faces, video_matches
from include.normalize.faces import image_faces, indexed_faces, video_faces
from include.normalize.labels import image_labels, video_labels
from include.normalize.limits import fit
from include.normalize.members import count_unknown_members
from include.normalize.moderation import bulk_moderation, image_moderation, video_moderation
from include.normalize.persons import video_persons
from include.normalize.protective_equipment import image_protective_equipment
from include.normalize.segments import video_segments
from include.normalize.text import image_text, video_text

__all__ = ["NORMALIZERS", "UnknownOperationError", "normalize"]

Row = dict[str, Any]
Normalizer = Callable[[Iterable[Mapping[str, Any]]], Iterator[tuple[str, Row]]]

NORMALIZERS: dict[str, Normalizer] = {
    "DetectLabels": image_labels,
    "DetectModerationLabels": image_moderation,
    "DetectText": image_text,
    "DetectFaces": image_faces,
    "IndexFaces": indexed_faces,
    "RecognizeCelebrities": image_celebrities,
    "CompareFaces": compared_faces,
    "SearchFaces": collection_matches,
    "SearchFacesByImage": collection_matches,
    "DetectProtectiveEquipment": image_protective_equipment,
    "DetectCustomLabels": image_custom_labels,
    "GetLabelDetection": video_labels,
    "GetContentModeration": video_moderation,
    "GetTextDetection": video_text,
    "GetFaceDetection": video_faces,
    "GetCelebrityRecognition": video_celebrities,
    "GetFaceSearch": video_matches,
    "GetPersonTracking": video_persons,
    "GetSegmentDetection": video_segments,
    "GetMediaAnalysisJob": bulk_moderation,
}


class UnknownOperationError(TerminalError, ValueError):
    """There is no normalizer for an operation."""


def normalize(
    operation: str, responses: Iterable[Mapping[str, Any]], anomalies: Counter[str] | None = None
) -> Iterator[tuple[str, Row]]:
    """Yield ``(table, row)`` for every finding of one analysis, one page at a time.

    Rows have the columns of their table except ``media_id`` and ``analysis_key``, and fit its schema. Members that are
    absent, null, of a wrong type or outside the column's limits give nulls; lists are never null.

    :param operation: API operation that gave the responses, such as ``DetectLabels``.
    :param responses: its response, or for a video job its pages in order; for GetMediaAnalysisJob the lines of its
        results manifest.
    :param anomalies: counts paths of members that the API does not document, such as ``Labels[].Instances[].HasVest``,
        values outside a column's limits, such as ``texts with type out of range``, and findings left out because a
        required column would be null, such as ``labels without name``.
    :raises UnknownOperationError: at the call, not at the first row.
    """
    if operation not in NORMALIZERS:
        raise UnknownOperationError(
            f"no normalizer for operation {operation!r}; known: {', '.join(NORMALIZERS)}"
        )
    return _rows(operation, responses, Counter() if anomalies is None else anomalies)


def _rows(
    operation: str, responses: Iterable[Mapping[str, Any]], anomalies: Counter[str]
) -> Iterator[tuple[str, Row]]:
    pages = count_unknown_members(operation, responses, anomalies)
    for table, row in NORMALIZERS[operation](pages):
        if fit(table, row, anomalies):
            yield table, row
