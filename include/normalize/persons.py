"""Rows of table ``persons`` from GetPersonTracking, which AWS ended; responses that were archived are still read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from include.normalize.members import JsonObject, box, findings, mapping, number, whole


def video_persons(pages: Iterable[JsonObject]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a row for every person and time."""
    for _, item in findings(pages, "Persons"):
        person = mapping(item.get("Person"))
        face = mapping(person.get("Face"))
        yield (
            "persons",
            {
                "model_version": None,
                "timestamp_ms": whole(item.get("Timestamp")),
                "person_index": whole(person.get("Index")),
                **box(person.get("BoundingBox")),
                "face_confidence": number(face.get("Confidence")),
                **box(face.get("BoundingBox"), "face_box"),
            },
        )
