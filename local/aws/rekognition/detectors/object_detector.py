"""Finds objects of COCO's 80 classes, with boxes, by SSD MobileNet v2 of TensorFlow's model zoo."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import cv2

from local.aws.rekognition.detectors.face_detector import overlap
from local.aws.rekognition.model_files import OBJECT_GRAPH, OBJECT_LAYERS, load
from local.aws.rekognition.pixels import Pixels

_SIDE = 300  # pixels; what the network was trained with
_LEAST_SCORE = 0.3
_SAME_OBJECT = 0.6  # intersection over union of boxes of different classes


def find_objects(image: Pixels) -> list[dict[str, Any]]:
    """Return objects, the surest first: ``coco_class`` (of COCO's 91 ids), ``confidence`` and ``box``.

    The network may put several classes on one object; only the surest is kept.
    """
    network = _network()
    if network is None:
        return []
    network.setInput(cv2.dnn.blobFromImage(image, size=(_SIDE, _SIDE), swapRB=True))
    found = [_object(row) for row in network.forward()[0, 0].tolist() if row[2] >= _LEAST_SCORE]
    kept: list[dict[str, Any]] = []
    for one in sorted(found, key=lambda item: (-item["confidence"], item["coco_class"], item["box"])):
        if not any(_is_same_object(one, other) for other in kept):
            kept.append(one)
    return kept


def _object(row: list[float]) -> dict[str, Any]:
    _, coco_class, score, *corners = row
    left, top, right, bottom = (round(min(max(ratio, 0.0), 1.0), 4) for ratio in corners)
    return {
        "coco_class": int(coco_class),
        "confidence": round(min(score, 1.0) * 100, 2),
        "box": [left, top, round(right - left, 4), round(bottom - top, 4)],
    }


def _is_same_object(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one["coco_class"] != other["coco_class"] and overlap(one["box"], other["box"]) > _SAME_OBJECT


@cache
def _network() -> cv2.dnn.Net | None:
    return load("objects", _open, OBJECT_GRAPH, OBJECT_LAYERS)


def _open(graph: Path, layers: Path) -> cv2.dnn.Net:
    return cv2.dnn.readNetFromTensorflow(str(graph), str(layers))
