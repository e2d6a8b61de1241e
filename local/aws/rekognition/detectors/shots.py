"""Finds cuts, runs of black frames and runs of color bars in one pass over a video's frames.

It does not find dissolves and wipes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from local.aws.rekognition.detectors.bars import color_bars_confidence
from local.aws.rekognition.pixels import Pixels

FRAME_SIZE = (128, 72)  # width, height that frames are given in

_MIN_DIFFERENCE = 18.0  # mean absolute difference of gray levels across a cut
_MIN_DISTANCE = 0.35  # Bhattacharyya distance of color histograms across a cut
_MIN_SURGE = 3.0  # times the usual difference between the frames before: quick motion is not a cut
_MIN_CUE_FRAMES = 2


@dataclass(frozen=True)
class Run:
    """Frames from ``first`` to ``last`` (counted from 0, both included), with a confidence in percent."""

    first: int
    last: int
    confidence: float


@dataclass
class ShotFinder:
    """Takes every frame in order, and finds shots and runs.

    :param max_black: luminance (0-255) up to which a pixel is black.
    :param min_coverage: percentage of black pixels from which a frame is black.
    """

    max_black: float
    min_coverage: float
    frames: int = 0
    _cuts: list[tuple[int, float]] = field(default_factory=list)
    _black: list[tuple[int, float]] = field(default_factory=list)
    _bars: list[tuple[int, float]] = field(default_factory=list)
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=8))
    _previous: Pixels | None = None
    _previous_histogram: NDArray[Any] | None = None

    def add(self, frame: Pixels) -> None:
        """Take the next frame."""
        histogram = _histogram(frame)
        if self._previous is not None and self._previous_histogram is not None:
            difference = float(cv2.absdiff(frame, self._previous).mean())
            distance = cv2.compareHist(self._previous_histogram, histogram, cv2.HISTCMP_BHATTACHARYYA)
            usual = float(np.mean(self._recent)) if self._recent else 0.0
            if difference >= max(_MIN_DIFFERENCE, _MIN_SURGE * usual) and distance >= _MIN_DISTANCE:
                self._cuts.append((self.frames, min(99.9, 50 + 50 * distance)))
            self._recent.append(difference)
        coverage = float((_luminance(frame) <= self.max_black).mean()) * 100
        if coverage >= self.min_coverage:
            self._black.append((self.frames, coverage))
        bars = color_bars_confidence(frame)
        if bars is not None:
            self._bars.append((self.frames, bars))
        self._previous, self._previous_histogram = frame, histogram
        self.frames += 1

    def shots(self) -> list[Run]:
        """Return the shots so far. They cover every frame; their confidence is that of the clearer cut."""
        starts = [0, *(frame for frame, _ in self._cuts)]
        ends = [*(frame - 1 for frame, _ in self._cuts), self.frames - 1]
        sure = [0.0, *(confidence for _, confidence in self._cuts), 0.0]
        if self.frames == 0:
            return []
        if not self._cuts:
            return [Run(0, self.frames - 1, 99.9)]
        return [
            Run(first, last, max(before, after))
            for first, last, before, after in zip(starts, ends, sure, sure[1:], strict=False)
        ]

    def black_runs(self) -> list[Run]:
        """Return the runs of at least two black frames."""
        return _runs(self._black)

    def bar_runs(self) -> list[Run]:
        """Return the runs of at least two frames of color bars."""
        return _runs(self._bars)


def _runs(frames: list[tuple[int, float]]) -> list[Run]:
    """Join neighboring frames, given with their confidences."""
    runs: list[list[tuple[int, float]]] = []
    for frame, confidence in frames:
        if runs and runs[-1][-1][0] == frame - 1:
            runs[-1].append((frame, confidence))
        else:
            runs.append([(frame, confidence)])
    return [
        Run(run[0][0], run[-1][0], float(np.mean([confidence for _, confidence in run])))
        for run in runs
        if len(run) >= _MIN_CUE_FRAMES
    ]


def _histogram(frame: Pixels) -> NDArray[Any]:
    hsv = cv2.cvtColor(frame, cv2.COLOR_BGR2HSV)
    histogram = cv2.calcHist([hsv], [0, 1, 2], None, [16, 4, 4], [0, 180, 0, 256, 0, 256])
    normalized: NDArray[Any] = cv2.normalize(histogram, histogram, 1, 0, cv2.NORM_L1)
    return normalized


def _luminance(frame: Pixels) -> NDArray[Any]:
    """Return the BT.709 luminance, 0-255."""
    luminance: NDArray[Any] = frame @ np.array([0.0722, 0.7152, 0.2126])
    return luminance
