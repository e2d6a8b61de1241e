"""Replies of DetectProtectiveEquipment: recorded ones, with the summary that a request asks for."""

from __future__ import annotations

from typing import Any

from local.aws.rekognition.detectors import Evidence

Params = dict[str, Any]
Reply = dict[str, Any]

MODEL_VERSION = "local-1.0"
_LEAST_CONFIDENCE = 50.0  # AWS returns nothing below it, and treats a lower MinConfidence as this one
_BODY_PARTS = {"FACE_COVER": ("FACE",), "HEAD_COVER": ("HEAD",), "HAND_COVER": ("LEFT_HAND", "RIGHT_HAND")}
_ORDER = ("PersonsWithoutRequiredEquipment", "PersonsIndeterminate", "PersonsWithRequiredEquipment")


def answer_equipment(params: Params, evidence: Evidence) -> Reply:
    """Return a reply without persons: the local Rekognition does not recognize equipment."""
    return select_equipment(params, {"ProtectiveEquipmentModelVersion": MODEL_VERSION, "Persons": []})


def select_equipment(params: Params, reply: Reply) -> Reply:
    """Return a recorded reply, with a summary if this request asks for one."""
    found = {name: value for name, value in reply.items() if name != "Summary"}
    wanted = params.get("SummarizationAttributes")
    return {**found, "Summary": _summary(found["Persons"], wanted)} if wanted else found


def _summary(persons: list[dict[str, Any]], wanted: dict[str, Any]) -> dict[str, list[int]]:
    """Put each person into one of three lists.

    Persons who lack a required type are in the first, those of the others who cannot be judged in every type
    are in the second, and persons who wear all types are in the third.
    """
    least = max(wanted["MinConfidence"], _LEAST_CONFIDENCE)
    summary: dict[str, list[int]] = {name: [] for name in _ORDER}
    for person in persons:
        if person["Confidence"] >= least:
            judgments = [_judge(person, kind, least) for kind in wanted["RequiredEquipmentTypes"]]
            summary[min(judgments, key=_ORDER.index, default=_ORDER[-1])].append(person["Id"])
    return summary


def _judge(person: dict[str, Any], kind: str, least: float) -> str:
    """Judge one type of equipment: every body part that was seen must be covered."""
    seen = [
        part
        for part in person.get("BodyParts", [])
        if part["Name"] in _BODY_PARTS[kind] and part["Confidence"] >= least
    ]
    if not seen:
        return "PersonsIndeterminate"
    covered = all(_is_covered(part, kind, least) for part in seen)
    return "PersonsWithRequiredEquipment" if covered else "PersonsWithoutRequiredEquipment"


def _is_covered(part: dict[str, Any], kind: str, least: float) -> bool:
    return any(
        item["Type"] == kind
        and item["Confidence"] >= least
        and item["CoversBodyPart"]["Value"]
        and item["CoversBodyPart"]["Confidence"] >= least
        for item in part.get("EquipmentDetections", [])
    )
