"""Finds frontal faces by two of OpenCV's cascades that must agree.

Each cascade alone reports faces in foliage, engines and blueberries. The two were trained differently and
rarely make the same mistake. The price: it misses profiles, and faces that are tilted, covered or small
(below about 4 % of the longer side).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from local.aws.rekognition.detectors.face_descriptors import Box, cut_patch
from local.aws.rekognition.pixels import Pixels, shrink

_CASCADES = Path(cv2.__file__).parent / "data"
_SIDE = 960
_MIN_NEIGHBORS = 3
_MIN_SUPPORT = 18  # overlapping hits of both cascades together; accidental agreement stays below 15
_MIN_OVERLAP = 0.5  # intersection over union of what the cascades report
_FULL_SUPPORT = 20.0  # overlapping hits at which confidence has risen two thirds of the way from 50 to 100


def find_faces(image: Pixels) -> list[dict[str, Any]]:
    """Return faces from left to right.

    Each has ``box``, ``confidence``, ``brightness`` and ``sharpness`` (0-100), and the ``patch`` by which
    :mod:`.face_descriptors` compares it. Confidence grows with the number of overlapping hits of both
        cascades; it is not a probability.
    """
    gray = cv2.cvtColor(shrink(image, _SIDE), cv2.COLOR_BGR2GRAY)
    height, width = gray.shape
    faces = []
    for box, support in _detect("alt2", gray):
        confirmation = _confirm(gray, box)
        if confirmation and support + confirmation >= _MIN_SUPPORT:
            left, top, box_width, box_height = box
            patch = gray[top : top + box_height, left : left + box_width]
            faces.append(
                {
                    "box": [left / width, top / height, box_width / width, box_height / height],
                    "confidence": 100 - 50 * math.exp(-(support + confirmation) / _FULL_SUPPORT),
                    "brightness": float(patch.mean()) / 2.55,
                    "sharpness": min(100.0, float(cv2.Laplacian(patch, cv2.CV_64F).std()) * 1.5),
                    "patch": cut_patch(gray, box),
                }
            )
    return sorted(faces, key=lambda face: face["box"])


def _confirm(gray: Pixels, box: Box) -> int:
    """Return the second cascade's support for a face, 0 for none. It searches only around the face."""
    left, top, width, height = box
    x, y = max(0, left - width // 2), max(0, top - height // 2)
    surroundings = gray[y : top + height + height // 2, x : left + width + width // 2]
    here = (left - x, top - y, width, height)
    return max(
        (
            support
            for other, support in _detect("default", surroundings)
            if overlap(here, other) >= _MIN_OVERLAP
        ),
        default=0,
    )


def _detect(cascade: str, gray: Pixels) -> list[tuple[Box, int]]:
    side = max(24, min(gray.shape) // 20)
    boxes, support = _cascade(cascade).detectMultiScale2(gray, 1.1, _MIN_NEIGHBORS, minSize=(side, side))
    found = zip(np.reshape(boxes, (-1, 4)).tolist(), np.ravel(support).tolist(), strict=True)
    return [((left, top, width, height), count) for (left, top, width, height), count in found]


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the intersection over union of two boxes."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


@cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(_CASCADES / f"haarcascade_frontalface_{name}.xml"))
