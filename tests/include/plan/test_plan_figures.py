from __future__ import annotations

from typing import Any

import pytest

from include.core.analysis_keys import analysis_key
from include.core.estimates import Place, Planned
from include.core.features import FEATURES, ImageCall
from include.core.request_parameters import request_parameters
from include.core.run import Run
from include.store.ledger import Entry, Ledger
from include.store.objects import Row
from tests.include.plan.planning import BOOK, Planner, a_lake, a_video, an_asset

MODEL = "arn:aws:rekognition:us-east-1:123456789012:project/logos/version/v1/1700000000000"
BOTH = {"Features": ["IMAGE_PROPERTIES", "GENERAL_LABELS"]}
CUES = {"SegmentTypes": ["TECHNICAL_CUE"]}


@pytest.fixture
def planner(s3: Any, ledger: Ledger, run: Run) -> Planner:
    return Planner(s3, ledger, run)


@pytest.mark.parametrize(
    ("feature", "media_type", "members", "duration_ms", "billed"),
    [
        ("labels", "image", {}, None, {"image-group-2": 1}),
        ("labels", "image", {"Features": ["IMAGE_PROPERTIES"]}, None, {"image-properties": 1}),
        ("labels", "image", BOTH, None, {"image-group-2": 1, "image-properties": 1}),
        ("labels", "video", {}, 90_000, {"video-minutes": 1.5}),
        ("labels", "video", {"Features": ["GENERAL_LABELS"]}, 90_000, {"video-minutes": 1.5}),
        ("labels", "video", {}, None, {}),
        ("segments", "video", {}, 60_000, {"video-shot-minutes": 1, "video-technical-cue-minutes": 1}),
        ("segments", "video", {"SegmentTypes": ["SHOT"]}, 90_000, {"video-shot-minutes": 1.5}),
        ("segments", "video", CUES, 90_000, {"video-technical-cue-minutes": 1.5}),
        ("image_properties", "image", {}, None, {"image-properties": 1}),
        ("custom_labels", "image", {"ProjectVersionArn": "arn"}, None, {}),
    ],
)
def test_what_an_analysis_is_billed_as(
    feature: str, media_type: Any, members: Row, duration_ms: int | None, billed: Any
) -> None:
    call = FEATURES[feature].analysis(media_type)
    assert call is not None
    planned = Planned()
    place = Place("sample", "team", media_type, feature)
    planned.add(place, request_parameters(call, members), duration_ms)
    assert planned.units == billed


@pytest.mark.parametrize(
    ("asked", "units", "likely"),
    [
        ({"segments": {"SegmentTypes": ["SHOT"]}}, {"video-shot-minutes": 60}, 60 * 0.05),
        ({"segments": CUES}, {"video-technical-cue-minutes": 60}, 60 * 0.05),
        ("segments", {"video-shot-minutes": 60, "video-technical-cue-minutes": 60}, 60 * 0.10),
    ],
)
def test_the_plan_and_its_approval_follow_the_members_that_a_source_sets(
    planner: Planner, ledger: Ledger, asked: Any, units: Row, likely: float
) -> None:
    hour = [a_video("a", duration_ms=60 * 60_000)]
    high = likely  # an hour, which needs no rounding
    _, _, summary = planner(hour, a_lake(video=[asked], approval_limit_usd=high), media_type="video")
    assert (summary["units"], summary["approval_needed"]) == (units, False)
    assert (summary["usd"]["likely"], summary["usd"]["high"]) == (pytest.approx(likely), pytest.approx(high))
    _, _, above = planner(hour, a_lake(video=[asked], approval_limit_usd=high - 0.01), media_type="video")
    assert above["approval_needed"]


def test_the_estimate_counts_what_will_be_paid_at_the_tiers_reached(planner: Planner) -> None:
    _, _, summary = planner([an_asset("a"), an_asset("b")])
    assert summary["units"] == {"image-group-2": 4}
    price = BOOK.usd("image-group-2", 4)
    assert summary["usd"]["likely"] == pytest.approx(price)
    assert summary["usd"]["low"] <= summary["usd"]["likely"] <= summary["usd"]["high"]
    _, _, later = planner([an_asset("a"), an_asset("b")], used={"image-group-2": 1e9})
    assert later["usd"]["likely"] == pytest.approx(BOOK.usd("image-group-2", 4, 1e9))
    assert later["usd"]["likely"] < price
    assert "2 images: 4 analyses to pay for, 0 reused, 0 rejected; $" in summary["text"]


def test_a_plan_below_its_limit_needs_nobody(planner: Planner) -> None:
    _, _, summary = planner([an_asset("a")])
    assert summary["approval_needed"] is False


def test_one_source_above_its_limit_is_enough_to_wait_for_a_person(planner: Planner) -> None:
    _, _, summary = planner([an_asset("a"), an_asset("b", source="other")])
    assert summary["approval_needed"] is True


def test_what_a_plan_takes_at_most(planner: Planner) -> None:
    """Parts of minutes are rounded up; hours of models count while they wait, and by their units."""
    model = {"custom_labels": {"ProjectVersionArn": MODEL}}
    _, _, summary = planner([an_asset("a"), an_asset("b")], a_lake(image=[model]), model_inference_units=2)
    assert summary["model_hours"] == pytest.approx(2 / 60)  # two images a minute, two units
    assert summary["usd"]["likely"] == pytest.approx(2 / 60 * 4.0)
    assert summary["usd"]["high"] > 2 * 4.0  # an hour of retries, in two units
    assert summary["models"] == [
        {
            "arn": MODEL,
            "feature": "custom_labels",
            "teams": [{"source": "sample", "cost_center": "team", "images": 2}],
        }
    ]


def test_what_is_reused_costs_nothing_and_needs_no_approval(planner: Planner, ledger: Ledger) -> None:
    call = FEATURES["faces"].image
    assert isinstance(call, ImageCall)
    ledger.finish([Entry(analysis_key("etag:a:1000", FEATURES["faces"], "image"), "done")])
    _, _, summary = planner([an_asset("a", source="other")])
    assert summary["usd"] == {"low": 0, "likely": 0, "high": 0}
    assert not summary["approval_needed"]


@pytest.mark.parametrize("duration_ms", [None, 0])
def test_a_video_of_unknown_duration_is_never_free(planner: Planner, duration_ms: int | None) -> None:
    """Its minutes cannot be counted, so nobody could say what it costs."""
    (rows,), _, _ = planner([a_video("a", duration_ms=duration_ms)], media_type="video")
    assert {(item["state"], item["code"]) for item in rows[0]["analyses"]} == {("rejected", "NoDuration")}
