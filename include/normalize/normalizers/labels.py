"""Rows of table ``labels`` from DetectLabels and GetLabelDetection, and image properties of DetectLabels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from include.normalize.members import JsonObject, box, findings, mapping, names, number, objects, whole, word
from include.normalize.normalizer_registry import TableRow, normalizes
from include.normalize.normalizers.image_properties import image_properties
from include.store.objects import Row


@normalizes("DetectLabels")
def image_labels(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every label of an image, and those of its properties."""
    for page in pages:
        version = word(page.get("LabelModelVersion"))
        for label in objects(page.get("Labels")):
            yield "labels", _row(label, {}, version)
        yield from image_properties(page, version)


@normalizes("GetLabelDetection")
def video_labels(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every label and time (aggregation TIMESTAMPS) or span (SEGMENTS)."""
    for version, item in findings(pages, "Labels", "LabelModelVersion"):
        yield "labels", _row(mapping(item.get("Label")), item, version)


def _row(label: JsonObject, time: JsonObject, version: str | None) -> Row:
    instances = [
        {**box(instance.get("BoundingBox")), "confidence": number(instance.get("Confidence"))}
        for instance in objects(label.get("Instances"))
    ]
    return {
        "model_version": version,
        "timestamp_ms": whole(time.get("Timestamp")),
        "start_ms": whole(time.get("StartTimestampMillis")),
        "end_ms": whole(time.get("EndTimestampMillis")),
        "name": word(label.get("Name")),
        "confidence": number(label.get("Confidence")),
        "parents": names(label.get("Parents")),
        "aliases": names(label.get("Aliases")),
        "categories": names(label.get("Categories")),
        "instance_count": len(instances),
        "instances": instances,
    }
