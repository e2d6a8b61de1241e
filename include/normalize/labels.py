"""Rows of table ``labels`` from DetectLabels and GetLabelDetection, and what else DetectLabels may be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from include.normalize.image_properties import image_properties
from include.normalize.members import JsonObject, box, findings, mapping, names, number, objects, whole, word


def image_labels(pages: Iterable[JsonObject]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a row for every label of an image, and those of its properties."""
    for page in pages:
        version = word(page.get("LabelModelVersion"))
        for label in objects(page.get("Labels")):
            yield "labels", _row(label, {}, version)
        yield from image_properties(page, version)


def video_labels(pages: Iterable[JsonObject]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a row for every label and time (aggregation TIMESTAMPS) or span (SEGMENTS)."""
    for version, item in findings(pages, "Labels", "LabelModelVersion"):
        yield "labels", _row(mapping(item.get("Label")), item, version)


def _row(label: JsonObject, time: JsonObject, version: str | None) -> dict[str, Any]:
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
