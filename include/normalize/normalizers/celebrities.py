"""Rows of table ``celebrities`` from RecognizeCelebrities and GetCelebrityRecognition.

Neither response names its model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from include.normalize.members import JsonObject, box, findings, mapping, number, whole, word, words
from include.normalize.normalizer_registry import TableRow, normalizes
from include.store.objects import Row


@normalizes("RecognizeCelebrities")
def image_celebrities(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every well-known person of an image; its confidence is that of the match."""
    for _, person in findings(pages, "CelebrityFaces"):
        yield "celebrities", _row(person, None, person.get("MatchConfidence"), None)


@normalizes("GetCelebrityRecognition")
def video_celebrities(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every well-known person and time; only here is there a box of the body."""
    for _, item in findings(pages, "Celebrities"):
        person = mapping(item.get("Celebrity"))
        timestamp_ms = whole(item.get("Timestamp"))
        yield "celebrities", _row(person, timestamp_ms, person.get("Confidence"), person.get("BoundingBox"))


def _row(person: JsonObject, timestamp_ms: int | None, confidence: Any, body_box: Any) -> Row:
    face = mapping(person.get("Face"))
    return {
        "model_version": None,
        "timestamp_ms": timestamp_ms,
        "celebrity_id": word(person.get("Id")),
        "name": word(person.get("Name")),
        "confidence": number(confidence),
        "urls": words(person.get("Urls")),
        "known_gender": word(mapping(person.get("KnownGender")).get("Type")),
        "face_confidence": number(face.get("Confidence")),
        **box(face.get("BoundingBox")),
        **box(body_box, "body_box"),
    }
