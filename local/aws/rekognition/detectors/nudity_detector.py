"""Scores how likely a picture shows nudity or sexual acts, by Yahoo's Open NSFW."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from local.aws.rekognition.model_files import NUDITY_NETWORK, load
from local.aws.rekognition.pixels import Pixels

_SIDE, _CENTER = 256, 224  # pixels
_MEAN = np.array((104, 117, 123), np.float32)  # blue, green, red of the pictures it was trained with


def score_nudity(image: Pixels) -> float | None:
    """Return the network's score from 0 to 1, in thousandths; None without the model."""
    session = _session()
    if session is None:
        return None
    margin = (_SIDE - _CENTER) // 2
    small = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_LINEAR)
    center = small[margin : margin + _CENTER, margin : margin + _CENTER] - _MEAN
    scores = session.run(None, {session.get_inputs()[0].name: center[None]})[0]
    return round(float(scores[0, 1]), 3)


@cache
def _session() -> Any:
    return load("nudity", _open, NUDITY_NETWORK)


def _open(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
