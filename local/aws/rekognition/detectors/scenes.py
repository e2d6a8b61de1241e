"""Recognizes three scenes by color alone: sky, vegetation and night.

Thresholds are strict: color, brightness, position in the frame and texture must all fit.
"""

from __future__ import annotations

import cv2
import numpy as np

from local.aws.rekognition.pixels import Pixels, shrink

_SIDE = 320
_SMOOTH = 6.0  # mean absolute Laplacian of gray levels: sky is below it, leaves are above it
_LEAST = 60.0  # percent


def recognize_scenes(image: Pixels) -> dict[str, float]:
    """Return the confidence of each scene found: ``Sky``, ``Vegetation``, ``Night``."""
    small = shrink(image, _SIDE)
    hsv = cv2.cvtColor(small, cv2.COLOR_BGR2HSV)
    hue, saturation, value = hsv[:, :, 0], hsv[:, :, 1], hsv[:, :, 2]
    texture = cv2.blur(np.abs(cv2.Laplacian(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), cv2.CV_32F)), (9, 9))
    scenes = {
        "Sky": _sky(hue, saturation, value, texture),
        "Vegetation": _vegetation(hue, saturation, value, texture),
        "Night": _night(value),
    }
    return {name: min(confidence, 99.0) for name, confidence in scenes.items() if confidence >= _LEAST}


def _sky(hue: Pixels, saturation: Pixels, value: Pixels, texture: Pixels) -> float:
    """Blue and smooth, over nearly the whole upper edge and reaching down from it."""
    blue = (hue > 90) & (hue < 125) & (saturation > 40) & (value > 40) & (texture < _SMOOTH)
    edge = blue[: max(1, len(blue) // 10)].mean()
    upper = blue[: len(blue) // 3].mean()
    return float(upper) * 100 if edge > 0.6 else 0.0


def _vegetation(hue: Pixels, saturation: Pixels, value: Pixels, texture: Pixels) -> float:
    """Green with the fine texture of leaves or grass, on at least three tenths of the frame."""
    green = (hue > 25) & (hue < 85) & (saturation > 50) & (value > 30) & (texture > _SMOOTH)
    return float(green.mean()) * 200


def _night(value: Pixels) -> float:
    """Dark, with few bright lights: most pixels dim, some not, none of it plain black."""
    dim, lit = float((value < 100).mean()), float((value > 180).mean())
    black = float((value < 8).mean())
    return dim * 100 if dim > 0.7 and 0.001 < lit < 0.1 and black < 0.5 else 0.0
