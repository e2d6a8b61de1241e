from __future__ import annotations

from collections import Counter

from tests.include.normalize.responses import response, rows

SHOT = {
    "Type": "SHOT",
    "StartTimestampMillis": 0,
    "EndTimestampMillis": 9,
    "DurationMillis": 9,
    "ShotSegment": {"Index": 7, "Confidence": 80},
}


def test_segments_carry_the_version_of_their_kind_over_pages() -> None:
    cue, first, later = rows("GetSegmentDetection", response("GetSegmentDetection"), {"Segments": [SHOT]})
    assert (cue["cue_type"], cue["shot_index"], cue["model_version"]) == ("BlackFrames", None, "2.0")
    assert (first["shot_index"], first["cue_type"], first["start_timecode"]) == (0, None, "00:00:00:00")
    assert (later["shot_index"], later["model_version"]) == (7, "1.0")


def test_a_segment_of_an_unknown_type_is_left_out_and_counted() -> None:
    anomalies: Counter[str] = Counter()
    page = {"Segments": [{**SHOT, "Type": "SCENE"}, SHOT]}
    assert len(rows("GetSegmentDetection", page, anomalies=anomalies)) == 1
    assert anomalies == {"segments with type out of range": 1, "segments without type": 1}
