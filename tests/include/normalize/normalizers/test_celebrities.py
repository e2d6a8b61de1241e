from __future__ import annotations

from collections import Counter

from tests.include.normalize.responses import response, rows


def test_celebrities_of_an_image() -> None:
    first, second = rows("RecognizeCelebrities", response("RecognizeCelebrities"))
    assert (first["celebrity_id"], first["name"], first["confidence"]) == ("3Ir0du6", "Ada Lovelace", 98.0)
    assert (first["face_confidence"], first["box_left"], first["body_box_left"]) == (99.79, 0.44, None)
    assert (first["urls"], first["known_gender"]) == (["www.wikidata.org/wiki/Q7259"], "Female")
    assert (second["celebrity_id"], second["urls"], second["known_gender"], second["box_left"]) == (
        None, [], None, None,
    )  # fmt: skip


def test_a_confidence_that_misses_100_by_a_rounding_is_100() -> None:
    _, second = rows("RecognizeCelebrities", response("RecognizeCelebrities"))
    assert second["confidence"] == 100.0


def test_celebrities_of_a_video() -> None:
    anomalies: Counter[str] = Counter()
    page = response("GetCelebrityRecognition")
    first, second = rows("GetCelebrityRecognition", page, anomalies=anomalies)
    assert [row["timestamp_ms"] for row in (first, second)] == [0, 166]
    assert (first["confidence"], first["face_confidence"], first["body_box_height"]) == (0.69, 99.82, 0.93)
    assert (first["box_top"], second["box_top"], second["body_box_top"]) == (0.19, None, 0.06)
    assert anomalies == {"celebrities without name": 1}
