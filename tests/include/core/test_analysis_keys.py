"""What an analysis is known by: paid once, and never again for what changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from include.core.analysis_keys import WantedAnalysis, analysis_key, wanted_analyses
from include.core.features import FEATURES, Feature
from include.core.settings import SettingsError
from tests.include.plan.planning import a_lake

PAID_UNDER = [
    "7caa5c636561960d1c973d8efec4f915e8a65efe539b737bc80cde5a809fd62b",
    "0c8eba9fa35f25e8f75abc0c05066811aafd7218a36d635ab9267c474f5c944c",
    "7156ea2879c23d49fbe67de8294babb6ca849a57757ca944015ef7c1c6882123",
]


def test_a_key_is_the_same_for_the_same_analysis() -> None:
    labels = FEATURES["labels"]
    assert analysis_key("c", labels, "image") == analysis_key("c", labels, "image")
    assert len(analysis_key("c", labels, "image")) == 64


def changed_call(**changes: Any) -> Feature:
    labels = FEATURES["labels"]
    assert labels.image is not None
    return replace(labels, image=replace(labels.image, **changes))


@pytest.mark.parametrize(
    ("content_id", "feature", "media_type"),
    [
        ("d", FEATURES["labels"], "image"),
        ("c", FEATURES["moderation"], "image"),
        ("c", FEATURES["labels"], "video"),
        ("c", changed_call(parameters={"MinConfidence": 31.0}), "image"),
        ("c", changed_call(parameters={"MinConfidence": 30.0, "MaxLabels": 5}), "image"),
        ("c", changed_call(operation="DetectLabels2"), "image"),
    ],
)
def test_whatever_changes_the_answer_changes_the_key(
    content_id: str, feature: Feature, media_type: Any
) -> None:
    assert analysis_key(content_id, feature, media_type) != analysis_key("c", FEATURES["labels"], "image")


@pytest.mark.parametrize(
    "feature",
    [
        changed_call(price_items=("other",)),
        changed_call(choice=None),
        changed_call(max_bytes=1, min_side=1, max_side=None, formats=()),
        changed_call(model_version_member=None),
        replace(FEATURES["labels"], title="Other", tables=(), sensitive=True, video=None),
    ],
)
def test_what_does_not_change_the_answer_keeps_the_key(feature: Feature) -> None:
    assert analysis_key("c", feature, "image") == analysis_key("c", FEATURES["labels"], "image")


def test_an_analysis_that_is_not_offered_has_no_key() -> None:
    with pytest.raises(ValueError, match="segments is not offered for images"):
        analysis_key("c", FEATURES["segments"], "image")


def test_what_a_source_asks_for_changes_the_key() -> None:
    labels = FEATURES["labels"]
    keys = {
        analysis_key("c", labels, "image", members) for members in ({}, {"MaxLabels": 5}, {"MaxLabels": 6})
    }
    assert len(keys) == 3
    assert analysis_key("c", labels, "image", dict(labels.image.parameters)) in keys  # type: ignore[union-attr]


def test_keys_are_those_that_were_paid_under_since_the_first_version() -> None:
    """A change of these strings would pay for the whole lake again."""
    labels = FEATURES["labels"]
    found = [
        analysis_key("etag:abc:1", labels, "image"),
        analysis_key("etag:abc:1", labels, "video"),
        analysis_key('x"ü\\é 😀', FEATURES["face_search"], "image", {"CollectionId": "staff"}),
    ]
    assert found == PAID_UNDER


def test_a_pinned_version_is_another_analysis_and_knows_what_it_was_before() -> None:
    pinned = WantedAnalysis(FEATURES["labels"], "image", {}, "3.0")
    plain = analysis_key("c", FEATURES["labels"], "image")
    assert pinned.key("c") == analysis_key("c", FEATURES["labels"], "image", version="3.0") != plain
    assert pinned.unpinned_key("c") == plain
    assert replace(pinned, version="3.1").key("c") not in (plain, pinned.key("c"))
    assert replace(pinned, version=None).key("c") == plain


def test_what_a_source_asks_for_has_its_members_and_the_lakes_versions() -> None:
    lake = a_lake(
        image=["labels", {"face_search": {"CollectionId": "staff"}}], model_versions={"labels": "3.0"}
    )
    labels, search = wanted_analyses(lake, "sample", "image")
    assert (labels.feature.name, labels.version, labels.parameters) == (
        "labels",
        "3.0",
        {"MinConfidence": 30.0},
    )
    assert (search.version, search.parameters["CollectionId"]) == (None, "staff")
    assert wanted_analyses(lake, "other", "video") == []
    with pytest.raises(SettingsError, match="lake.yaml no longer has the source 'gone'"):
        wanted_analyses(lake, "gone", "image")


def test_a_version_is_pinned_where_one_is_reported() -> None:
    """Rekognition reports the version of face search for images only."""
    lake = a_lake(model_versions={"face_search": "7.0"})
    assert lake.pinned_version(FEATURES["face_search"], "image") == "7.0"
    assert lake.pinned_version(FEATURES["face_search"], "video") is None
    assert lake.pinned_version(FEATURES["labels"], "image") is None
