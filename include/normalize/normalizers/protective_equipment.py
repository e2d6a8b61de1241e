"""Rows of table ``protective_equipment`` from DetectProtectiveEquipment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from include.normalize.members import JsonObject, box, findings, mapping, number, objects, truth, whole, word
from include.normalize.normalizer_registry import TableRow, normalizes
from include.store.objects import Row

_NOTHING: list[JsonObject] = [{}]


@normalizes("DetectProtectiveEquipment")
def image_protective_equipment(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    """Yield a row for every person, body part and item.

    A part without an item has one row without equipment, a person without parts one row without a part.
    """
    for version, person in findings(pages, "Persons", "ProtectiveEquipmentModelVersion"):
        for part in objects(person.get("BodyParts")) or _NOTHING:
            for item in objects(part.get("EquipmentDetections")) or _NOTHING:
                yield "protective_equipment", _row(person, part, item, version)


def _row(person: JsonObject, part: JsonObject, item: JsonObject, version: str | None) -> Row:
    covers = mapping(item.get("CoversBodyPart"))
    return {
        "model_version": version,
        "person_id": whole(person.get("Id")),
        "confidence": number(person.get("Confidence")),
        "body_part": word(part.get("Name")),
        "body_part_confidence": number(part.get("Confidence")),
        "equipment": word(item.get("Type")),
        "equipment_confidence": number(item.get("Confidence")),
        "covers_body_part": truth(covers.get("Value")),
        "covers_body_part_confidence": number(covers.get("Confidence")),
        **box(person.get("BoundingBox")),
        **box(item.get("BoundingBox"), "equipment_box"),
    }
