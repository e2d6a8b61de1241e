from __future__ import annotations

from collections import Counter
from typing import Any

from tests.include.normalize.responses import response, rows


def boxes(row: dict[str, Any]) -> tuple[float | None, float | None]:
    return row["box_left"], row["matched_box_left"]


def test_faces_found_by_image() -> None:
    anomalies: Counter[str] = Counter()
    page = response("SearchFacesByImage")
    best, other = rows("SearchFacesByImage", page, anomalies=anomalies)
    assert (best["similarity"], best["confidence"], best["model_version"]) == (100.0, 99.96, "6.0")
    assert (best["external_image_id"], other["external_image_id"]) == ("team-photo.jpg", None)
    assert best["face_id"] == page["FaceMatches"][0]["Face"]["FaceId"]
    assert best["image_id"] == page["FaceMatches"][0]["Face"]["ImageId"]
    assert (boxes(best), boxes(other)) == ((-0.01, 0.58), (-0.01, 0.35))
    assert anomalies == {"face_matches without similarity": 1}


def test_faces_found_by_face_have_no_image_that_was_analyzed() -> None:
    (row,) = rows("SearchFaces", response("SearchFaces"))
    assert (boxes(row), row["similarity"], row["model_version"]) == ((None, 0.58), 99.45, "6.0")


def test_compared_faces_have_the_boxes_of_target_and_source() -> None:
    (row,) = rows("CompareFaces", response("CompareFaces"))
    assert (boxes(row), row["confidence"], row["face_id"], row["model_version"]) == (
        (0.08, 0.31), 99.98, None, None,
    )  # fmt: skip


def test_faces_found_in_a_video_are_those_of_persons_with_a_match() -> None:
    found = rows("GetFaceSearch", response("GetFaceSearch"))
    assert [(row["timestamp_ms"], row["person_index"], row["similarity"]) for row in found] == [
        (0, 0, 98.41), (0, 0, 81.5), (500, 0, 97.0),
    ]  # fmt: skip
    # the box of the face, and that of the person where the response has no face
    assert [boxes(row) for row in found] == [(0.42, 0.58), (0.42, 0.35), (0.26, 0.58)]
