"""Reads lines of text by RapidOCR's bundled PP-OCRv4 models: Latin and Chinese script.

It often drops spaces.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from rapidocr_onnxruntime import RapidOCR

from local.aws.rekognition.pixels import Pixels

_MIN_CONFIDENCE = 80.0  # Rekognition's default for words
_MIN_CONFIDENCE_OF_ONE_CHARACTER = 97.0  # curves and logos are often mistaken for a single letter


def read_lines(image: Pixels) -> list[dict[str, Any]]:
    """Return lines from top to bottom: ``text``, ``confidence`` and ``polygon`` (four corners, clockwise)."""
    height, width = image.shape[:2]
    found, _ = _reader()(image, use_cls=False)
    lines = []
    for corners, text, score in found or []:
        text, confidence = text.strip(), float(score) * 100
        if confidence >= (_MIN_CONFIDENCE if len(text) > 1 else _MIN_CONFIDENCE_OF_ONE_CHARACTER) and text:
            polygon = [[min(max(x / width, 0.0), 1.0), min(max(y / height, 0.0), 1.0)] for x, y in corners]
            lines.append({"text": text, "confidence": confidence, "polygon": polygon})
    return lines


@cache
def _reader() -> RapidOCR:
    # "max" reduces large pictures and keeps small ones; the default enlarges all to 736 pixels.
    return RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1, det_limit_type="max")
