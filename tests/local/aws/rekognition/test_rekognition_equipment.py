"""The summary of protective equipment, as the documentation describes it."""

from __future__ import annotations

from typing import Any

import pytest

from local.aws.rekognition.api_model import check_reply
from local.aws.rekognition.equipment_replies import answer_equipment, select_equipment

WITH, WITHOUT, UNCLEAR = (
    "PersonsWithRequiredEquipment",
    "PersonsWithoutRequiredEquipment",
    "PersonsIndeterminate",
)


def part(
    name: str, *, wears: str | None = None, covers: bool = True, confidence: float = 90.0
) -> dict[str, Any]:
    """A body part seen with a confidence, with an item of equipment or without."""
    item = {
        "Type": wears,
        "Confidence": confidence,
        "CoversBodyPart": {"Confidence": confidence, "Value": covers},
    }
    return {"Name": name, "Confidence": 99.0, "EquipmentDetections": [item] if wears else []}


def place(
    wanted: list[str], *parts: dict[str, Any], confidence: float = 99.0, least: float = 80.0
) -> list[str]:
    """Name the lists of the summary that hold a person with these body parts."""
    person = {"Id": 7, "Confidence": confidence, "BodyParts": list(parts)}
    params = {"SummarizationAttributes": {"MinConfidence": least, "RequiredEquipmentTypes": wanted}}
    reply = select_equipment(params, {"Persons": [person], "Summary": {WITH: [1, 2, 3]}})
    check_reply("DetectProtectiveEquipment", reply)
    return [name for name, ids in reply["Summary"].items() if ids == [7]]


@pytest.mark.parametrize(
    ("wanted", "parts", "expected"),
    [
        (["FACE_COVER"], [part("FACE", wears="FACE_COVER")], WITH),
        (["FACE_COVER"], [part("FACE", wears="FACE_COVER", covers=False)], WITHOUT),
        (["FACE_COVER"], [part("FACE", wears="FACE_COVER", confidence=79.0)], WITHOUT),
        (["FACE_COVER"], [part("FACE")], WITHOUT),
        (["FACE_COVER"], [part("HEAD", wears="HEAD_COVER")], UNCLEAR),
        (["HAND_COVER"], [part("LEFT_HAND", wears="HAND_COVER"), part("RIGHT_HAND")], WITHOUT),
        (["HAND_COVER"], [part("LEFT_HAND", wears="HAND_COVER")], WITH),
        (["FACE_COVER", "HEAD_COVER"], [part("FACE", wears="FACE_COVER")], UNCLEAR),
        (["FACE_COVER", "HEAD_COVER"], [part("FACE")], WITHOUT),
    ],
)
def test_each_person_is_in_one_list(wanted: list[str], parts: list[dict[str, Any]], expected: str) -> None:
    assert place(wanted, *parts) == [expected]


def test_persons_below_the_confidence_are_left_out() -> None:
    assert place(["FACE_COVER"], part("FACE"), confidence=70.0) == []
    assert place(["FACE_COVER"], part("FACE"), confidence=49.0, least=10.0) == []


def test_a_summary_only_when_asked_for() -> None:
    assert select_equipment({}, {"Persons": [], "Summary": {}}) == {"Persons": []}
    reply = answer_equipment(
        {"SummarizationAttributes": {"MinConfidence": 80.0, "RequiredEquipmentTypes": []}}, {}
    )
    assert reply["Persons"] == []
    assert reply["Summary"] == {WITHOUT: [], UNCLEAR: [], WITH: []}
