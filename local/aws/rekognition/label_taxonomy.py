"""The labels that the detectors' evidence supports, in the form of Rekognition's label taxonomy.

The local Rekognition has no classifier of objects. It reports a person where it sees a face, text where it
reads text, and three scenes that colors show; it reports nothing else. Only faces get a box, as it does not
see where the rest of a person is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.aws.rekognition.detectors import Evidence

LABEL_DETECTORS = ("faces", "scenes")
MODEL_VERSION = "local-1.0"


@dataclass(frozen=True)
class Concept:
    """A label of the taxonomy, with its ancestors (the nearest first), other names, and category."""

    name: str
    category: str
    parents: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


TAXONOMY = {
    concept.name: concept
    for concept in (
        Concept("Face", "Person Description", parents=("Head", "Person")),
        Concept("Head", "Person Description", parents=("Person",)),
        Concept("Person", "Person Description", aliases=("Human",)),
        Concept("Text", "Text and Documents"),
        Concept("Sky", "Nature and Outdoors", parents=("Nature", "Outdoors")),
        Concept("Night", "Nature and Outdoors", parents=("Nature", "Outdoors")),
        Concept("Vegetation", "Plants and Flowers", parents=("Plant",)),
        Concept("Nature", "Nature and Outdoors", parents=("Outdoors",)),
        Concept("Outdoors", "Nature and Outdoors"),
        Concept("Plant", "Plants and Flowers", aliases=("Flora",)),
    )
}


def labels_from(evidence: Evidence) -> list[dict[str, Any]]:
    """Return Rekognition ``Label`` structures, the surest first, with every ancestor of a label.

    :param evidence: of the detectors ``faces``, ``scenes`` and, if it ran, ``text``.
    """
    confidences: dict[str, float] = dict(evidence["scenes"])
    faces = evidence["faces"]
    if faces:
        confidences["Face"] = max(face["confidence"] for face in faces)
    lines = evidence.get("text")
    if lines:
        confidences["Text"] = max(line["confidence"] for line in lines)
    for name, confidence in list(confidences.items()):
        for parent in TAXONOMY[name].parents:
            confidences[parent] = max(confidence, confidences.get(parent, 0.0))
    boxes = [{"BoundingBox": bounding_box(face["box"]), "Confidence": face["confidence"]} for face in faces]
    labels = [
        _label(name, confidence, boxes if name == "Face" else []) for name, confidence in confidences.items()
    ]
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
        "Instances": instances,
        "Parents": [{"Name": parent} for parent in concept.parents],
        "Aliases": [{"Name": alias} for alias in concept.aliases],
        "Categories": [{"Name": concept.category}],
    }
