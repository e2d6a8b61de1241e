"""Rows of table ``face_matches`` from the operations that compare faces; one row per match.

``box_*`` is the face in the image or frame that was analyzed, ``matched_box_*`` the face that it was compared
with, in that face's own image. SearchFaces analyzes no image: it has no such box.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from include.normalize.members import JsonObject, box, mapping, number, objects, whole, word
from include.normalize.normalizer_registry import TableRow, normalizes
from include.store.objects import Row


@normalizes("SearchFaces", "SearchFacesByImage")
def collection_matches(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every face of a collection that SearchFacesByImage or SearchFaces found."""
    for page in pages:
        version = word(page.get("FaceModelVersion"))
        for match in objects(page.get("FaceMatches")):
            found = mapping(match.get("Face"))
            boxes = box(page.get("SearchedFaceBoundingBox")) | box(found.get("BoundingBox"), "matched_box")
            yield "face_matches", _row(match, boxes, version)


@normalizes("CompareFaces")
def compared_faces(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every face of the target image that matches the face of the source image."""
    for page in pages:
        source = mapping(page.get("SourceImageFace"))
        for match in objects(page.get("FaceMatches")):
            target = mapping(match.get("Face"))
            boxes = box(target.get("BoundingBox")) | box(source.get("BoundingBox"), "matched_box")
            yield "face_matches", _row(match, boxes)


@normalizes("GetFaceSearch")
def video_matches(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every time, person and face of the collection; persons without a match have none."""
    for page in pages:
        for item in objects(page.get("Persons")):
            person = mapping(item.get("Person"))
            seen = mapping(person.get("Face")).get("BoundingBox") or person.get("BoundingBox")
            for match in objects(item.get("FaceMatches")):
                found = mapping(match.get("Face"))
                boxes = box(seen) | box(found.get("BoundingBox"), "matched_box")
                timestamp_ms, index = whole(item.get("Timestamp")), whole(person.get("Index"))
                yield "face_matches", _row(match, boxes, None, timestamp_ms, index)


def _row(
    match: JsonObject,
    boxes: dict[str, float | None],
    version: str | None = None,
    timestamp_ms: int | None = None,
    person_index: int | None = None,
) -> Row:
    face = mapping(match.get("Face"))
    return {
        "model_version": version,
        "timestamp_ms": timestamp_ms,
        "person_index": person_index,
        "similarity": number(match.get("Similarity")),
        "face_id": word(face.get("FaceId")),
        "external_image_id": word(face.get("ExternalImageId")),
        "image_id": word(face.get("ImageId")),
        "confidence": number(face.get("Confidence")),
        **boxes,
    }
