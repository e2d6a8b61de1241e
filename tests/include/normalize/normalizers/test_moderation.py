from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.include.normalize.responses import manifest, response, rows


def test_moderation_of_both_taxonomies() -> None:
    old, new = rows("DetectModerationLabels", response("DetectModerationLabels"))
    assert (old["parent_name"], old["taxonomy_level"]) == (None, 1)
    assert (new["parent_name"], new["taxonomy_level"], new["content_types"]) == ("Drugs", 2, ["Illustrated"])


def test_moderation_of_a_video_by_time_and_by_span() -> None:
    (row,) = rows("GetContentModeration", response("GetContentModeration"))
    assert (row["timestamp_ms"], row["content_types"]) == (36000, ["Animated"])
    label = {"ModerationLabel": {"Name": "Smoking", "ParentName": "Drugs & Tobacco", "Confidence": "91.5"}}
    span = {**label, "StartTimestampMillis": 500, "EndTimestampMillis": "1500", "DurationMillis": 1000}
    (row,) = rows("GetContentModeration", {"ModerationLabels": [span], "ModerationModelVersion": "6.1"})
    assert (row["timestamp_ms"], row["start_ms"], row["end_ms"], row["confidence"]) == (None, 500, 1500, 91.5)
    assert (row["taxonomy_level"], row["content_types"], row["model_version"]) == (2, [], "6.1")


@pytest.mark.parametrize(
    ("level", "read", "odd"), [(1, 1, 0), (3, 3, 0), (0, None, 1), (-1, None, 1), (None, 1, 0)]
)
def test_levels_begin_at_1(level: Any, read: int | None, odd: int) -> None:
    anomalies: Counter[str] = Counter()
    label = {"Name": "Violence", "Confidence": 80, "TaxonomyLevel": level}
    (row,) = rows("DetectModerationLabels", {"ModerationLabels": [label]}, anomalies=anomalies)
    assert row["taxonomy_level"] == read
    assert anomalies["moderation_labels with taxonomy_level out of range"] == odd


# Of moderation model 6.1: label and the label above it. The last two are a chain that ends nowhere.
OLD_LABELS = [
    ("Graphic Male Nudity", "Explicit Nudity"), ("Explicit Nudity", ""), ("Deep", "Graphic Male Nudity"),
    ("Smoking", "Tobacco"), ("A", "B"), ("B", "A"),
]  # fmt: skip
OLD_LEVELS = [2, 1, 3, 2, 3, 3]


def test_levels_that_a_model_does_not_state_are_counted_from_the_parents() -> None:
    labels = [{"Name": name, "ParentName": parent, "Confidence": 90} for name, parent in OLD_LABELS]
    found = rows("DetectModerationLabels", {"ModerationLabels": labels, "ModerationModelVersion": "6.1"})
    assert [row["taxonomy_level"] for row in found] == OLD_LEVELS
    pages = [
        {"ModerationLabels": [{"Timestamp": 0, "ModerationLabel": label}], "ModerationModelVersion": "6.1"}
        for label in sorted(labels, key=lambda label: label["ParentName"])
    ]
    levels = {row["name"]: row["taxonomy_level"] for row in rows("GetContentModeration", *pages)}
    assert (levels["Explicit Nudity"], levels["Graphic Male Nudity"], levels["Deep"]) == (1, 2, 3)


def test_lines_of_a_results_manifest_have_the_rows_and_the_job_itself_has_none() -> None:
    assert rows("GetMediaAnalysisJob", response("GetMediaAnalysisJob")) == []
    found = rows("GetMediaAnalysisJob", response("GetMediaAnalysisJob"), *manifest())
    assert [(row["name"], row["parent_name"], row["model_version"]) for row in found] == [
        ("Weapons", "Violence", "7.0"),
        ("Violence", None, "7.0"),
    ]
    assert all(row["content_types"] == [] for row in found)


def test_members_of_a_manifest_line_that_are_new_are_counted() -> None:
    anomalies: Counter[str] = Counter()
    line = {"source-ref": "s3://b/k", "detect-moderation-labels": {"Mood": 1}, "detect-labels": {}}
    rows("GetMediaAnalysisJob", line, anomalies=anomalies)
    assert anomalies == {"detect-moderation-labels.Mood": 1, "detect-labels": 1}
