from __future__ import annotations

from collections import Counter

from tests.include.normalize.responses import response, rows


def test_text_that_reads_null_is_text() -> None:
    line, read = rows("DetectText", response("DetectText"))
    assert (read["text"], read["parent_id"], line["parent_id"]) == ("NULL", 0, None)
    assert line["polygon"][1] == {"x": 1.1, "y": 0.2}


def test_text_of_a_frame_has_its_time() -> None:
    (row,) = rows("GetTextDetection", response("GetTextDetection"))
    assert (row["timestamp_ms"], row["text"], row["model_version"]) == (967, "EXIT NULL", "3.1")


def test_text_of_an_unknown_type_is_left_out_and_counted() -> None:
    anomalies: Counter[str] = Counter()
    page = {"TextDetections": [{"DetectedText": "x", "Type": "PARAGRAPH", "Confidence": 90}]}
    assert rows("DetectText", page, anomalies=anomalies) == []
    assert anomalies == {"texts with type out of range": 1, "texts without type": 1}
