"""Rows of table ``faces`` from DetectFaces, IndexFaces and GetFaceDetection.

Only IndexFaces names its model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from include.normalize.members import JsonObject, box, findings, mapping, number, objects, truth, whole, word
from include.normalize.normalizer_registry import TableRow, normalizes
from include.store.objects import Row

_ATTRIBUTES = {
    "smile": "Smile",
    "eyeglasses": "Eyeglasses",
    "sunglasses": "Sunglasses",
    "beard": "Beard",
    "mustache": "Mustache",
    "eyes_open": "EyesOpen",
    "mouth_open": "MouthOpen",
    "face_occluded": "FaceOccluded",
}


@normalizes("DetectFaces")
def image_faces(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every face of an image, numbered in the order of the response."""
    for page in pages:
        for index, face in enumerate(objects(page.get("FaceDetails"))):
            yield "faces", _row(face, None, index)


@normalizes("IndexFaces")
def indexed_faces(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every face of an image that went into a collection; faces left out of it have none."""
    for page in pages:
        version = word(page.get("FaceModelVersion"))
        for index, record in enumerate(objects(page.get("FaceRecords"))):
            yield "faces", _row(mapping(record.get("FaceDetail")), None, index, version)


@normalizes("GetFaceDetection")
def video_faces(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every face of every frame, numbered within its frame.

    A page may end inside a frame. The API sorts faces by time, so only the last time has to be remembered.
    """
    index, last = 0, None
    for _, item in findings(pages, "Faces"):
        timestamp_ms = whole(item.get("Timestamp"))
        index = index + 1 if timestamp_ms == last and timestamp_ms is not None else 0
        last = timestamp_ms
        yield "faces", _row(mapping(item.get("Face")), timestamp_ms, index)


def _row(face: JsonObject, timestamp_ms: int | None, index: int, version: str | None = None) -> Row:
    pose, quality = mapping(face.get("Pose")), mapping(face.get("Quality"))
    ages, gender = mapping(face.get("AgeRange")), mapping(face.get("Gender"))
    emotions = [
        {"type": word(emotion.get("Type")), "confidence": number(emotion.get("Confidence"))}
        for emotion in objects(face.get("Emotions"))
    ]
    return {
        "model_version": version,
        "timestamp_ms": timestamp_ms,
        "face_index": index,
        "confidence": number(face.get("Confidence")),
        **box(face.get("BoundingBox")),
        "pose_roll": number(pose.get("Roll")),
        "pose_yaw": number(pose.get("Yaw")),
        "pose_pitch": number(pose.get("Pitch")),
        "brightness": number(quality.get("Brightness")),
        "sharpness": number(quality.get("Sharpness")),
        "age_low": whole(ages.get("Low")),
        "age_high": whole(ages.get("High")),
        "gender": word(gender.get("Value")),
        "gender_confidence": number(gender.get("Confidence")),
        **_attributes(face),
        "dominant_emotion": _dominant(emotions),
        "emotions": emotions,
    }


def _attributes(face: JsonObject) -> dict[str, bool | float | None]:
    columns: dict[str, bool | float | None] = {}
    for name, member in _ATTRIBUTES.items():
        attribute = mapping(face.get(member))
        columns[name] = truth(attribute.get("Value"))
        columns[f"{name}_confidence"] = number(attribute.get("Confidence"))
    return columns


def _dominant(emotions: list[Row]) -> str | None:
    rated = [emotion for emotion in emotions if emotion["confidence"] is not None]
    return max(rated, key=lambda emotion: emotion["confidence"])["type"] if rated else None
