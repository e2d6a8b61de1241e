"""Writes what the text and face detectors saw in Rekognition's structures, for images and video frames."""

from __future__ import annotations

from itertools import count
from typing import Any

from local.aws.rekognition.label_taxonomy import bounding_box

TEXT_MODEL_VERSION = "local-1.0"


def face_details(faces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return ``FaceDetail`` structures, which are ``ComparedFace`` structures as well.

    They lack age, emotions, landmarks and other attributes, which the local Rekognition does not recognize.
    """
    return [
        {
            "BoundingBox": bounding_box(face["box"]),
            "Confidence": face["confidence"],
            "Quality": {"Brightness": face["brightness"], "Sharpness": face["sharpness"]},
        }
        for face in faces
    ]


def largest_faces(faces: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Return at most ``most`` faces of an image, the largest first."""
    return sorted(faces, key=lambda face: -face["box"][2] * face["box"][3])[:most]


def text_detections(lines: list[dict[str, Any]], params: dict[str, Any]) -> list[dict[str, Any]]:
    """Return ``TextDetection`` structures: the lines with their ids, then the words that refer to them.

    The recognizer only locates whole lines; a word gets its share of the line by number of characters.

    :param params: of the request. ``Filters`` apply to words; a line whose words are all filtered out goes
        too.
    """
    filters = params.get("Filters", {})
    kept = [(line, [word for word in _words(line) if _passes(word, filters)]) for line in lines]
    kept = [(line, words) for line, words in kept if words]
    ids = count(len(kept))
    detections = [_detection(line, "LINE", number) for number, (line, _) in enumerate(kept)]
    for parent, (_, words) in enumerate(kept):
        detections += [{**_detection(word, "WORD", next(ids)), "ParentId": parent} for word in words]
    return detections


def _words(line: dict[str, Any]) -> list[dict[str, Any]]:
    text, polygon = line["text"], line["polygon"]
    words, position = [], 0
    for word in text.split():
        start = text.index(word, position)
        position = start + len(word)
        words.append(
            {**line, "text": word, "polygon": _part(polygon, start / len(text), position / len(text))}
        )
    return words


def _part(polygon: list[list[float]], start: float, end: float) -> list[list[float]]:
    """Return a slice of a quadrilateral, cut along the direction of reading."""
    top_left, top_right, bottom_right, bottom_left = polygon
    return [
        _between(top_left, top_right, start),
        _between(top_left, top_right, end),
        _between(bottom_left, bottom_right, end),
        _between(bottom_left, bottom_right, start),
    ]


def _between(one: list[float], other: list[float], share: float) -> list[float]:
    return [one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share]


def _passes(word: dict[str, Any], filters: dict[str, Any]) -> bool:
    least = filters.get("WordFilter", {})
    box = _surrounding_box(word["polygon"])
    regions = [
        region["BoundingBox"] for region in filters.get("RegionsOfInterest", []) if "BoundingBox" in region
    ]
    return (
        word["confidence"] >= least.get("MinConfidence", 0)
        and box["Height"] >= least.get("MinBoundingBoxHeight", 0)
        and box["Width"] >= least.get("MinBoundingBoxWidth", 0)
        and (not regions or any(_holds(region, box) for region in regions))
    )


def _holds(region: dict[str, float], box: dict[str, float]) -> bool:
    """Return whether a box's center lies in a region of interest. A side that is not given is at the edge."""
    x, y = box["Left"] + box["Width"] / 2, box["Top"] + box["Height"] / 2
    left, top = region.get("Left", 0.0), region.get("Top", 0.0)
    return left <= x <= left + region.get("Width", 1.0) and top <= y <= top + region.get("Height", 1.0)


def _detection(part: dict[str, Any], kind: str, number: int) -> dict[str, Any]:
    return {
        "DetectedText": part["text"],
        "Type": kind,
        "Id": number,
        "Confidence": part["confidence"],
        "Geometry": {
            "BoundingBox": _surrounding_box(part["polygon"]),
            "Polygon": [{"X": x, "Y": y} for x, y in part["polygon"]],
        },
    }


def _surrounding_box(polygon: list[list[float]]) -> dict[str, float]:
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    return bounding_box([min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)])
