"""Rows of table ``persons`` from archived responses of GetPersonTracking, which AWS ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from include.normalize.members import JsonObject, box, findings, mapping, number, whole
from include.normalize.normalizer_registry import TableRow, normalizes


@normalizes("GetPersonTracking")
def video_persons(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
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
