from __future__ import annotations

from collections import Counter

from tests.include.normalize.responses import response, rows


def test_paths_of_people() -> None:
    first, second, third = rows("GetPersonTracking", response("GetPersonTracking"))
    assert [(row["timestamp_ms"], row["person_index"]) for row in (first, second, third)] == [
        (0, 0), (0, 1), (33, 1),
    ]  # fmt: skip
    assert (first["box_width"], first["face_box_width"], first["face_confidence"]) == (0.22, 0.11, 99.86)
    assert (second["face_box_width"], third["box_width"]) == (None, None)


def test_a_person_without_a_number_is_left_out_and_counted() -> None:
    anomalies: Counter[str] = Counter()
    page = {"Persons": [{"Timestamp": 0, "Person": {}}, {"Timestamp": 0, "Person": {"Index": -1}}]}
    assert rows("GetPersonTracking", page, anomalies=anomalies) == []
    assert anomalies == {"persons without person_index": 2, "persons with person_index out of range": 1}
