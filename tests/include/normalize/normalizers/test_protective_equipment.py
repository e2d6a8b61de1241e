from __future__ import annotations

from tests.include.normalize.responses import response, rows

OPERATION = "DetectProtectiveEquipment"


def test_persons_and_parts_without_equipment_have_a_row_as_well() -> None:
    found = rows(OPERATION, response(OPERATION))
    assert [(row["person_id"], row["body_part"], row["equipment"]) for row in found] == [
        (0, "FACE", "FACE_COVER"), (0, "HEAD", "HEAD_COVER"), (0, "HEAD", "HEAD_COVER"),
        (0, "LEFT_HAND", None), (1, None, None),
    ]  # fmt: skip
    assert [row["covers_body_part"] for row in found] == [True, True, False, None, None]
    assert {row["model_version"] for row in found} == {"1.0"}


def test_a_row_has_the_boxes_and_confidences_of_all_three() -> None:
    first, *_, bare = rows(OPERATION, response(OPERATION))
    assert (first["confidence"], first["body_part_confidence"], first["equipment_confidence"]) == (
        99.99, 99.99, 99.9,
    )  # fmt: skip
    assert (first["covers_body_part_confidence"], first["box_left"], first["equipment_box_left"]) == (
        98.07, 0.02, 0.44,
    )  # fmt: skip
    assert (bare["box_left"], bare["equipment_box_left"], bare["body_part_confidence"]) == (0.7, None, None)
