"""What an analysis is known by: paid once, and never again for what changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from include.core.analysis_keys import WantedAnalysis, analysis_key, wanted_analyses
from include.core.features import FEATURES, Feature
from include.core.frame_sampling import FrameSampling
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


def test_frames_have_keys_of_their_own_by_sampling_and_a_job_keeps_its_key() -> None:
    asked = [
        {},
        {"route": "job"},
        {"route": "frames"},
        {"route": "frames", "frames_per_second": 0.5},
        {"route": "frames", "frames_per_second": 1},
        {"route": "frames", "scene_changes": True},
    ]
    wanted = [wanted_analyses(a_lake(video=[{"labels": each}]), "sample", "video")[0] for each in asked]
    keys = [want.key("etag:abc:1") for want in wanted]
    assert keys[:2] == [PAID_UNDER[1]] * 2
    assert keys[2] == keys[3]
    assert len(set(keys)) == 4
    assert wanted[2].call.operation == "DetectLabels"


def test_where_either_route_may_be_taken_both_are_known() -> None:
    (want,) = wanted_analyses(a_lake(video=[{"text": {"route": "auto"}}]), "sample", "video")
    assert want.sampling is None
    assert want.other_route is not None
    assert want.other_route.sampling == FrameSampling(0.5)
    assert list(want.other_route.units(61_000)) == [("image-group-2", 31.0)]


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
