from __future__ import annotations

from typing import Any

import pytest

from include.core.features import FEATURES, MediaType
from include.core.request_parameters import paid_twice, problems, request_parameters


def call(feature: str, media_type: MediaType) -> Any:
    return FEATURES[feature].analysis(media_type)


def test_a_source_adds_members_and_overrides_those_of_the_registry() -> None:
    labels = call("labels", "image")
    assert request_parameters(labels, {}) == labels.parameters
    assert request_parameters(labels, {"MinConfidence": 70, "MaxLabels": 5}) == {
        "MinConfidence": 70,
        "MaxLabels": 5,
    }
    assert labels.parameters == {"MinConfidence": 30.0}


@pytest.mark.parametrize(
    ("feature", "media_type", "members"),
    [
        ("labels", "image", {}),
        (
            "labels",
            "image",
            {"MaxLabels": 5, "Settings": {"GeneralLabels": {"LabelInclusionFilters": ["Dog"]}}},
        ),
        ("faces", "image", {"Attributes": ["ALL"]}),
        ("faces", "video", {"FaceAttributes": "ALL"}),
        ("face_search", "image", {"CollectionId": "staff", "MaxFaces": 3}),
        ("face_search", "video", {"CollectionId": "staff"}),
        ("segments", "video", {"SegmentTypes": ["SHOT"]}),
    ],
)
def test_members_of_the_operation_are_accepted(feature: str, media_type: MediaType, members: Any) -> None:
    assert problems(call(feature, media_type), members) == []


@pytest.mark.parametrize(
    ("feature", "media_type", "members", "words"),
    [
        ("face_search", "image", {}, "CollectionId is missing"),
        ("face_search", "video", {"CollectionId": ""}, "CollectionId: Invalid length"),
        (
            "labels",
            "video",
            {"MaxLabels": 5},
            "StartLabelDetection has no member 'MaxLabels'; choose from Features, MinConfidence",
        ),
        ("celebrities", "video", {"x": 1}, "choose from none but the media"),
        ("labels", "image", {"MaxLabels": "5"}, "MaxLabels: Invalid type"),
        ("labels", "image", {"MaxLabels": -1}, "MaxLabels: Invalid value"),
        ("labels", "image", {"Settings": {"General": {}}}, "Settings: Unknown parameter"),
        (
            "labels",
            "image",
            {"Features": ["GENERAL_LABEL"]},
            "'GENERAL_LABEL' is none of GENERAL",
        ),
        ("labels", "image", {"MinConfidence": 130}, "MinConfidence: 130 is more than 100"),
        ("labels", "image", {"MinConfidence": float("nan")}, "MinConfidence: nan is no number"),
        (
            "labels",
            "image",
            {"Settings": {"GeneralLabels": {"LabelInclusionFilters": ["x"] * 101}}},
            "LabelInclusionFilters: 101 is more than 100 entries",
        ),
        (
            "face_search",
            "image",
            {"CollectionId": "has space"},
            "'has space' does not have the form",
        ),
        (
            "face_search",
            "image",
            {"CollectionId": "a" * 256},
            "256 is more than 255 characters",
        ),
        (
            "face_search",
            "image",
            {"CollectionId": "c", "QualityFilter": "LOUD"},
            "'LOUD' is none of NONE, AUTO",
        ),
        ("labels", "image", {"Image": {}}, "leave Image out: the pipeline sets it"),
        (
            "labels",
            "video",
            {"ClientRequestToken": "t"},
            "leave ClientRequestToken out: the pipeline sets it",
        ),
    ],
)
def test_other_members_are_named(feature: str, media_type: MediaType, members: Any, words: str) -> None:
    (problem,) = problems(call(feature, media_type), members)
    assert words in problem.sentence


def test_a_feature_that_is_not_offered_has_no_problems_here() -> None:
    assert problems(None, {"x": 1}) == []


BOTH = {"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]}


@pytest.mark.parametrize(
    ("features", "value", "member"),
    [
        ({"labels": BOTH, "image_properties": {}}, "IMAGE_PROPERTIES", "Features"),
        ({"image_properties": {}, "labels": BOTH}, "IMAGE_PROPERTIES", "Features"),
        (
            {"labels": {"Features": ["IMAGE_PROPERTIES"]}, "image_properties": {}},
            "IMAGE_PROPERTIES",
            "Features",
        ),
        ({"labels": {}, "image_properties": BOTH}, "GENERAL_LABELS", "Features"),
    ],
)
def test_what_two_features_would_pay_for_is_named(features: Any, value: str, member: str) -> None:
    ((place, sentence),) = paid_twice("image", features)
    one, other = features
    assert place == (other,)
    assert sentence == (
        f"image features {one} and {other} both ask for {value}, which would be paid for twice; "
        f"take one of the two out, or {value} out of the {member} of one"
    )


@pytest.mark.parametrize(
    ("media_type", "features"),
    [
        ("image", {"labels": {}, "image_properties": {}, "text": {}}),
        ("image", {"labels": BOTH, "text": {}}),
        ("video", {"labels": {"Features": ["GENERAL_LABELS"]}, "segments": {}}),
    ],
)
def test_what_is_paid_for_once_is_not_named(media_type: MediaType, features: Any) -> None:
    assert list(paid_twice(media_type, features)) == []
