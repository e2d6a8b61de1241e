"""Rows of table ``texts`` from DetectText and GetTextDetection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from include.normalize.members import JsonObject, box, findings, mapping, number, polygon, text, whole, word
from include.normalize.normalizer_registry import TableRow, normalizes
from include.store.objects import Row


@normalizes("DetectText")
def image_text(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every line and word of an image."""
    for version, detection in findings(pages, "TextDetections", "TextModelVersion"):
        yield "texts", _row(detection, None, version)


@normalizes("GetTextDetection")
def video_text(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every line and word of every frame."""
    for version, item in findings(pages, "TextDetections", "TextModelVersion"):
        yield "texts", _row(mapping(item.get("TextDetection")), whole(item.get("Timestamp")), version)


def _row(detection: JsonObject, timestamp_ms: int | None, version: str | None) -> Row:
    geometry = mapping(detection.get("Geometry"))
    return {
        "model_version": version,
        "timestamp_ms": timestamp_ms,
        "text": text(detection.get("DetectedText")),
        "type": word(detection.get("Type")),
        "text_id": whole(detection.get("Id")),
        "parent_id": whole(detection.get("ParentId")),
        "confidence": number(detection.get("Confidence")),
        **box(geometry.get("BoundingBox")),
        "polygon": polygon(geometry.get("Polygon")),
    }
