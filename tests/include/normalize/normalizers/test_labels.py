from __future__ import annotations

from tests.include.normalize.responses import response, rows


def test_labels_of_an_image() -> None:
    (dog, pet) = rows("DetectLabels", response("DetectLabels"))
    assert (dog["name"], dog["parents"], dog["aliases"], dog["categories"]) == (
        "Dog", ["Animal"], ["Hound"], ["Animals and Pets"],
    )  # fmt: skip
    assert dog["instance_count"] == 1
    assert dog["instances"][0]["box_left"] == -0.02
    assert (dog["model_version"], dog["timestamp_ms"], pet["instances"], pet["parents"]) == (
        "3.0",
        None,
        [],
        [],
    )


def test_labels_by_segment_and_by_timestamp() -> None:
    by_time, by_span = rows("GetLabelDetection", response("GetLabelDetection"))
    assert (by_time["timestamp_ms"], by_time["start_ms"], by_time["end_ms"]) == (1000, None, None)
    assert (by_span["timestamp_ms"], by_span["start_ms"], by_span["end_ms"]) == (None, 225, 3578)


def test_a_page_that_names_no_model_has_that_of_the_page_before() -> None:
    label = {"Timestamp": 0, "Label": {"Name": "Dog", "Confidence": 90}}
    pages = ({"Labels": [label], "LabelModelVersion": "3.0"}, {"Labels": [label], "LabelModelVersion": ""})
    assert [row["model_version"] for row in rows("GetLabelDetection", *pages)] == ["3.0", "3.0"]
