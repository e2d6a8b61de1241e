"""Names the subject of a picture among ImageNet's 1,000 classes, by EfficientNet-Lite3.

The network is quantized: it computes with integers, which are the same on every machine.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from local.aws.rekognition.model_files import SUBJECT_NETWORK, load
from local.aws.rekognition.pixels import Pixels

_SIDE = 280  # pixels; what the network was trained with
_STEPS = 256  # of the network's scale from 0 to 1


def classify_subject(image: Pixels) -> list[dict[int, float]]:
    """Return what the center and the whole of a picture show: for each, ImageNet's class to its percentage.

    It is empty without the model. Classes of less than half a percent are left out.
    """
    network = _network()
    if network is None:
        return []
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    return [_classify(network, view) for view in (_center(rgb), rgb)]


def _center(image: Pixels) -> Pixels:
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def _classify(network: Any, view: Pixels) -> dict[int, float]:
    small = cv2.resize(view, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    network.set_tensor(network.get_input_details()[0]["index"], small[None])
    network.invoke()
    steps = network.get_tensor(network.get_output_details()[0]["index"])[0]
    return {int(one): int(steps[one]) / _STEPS * 100 for one in np.flatnonzero(steps > 1)}


@cache
def _network() -> Any:
    return load("subjects", _open, SUBJECT_NETWORK)


def _open(path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    network = Interpreter(str(path), num_threads=1)
    network.allocate_tensors()
    return network
