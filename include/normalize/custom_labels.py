"""Rows of table ``custom_labels`` from DetectCustomLabels, whose response does not say which model gave it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from include.normalize.members import JsonObject, box, findings, mapping, number, polygon, word


def image_custom_labels(pages: Iterable[JsonObject]) -> Iterator[tuple[str, dict[str, Any]]]:
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
