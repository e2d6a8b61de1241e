"""What the models saw, in Rekognition's labels: objects with boxes, and the subject of the whole picture.

The thresholds were chosen by ``python -m local.aws.rekognition.label_accuracy`` on the pictures for tuning of
``tests/fixtures/labelled_pictures``: the lowest with a precision of 0.9 there.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import mean
from typing import Any

from local.aws.rekognition.label_table import (
    LABEL_OF_COCO_CLASS,
    LABEL_OF_IMAGENET_CLASS,
    TAXONOMY,
    with_ancestors,
)


@dataclass(frozen=True)
class Thresholds:
    """Confidences in percent from which on something is reported.

    :param object: of a detected object.
    :param subject: of the subject, as the mean of the views of the picture.
    :param view: of the subject in each of the views.
    """

    object: float = 80.0
    subject: float = 55.0
    view: float = 40.0


THRESHOLDS = Thresholds()

Instance = dict[str, Any]  # confidence and box


def subjects(views: list[dict[int, float]], thresholds: Thresholds = THRESHOLDS) -> dict[str, float]:
    """Return the labels of the subject, with the mean confidence of the views of the picture.

    A label's confidence is the sum of those of its classes and of the labels below it: who takes a dog for
    one of two breeds is sure of a dog.
    """
    sums = [_sums(view) for view in views]
    shared = set.intersection(*(set(view) for view in sums)) if sums else set()
    means = {
        name: round(min(mean(view[name] for view in sums), 99.9), 2)
        for name in shared
        if min(view[name] for view in sums) >= thresholds.view
    }
    return {name: confidence for name, confidence in means.items() if confidence >= thresholds.subject}


def objects(
    seen: list[dict[str, Any]], subject: dict[str, float], thresholds: Thresholds = THRESHOLDS
) -> dict[str, list[Instance]]:
    """Return the instances of each label, the surest first.

    COCO has few animals, so the detector takes an insect for a bird or a banana. Where the subject is an
    animal that the detector did not find, the animals and the food that it did find are left out.
    """
    instances: dict[str, list[Instance]] = defaultdict(list)
    for one in seen:
        name = LABEL_OF_COCO_CLASS.get(one["coco_class"])
        if name is not None and one["confidence"] >= thresholds.object:
            instances[name].append({"confidence": one["confidence"], "box": one["box"]})
    for name in _mistaken(set(instances), set(subject)):
        del instances[name]
    return dict(instances)


def _mistaken(detected: set[str], subject: set[str]) -> set[str]:
    """Return the detected animals and food that the subject contradicts; none if it was detected too."""
    general = {parent for name in subject for parent in TAXONOMY[name].parents}
    animals = _of_kind("Animal", subject - general)
    if not any(TAXONOMY[name].imagenet_classes for name in animals) or _of_kind("Animal", detected) & subject:
        return set()
    return _of_kind("Animal", detected) | _of_kind("Food", detected)


def _of_kind(ancestor: str, names: set[str]) -> set[str]:
    return {name for name in names if ancestor in TAXONOMY[name].parents}


def _sums(view: dict[int, float]) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for number, percent in view.items():
        if number in LABEL_OF_IMAGENET_CLASS:
            for name in with_ancestors(LABEL_OF_IMAGENET_CLASS[number]):
                sums[name] += percent
    return sums
