"""Rows of table ``custom_labels`` from DetectCustomLabels, whose response does not name its model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from include.normalize.members import JsonObject, box, findings, mapping, number, polygon, word
from include.normalize.normalizer_registry import TableRow, normalizes


@normalizes("DetectCustomLabels")
def image_custom_labels(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every label; one that is about the whole image has neither box nor outline."""
    for _, label in findings(pages, "CustomLabels"):
        geometry = mapping(label.get("Geometry"))
        yield (
            "custom_labels",
            {
                "model_version": None,
                "name": word(label.get("Name")),
                "confidence": number(label.get("Confidence")),
                **box(geometry.get("BoundingBox")),
                "polygon": polygon(geometry.get("Polygon")),
            },
        )
