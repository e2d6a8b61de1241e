"""The labels that the detectors' evidence supports, in the form of Rekognition's label taxonomy.

A person is reported where there is a face or a person is detected, text where it is read, three scenes that
colors show, and what the models of :mod:`.sightings` saw.
"""

from __future__ import annotations

from typing import Any

from local.aws.rekognition.detectors import Evidence
from local.aws.rekognition.label_table import TAXONOMY
from local.aws.rekognition.sightings import THRESHOLDS, Thresholds, objects, subjects

LABEL_MODELS = ("objects", "subject")
LABEL_DETECTORS = ("faces", "scenes", *LABEL_MODELS)
MODEL_VERSION = "local-2.0"


def labels_from(evidence: Evidence, thresholds: Thresholds = THRESHOLDS) -> list[dict[str, Any]]:
    """Return Rekognition ``Label`` structures, the surest first, with every ancestor of a label.

    :param evidence: of the detectors of :data:`LABEL_DETECTORS` and, if it ran, ``text``.
    """
    subject = subjects(evidence["subject"], thresholds)
    instances = objects(evidence["objects"], subject, thresholds)
    if evidence["faces"]:
        instances["Face"] = evidence["faces"]
    confidences = subject | dict(evidence["scenes"])
    if evidence.get("text"):
        confidences["Text"] = max(line["confidence"] for line in evidence["text"])
    for name, found in instances.items():
        confidences[name] = max(confidences.get(name, 0.0), *(one["confidence"] for one in found))
    for name, confidence in list(confidences.items()):
        for parent in TAXONOMY[name].parents:
            confidences[parent] = max(confidence, confidences.get(parent, 0.0))
    labels = [_label(name, confidence, instances.get(name, [])) for name, confidence in confidences.items()]
    return sorted(labels, key=lambda label: (-label["Confidence"], label["Name"]))


def select_labels(
    labels: list[dict[str, Any]], params: dict[str, Any], default_confidence: float
) -> list[dict[str, Any]]:
    """Return the labels that pass a request's ``MinConfidence`` and the filters of its ``Settings``."""
    least = params.get("MinConfidence", default_confidence)
    filters = params.get("Settings", {}).get("GeneralLabels", {})
    return [label for label in labels if label["Confidence"] >= least and _passes(label, filters)]


def _passes(label: dict[str, Any], filters: dict[str, list[str]]) -> bool:
    names = {label["Name"]}
    categories = {category["Name"] for category in label.get("Categories", [])}
    included = [*filters.get("LabelInclusionFilters", []), *filters.get("LabelCategoryInclusionFilters", [])]
    if included and not (names | categories) & set(included):
        return False
    excluded = [*filters.get("LabelExclusionFilters", []), *filters.get("LabelCategoryExclusionFilters", [])]
    return not (names | categories) & set(excluded)


def bounding_box(box: list[float]) -> dict[str, float]:
    """Return Rekognition's BoundingBox of ``[left, top, width, height]``."""
    left, top, width, height = box
    return {"Width": width, "Height": height, "Left": left, "Top": top}


def _label(name: str, confidence: float, instances: list[dict[str, Any]]) -> dict[str, Any]:
    concept = TAXONOMY[name]
    return {
        "Name": name,
        "Confidence": confidence,
        "Instances": [
            {"BoundingBox": bounding_box(one["box"]), "Confidence": one["confidence"]}
            for one in (instances if concept.has_boxes else [])
        ],
        "Parents": [{"Name": parent} for parent in concept.parents],
        "Aliases": [{"Name": alias} for alias in concept.aliases],
        "Categories": [{"Name": concept.category}],
    }
