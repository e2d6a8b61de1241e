"""Rekognition's labels that are known here, and the classes of the models that have a counterpart among them.

``label_table.csv`` has a line a label. Names, aliases and categories, and for which labels there are boxes,
are those of the list that AWS publishes for label model 3.0
(https://docs.aws.amazon.com/rekognition/latest/dg/labels.html). The list has no parents; they are those of
published responses where there are any. Classes without a counterpart are left out, and breeds of dogs and
cats too: the model takes one for another.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TABLE = Path(__file__).with_name("label_table.csv")


@dataclass(frozen=True)
class Concept:
    """A label of the taxonomy.

    :param parents: all ancestors.
    :param has_boxes: whether Rekognition gives the boxes of its instances.
    :param coco_class: of COCO's 91 ids, or None.
    :param imagenet_classes: 0 to 999.
    """

    name: str
    category: str
    parents: tuple[str, ...]
    aliases: tuple[str, ...]
    has_boxes: bool
    coco_class: int | None
    imagenet_classes: tuple[int, ...]


def _read_table() -> Iterator[Concept]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            yield Concept(
                line["label"],
                line["category"],
                parents=_parts(line["parents"]),
                aliases=_parts(line["aliases"]),
                has_boxes=line["boxes"] == "yes",
                coco_class=int(line["coco_class"]) if line["coco_class"] else None,
                imagenet_classes=tuple(_numbers(line["imagenet_classes"])),
            )


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(part for part in cell.split(";") if part)


def _numbers(cell: str) -> Iterator[int]:
    """Yield the numbers of a cell such as ``10-14;16``."""
    for part in _parts(cell):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


TAXONOMY = {concept.name: concept for concept in _read_table()}
LABEL_OF_COCO_CLASS = {
    concept.coco_class: concept.name for concept in TAXONOMY.values() if concept.coco_class is not None
}
LABEL_OF_IMAGENET_CLASS = {
    number: concept.name for concept in TAXONOMY.values() for number in concept.imagenet_classes
}


def with_ancestors(name: str) -> set[str]:
    """Return a label and all its ancestors."""
    return {name, *TAXONOMY[name].parents}
