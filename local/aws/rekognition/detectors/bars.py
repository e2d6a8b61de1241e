"""Finds the color bars of a test signal (SMPTE, SMPTE HD or EBU) in one frame.

All of them have seven bars of equal width in the upper half of the picture: white or gray, yellow, cyan,
green, magenta, red, blue. A frame shows color bars if it has each of them in this order, in an even color
from top to bottom.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from local.aws.rekognition.pixels import Pixels

_ROWS = (0.08, 0.54)  # from and to which share of the height every kind of test signal has its bars
_MAX_SPREAD = 8.0  # standard deviation of the levels of one column in these rows
_MIN_SATURATION, _MAX_GRAY_SATURATION = 0.6, 0.2
_MIN_VALUE = 0.4
_HUE_TOLERANCE = 20.0  # degrees; videos that name no color matrix are off by up to 12
_MIN_WIDTH, _MAX_WIDTH = 0.7, 1.3  # relative to the median width of the bars
_MAX_GAP = 4  # columns of blurred edge between two bars
_MIN_COLUMNS = 4

_GRAY = -1
_NOTHING = -2
_HUES = np.array((60.0, 180.0, 120.0, 300.0, 0.0, 240.0))  # yellow, cyan, green, magenta, red, blue
_SEQUENCE = (_GRAY, *range(len(_HUES)))


def color_bars_confidence(frame: Pixels) -> float | None:
    """Return the confidence (50-100) that a frame shows color bars, or None if it does not.

    Bars of different widths and hues that are off lower it.

    :param frame: at least about 100 pixels wide; it is not scaled here.
    """
    top, bottom = (round(len(frame) * share) for share in _ROWS)
    rows = frame[top:bottom]
    colors = rows.mean(axis=0, dtype=np.float32)
    kinds, errors = _classify(colors)
    kinds[rows.std(axis=0).max(axis=1) > _MAX_SPREAD] = _NOTHING
    runs = _runs(kinds)
    for first in range(len(runs) - len(_SEQUENCE) + 1):
        bars = runs[first : first + len(_SEQUENCE)]
        if tuple(kind for kind, _, _ in bars) == _SEQUENCE and _are_even(bars):
            return _confidence(bars, errors)
    return None


def _classify(colors: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return which bar's color each column has, and by how many degrees its hue is off."""
    hsv = cv2.cvtColor(colors[None] / np.float32(255), cv2.COLOR_BGR2HSV)[0]
    hue, saturation, value = hsv[:, 0], hsv[:, 1], hsv[:, 2]
    distances = np.abs((hue[:, None] - _HUES + 180) % 360 - 180)
    nearest, error = distances.argmin(axis=1), distances.min(axis=1)
    colored = (saturation >= _MIN_SATURATION) & (value >= _MIN_VALUE) & (error <= _HUE_TOLERANCE)
    gray = (saturation <= _MAX_GRAY_SATURATION) & (value >= _MIN_VALUE)
    return np.where(colored, nearest, np.where(gray, _GRAY, _NOTHING)), error


def _runs(kinds: NDArray[Any]) -> list[tuple[int, int, int]]:
    """Return ``(kind, first, last)`` of neighboring columns of one color, without blurred edges."""
    runs = []
    for kind, group in groupby(range(len(kinds)), key=lambda column: int(kinds[column])):
        columns = list(group)
        if kind != _NOTHING and len(columns) >= _MIN_COLUMNS:
            runs.append((kind, columns[0], columns[-1]))
    return runs


def _are_even(bars: list[tuple[int, int, int]]) -> bool:
    """Return whether the bars touch and have one width; the gray one may be wider, as in SMPTE HD."""
    widths = [last - first + 1 for _, first, last in bars]
    usual = float(np.median(widths[1:]))
    gaps = [after[1] - before[2] - 1 for before, after in pairwise(bars)]
    return (
        max(gaps) <= _MAX_GAP
        and widths[0] >= _MIN_WIDTH * usual
        and all(_MIN_WIDTH * usual <= width <= _MAX_WIDTH * usual for width in widths[1:])
    )


def _confidence(bars: list[tuple[int, int, int]], errors: NDArray[Any]) -> float:
    widths = np.array([last - first + 1 for _, first, last in bars[1:]])
    uneven = float(widths.std() / widths.mean())
    off = float(np.mean([errors[first : last + 1].mean() for _, first, last in bars[1:]]))
    return max(50.0, 99.9 - 50 * uneven - off)
