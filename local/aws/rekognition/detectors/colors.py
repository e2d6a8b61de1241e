"""Measures the dominant colors and the quality of a picture."""

from __future__ import annotations

import colorsys
from typing import Any

import cv2
import numpy as np
from PIL import ImageColor

from local.aws.rekognition.pixels import Pixels, shrink

_SIDE = 160
_CLUSTERS = 10

_HUES = (  # upper bound in degrees, simplified color
    (15, "red"),
    (45, "orange"),
    (70, "yellow"),
    (160, "green"),
    (195, "cyan"),
    (255, "blue"),
    (300, "purple"),
    (345, "pink"),
    (360, "red"),
)
_CSS_COLORS = {name: ImageColor.getrgb(name)[:3] for name in sorted(ImageColor.colormap)}


def measure_colors(image: Pixels) -> dict[str, Any]:
    """Return ``brightness``, ``sharpness``, ``contrast`` (0-100), and ``dominant`` colors by frequency.

    A dominant color is ``{"rgb": [r, g, b], "css": name, "simplified": name, "percent": of the pixels}``.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return {
        "brightness": float(gray.mean()) / 2.55,
        "sharpness": min(100.0, float(cv2.Laplacian(gray, cv2.CV_64F).std()) * 1.5),
        "contrast": min(100.0, float(gray.std()) / 1.275),
        "dominant": _dominant(shrink(image, _SIDE)),
    }


def _dominant(image: Pixels) -> list[dict[str, Any]]:
    pixels = image.reshape(-1, 3)[:, ::-1].astype(np.float32)
    clusters = min(_CLUSTERS, len(np.unique(pixels, axis=0)))
    cv2.setRNGSeed(0)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 1.0)
    unlabeled = np.zeros((len(pixels), 1), np.int32)
    _, labels, centers = cv2.kmeans(pixels, clusters, unlabeled, criteria, 1, cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(labels.ravel(), minlength=clusters) / len(pixels) * 100
    order = np.argsort(-shares, kind="stable")
    dominant = []
    for index in order:
        rgb = [int(part) for part in centers[index]]
        dominant.append(
            {"rgb": rgb, "css": _css(rgb), "simplified": _simplified(rgb), "percent": float(shares[index])}
        )
    return dominant


def _simplified(rgb: list[int]) -> str:
    """Return one of Rekognition's twelve simplified colors."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in rgb))
    if value < 0.2:
        return "black"
    if saturation < 0.15:
        return "white" if value > 0.85 else "grey"
    name = next(name for bound, name in _HUES if hue * 360 <= bound)
    return "brown" if name == "orange" and value < 0.65 else name


def _css(rgb: list[int]) -> str:
    """Return the nearest CSS color."""
    return min(
        _CSS_COLORS,
        key=lambda name: sum((one - other) ** 2 for one, other in zip(_CSS_COLORS[name], rgb, strict=True)),
    )
