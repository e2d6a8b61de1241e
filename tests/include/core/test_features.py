from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore import xform_name

from include.core.features import (
    FEATURES,
    MEDIA_TYPES,
    RETIRED,
    Choice,
    Feature,
    RetiredFeature,
    VideoJob,
    features_for,
    price_items,
    run_tables,
    tables_filled,
)
from include.core.prices import load_price_book
from include.core.schemas import FINDING_TABLES, TABLES

IMAGE_FEATURES = [feature for feature in FEATURES.values() if feature.image]
VIDEO_FEATURES = [feature for feature in FEATURES.values() if feature.video]


def named(feature: Feature) -> str:
    return feature.name


@pytest.fixture(scope="module")
def rekognition() -> object:
    return boto3.client(
        "rekognition", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


def members(client: object, operation: str, side: str) -> dict[str, Any]:
    model = client.meta.service_model.operation_model(operation)  # type: ignore[attr-defined]
    return dict((model.input_shape if side == "input" else model.output_shape).members)


@pytest.mark.parametrize("feature", IMAGE_FEATURES, ids=named)
def test_image_calls_fit_the_api(feature: Feature, rekognition: object) -> None:
    call = feature.image
    assert call is not None
    assert hasattr(rekognition, xform_name(call.operation))
    assert {"Image", *call.parameters} <= set(members(rekognition, call.operation, "input"))
    if call.model_version_member:
        assert call.model_version_member in members(rekognition, call.operation, "output")


@pytest.mark.parametrize("feature", VIDEO_FEATURES, ids=named)
def test_video_jobs_fit_the_api(feature: Feature, rekognition: object) -> None:
    job = feature.video
    assert job is not None
    start = {"Video", "ClientRequestToken", "NotificationChannel", "JobTag", *job.parameters}
    assert start <= set(members(rekognition, job.start_operation, "input"))
    get = {"JobId", "MaxResults", "NextToken", *job.get_parameters}
    assert get <= set(members(rekognition, job.get_operation, "input"))
    reply = members(rekognition, job.get_operation, "output")
    assert {"JobStatus", "StatusMessage", "VideoMetadata", "NextToken"} <= set(reply)
    if job.model_version_member:
        assert job.model_version_member in reply


@pytest.mark.parametrize("feature", FEATURES.values(), ids=named)
def test_job_tags_are_allowed(feature: Feature) -> None:
    """JobTag is 1 to 256 of ``[a-zA-Z0-9_.:-]``, and a feature's name is one."""
    assert feature.name.replace("_", "").isalnum()


@pytest.mark.parametrize("feature", FEATURES.values(), ids=named)
def test_every_feature_is_offered_priced_and_has_tables(feature: Feature) -> None:
    book = load_price_book("us-east-1")
    calls = [call for call in (feature.image, feature.video) if call]
    assert calls
    assert FEATURES[feature.name] is feature
    for call in calls:
        items = {*price_items(call, call.parameters), getattr(call, "hourly_price_item", None)} - {None}
        assert items
        unit = "minute" if isinstance(call, VideoJob) else "hour" if call.hourly_price_item else "image"
        assert {book.item(item).unit for item in items} == {unit}
    assert feature.tables
    assert set(feature.tables) <= set(FINDING_TABLES)
    assert all(TABLES[name].sensitive == feature.sensitive for name in feature.tables)


def test_every_finding_table_is_filled_by_a_feature() -> None:
    features = (*FEATURES.values(), *RETIRED.values())
    assert {table for feature in features for table in feature.tables} == set(FINDING_TABLES)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_features_for_are_those_with_an_analysis_in_registry_order(media_type: str) -> None:
    found = features_for(media_type)  # type: ignore[arg-type]
    assert [feature.name for feature in found] == [
        name for name in FEATURES if name in {f.name for f in found}
    ]
    for feature in FEATURES.values():
        assert (feature in found) == (feature.analysis(media_type) is not None)  # type: ignore[arg-type]


def test_operations_and_permissions() -> None:
    labels, segments = FEATURES["labels"], FEATURES["segments"]
    assert labels.iam_actions == (
        "rekognition:DetectLabels",
        "rekognition:GetLabelDetection",
        "rekognition:StartLabelDetection",
    )
    assert segments.iam_actions == ("rekognition:GetSegmentDetection", "rekognition:StartSegmentDetection")
    assert segments.image is None
    assert isinstance(segments.video, VideoJob)
    assert segments.video.operation == "GetSegmentDetection"


def test_a_run_fills_the_tables_of_its_media_type() -> None:
    assert run_tables("image")[-2:] == ("analyses", "media_assets")
    assert "segments" not in run_tables("image")
    assert "image_properties" not in run_tables("video")
    filled = {*run_tables("image"), *run_tables("video")}
    assert filled == {*FINDING_TABLES, "analyses", "media_assets"} - {"persons"}


@pytest.mark.parametrize("feature", RETIRED.values(), ids=lambda feature: feature.name)
def test_what_aws_ended_says_why_and_what_to_use(feature: RetiredFeature, rekognition: object) -> None:
    assert "AWS" in feature.refusal
    assert any(f"`{name}`" in feature.refusal for name in FEATURES)
    assert all(hasattr(rekognition, xform_name(operation)) for operation in feature.operations)
    assert feature.name not in FEATURES


def test_a_model_of_ones_own_is_started_and_stopped() -> None:
    actions = FEATURES["custom_labels"].iam_actions
    assert {"rekognition:StartProjectVersion", "rekognition:StopProjectVersion"} <= set(actions)


def choices() -> list[tuple[str, Choice]]:
    """Return the operation and the choice of every call that has one."""
    calls = [call for feature in FEATURES.values() for call in (feature.image, feature.video) if call]
    return [(call.operations[0], call.choice) for call in calls if call.choice]


@pytest.mark.parametrize(("operation", "choice"), choices())
def test_a_choice_knows_every_value_of_its_member(
    operation: str, choice: Choice, rekognition: object
) -> None:
    shape = members(rekognition, operation, "input")[choice.member]
    assert set(choice.kinds) == set(shape.member.enum)
    assert set(choice.default) <= set(choice.kinds)
    assert {kind.table for kind in choice.kinds.values()} <= set(FINDING_TABLES)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@pytest.mark.parametrize("feature", FEATURES.values(), ids=named)
def test_the_registrys_own_request_fills_the_tables_of_the_feature(feature: Feature, media_type: Any) -> None:
    call = feature.analysis(media_type)
    if call is not None:
        assert tables_filled(feature, media_type, call.parameters) == feature.tables
        assert set(feature.tables) <= set(run_tables(media_type))


@pytest.mark.parametrize(
    ("feature", "asked", "items", "tables"),
    [
        ("labels", {}, ["image-group-2"], ["labels"]),
        ("labels", {"Features": []}, ["image-group-2"], ["labels"]),
        ("labels", {"Features": ["IMAGE_PROPERTIES"]}, ["image-properties"], ["image_properties"]),
        (
            "labels",
            {"Features": ["IMAGE_PROPERTIES", "GENERAL_LABELS"]},
            ["image-group-2", "image-properties"],
            ["labels", "image_properties"],
        ),
        ("segments", {"SegmentTypes": ["SHOT", "SHOT"]}, ["video-shot-minutes"], ["segments"]),
        ("segments", {"SegmentTypes": ["TECHNICAL_CUE"]}, ["video-technical-cue-minutes"], ["segments"]),
        (
            "segments",
            {"SegmentTypes": ["TECHNICAL_CUE", "SHOT"]},
            ["video-shot-minutes", "video-technical-cue-minutes"],
            ["segments"],
        ),
    ],
)
def test_price_and_tables_follow_from_the_request(
    feature: str, asked: dict[str, Any], items: list[str], tables: list[str]
) -> None:
    media_type: Any = "image" if FEATURES[feature].image else "video"
    call = FEATURES[feature].analysis(media_type)
    assert call is not None
    assert list(price_items(call, asked)) == items
    assert list(tables_filled(FEATURES[feature], media_type, asked)) == tables
