"""Detectors: each takes the pixels of one picture and returns plain data, without knowing the API.

Boxes are ``[left, top, width, height]`` and points ``[x, y]``, as ratios of the frame; confidences are
percentages. The same pixels give the same evidence. One entry in ``DETECTORS`` adds a detector.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from typing import Any

import cv2

from local.aws.rekognition.detectors.colors import measure_colors
from local.aws.rekognition.detectors.face_detector import find_faces
from local.aws.rekognition.detectors.nudity_detector import score_nudity
from local.aws.rekognition.detectors.object_detector import find_objects
from local.aws.rekognition.detectors.scenes import recognize_scenes
from local.aws.rekognition.detectors.subject_classifier import classify_subject
from local.aws.rekognition.detectors.text_reader import read_lines
from local.aws.rekognition.pixels import Pixels, decode

Evidence = dict[str, Any]  # detector -> what it saw

DETECTORS: dict[str, Callable[[Pixels], Any]] = {
    "faces": find_faces,
    "text": read_lines,
    "scenes": recognize_scenes,
    "colors": measure_colors,
    "objects": find_objects,
    "subject": classify_subject,
    "nudity": score_nudity,
}

cv2.setNumThreads(1)  # parallelism comes from processes


def examine(image: Pixels, detectors: Iterable[str]) -> Evidence:
    """Run detectors on a picture."""
    return {name: DETECTORS[name](image) for name in detectors}


def examine_image(data: bytes, detectors: Iterable[str]) -> Evidence:
    """Decode an image and run detectors on it.

    :raises ServiceError: InvalidImageFormatException if the data is damaged.
    """
    evidence = examine(decode(data), detectors)
    _give_back_memory()
    return evidence


def _give_back_memory() -> None:
    """Return freed memory to the system: otherwise that of text recognition adds to that of a large image."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only
    if trim is not None:
        trim(0)
