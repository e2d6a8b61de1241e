"""Estimates against arithmetic done by hand."""

from __future__ import annotations

from typing import Any

import pytest

from include.core.estimates import Place, Planned, Throughput, repeats
from include.core.prices import PriceError, load_price_book

BOOK = load_price_book("us-east-1")
IMAGES, MINUTES, HOURS = "image-group-2", "video-minutes", "custom-labels-inference-hours"
LABELS = {"MinConfidence": 30.0}
PACE = Throughput({"DetectLabels": 50.0, "DetectCustomLabels": 50.0})


def a_place(feature: str = "labels", media_type: Any = "image", source: str = "photos") -> Place:
    return Place(source, f"team-of-{source}", media_type, feature)


def images(calls: int, source: str = "photos") -> Planned:
    planned = Planned()
    planned.add(a_place(source=source), LABELS, times=calls)
    return planned


def test_a_thousand_short_clips_may_be_billed_as_a_thousand_minutes() -> None:
    """Minutes count exactly if all goes well, and at most each is rounded up."""
    planned = Planned()
    for _ in range(1_000):
        planned.add(a_place(media_type="video"), LABELS, 12_000)
    estimate = planned.estimate(BOOK, {MINUTES: 5_000})
    assert estimate.likely == pytest.approx(1_000 * 0.2 * 0.1)
    assert estimate.high == pytest.approx(1_000 * 0.1)
    assert (estimate.lines[0].calls, estimate.lines[0].minutes) == (1_000, pytest.approx(200))


def test_a_model_costs_the_whole_minutes_in_which_it_runs() -> None:
    planned, model = Planned(), {"ProjectVersionArn": "arn:one"}
    planned.add(a_place("custom_labels"), model, times=2)
    estimate = planned.estimate(BOOK, {}, PACE)
    assert estimate.likely == pytest.approx(4.0 / 60)
    assert estimate.high == pytest.approx(4.0 * (1 + 1 / 60))  # an hour of retries, and 14 calls
    assert estimate.lines[0].model_hours == pytest.approx(1 / 60)
    planned.add(a_place("custom_labels"), model, times=898)
    slow, fast = (
        planned.estimate(BOOK, {}, PACE),
        planned.estimate(BOOK, {}, Throughput(PACE.calls_per_second, 5)),
    )
    assert slow.lines[0].model_hours == pytest.approx(4 / 60)  # 30 s idle, 900 images at 5 a second
    assert fast.lines[0].model_hours == pytest.approx(5 * 2 / 60)  # at 25 a second, in five units


def test_a_model_may_wait_for_another_for_two_hours() -> None:
    planned = Planned()
    for arn in ("arn:one", "arn:two"):
        planned.add(a_place("custom_labels"), {"ProjectVersionArn": arn}, day="2026-11-20")
    assert planned.estimate(BOOK, {}, PACE).high == pytest.approx(2 * 4.0 * (2 + 1 + 1 / 60))


def test_a_model_of_several_sources_runs_once_a_day_and_is_shared_by_calls() -> None:
    """At most, each source needs all of it: the plan of the other one may be rejected."""
    planned, model = Planned(), {"ProjectVersionArn": "arn:one"}
    for day in ("2026-11-19", "2026-11-20"):
        planned.add(a_place("custom_labels"), model, times=3, day=day)
        planned.add(a_place("custom_labels", source="other"), model, day=day)
    lines = {line.place.source: line for line in planned.estimate(BOOK, {}, PACE).lines}
    likely = 2 * 4.0 / 60
    assert [lines[name].likely / likely for name in ("photos", "other")] == pytest.approx([0.75, 0.25])
    assert lines["photos"].high == lines["other"].high > 2 * 4.0
    assert planned.models().keys() == {"arn:one"}


def test_the_volume_of_the_month_counts_across_sources_and_features() -> None:
    planned = images(600_000, "archive")
    planned.add(a_place("text"), {}, times=600_000)
    estimate = planned.estimate(BOOK, {IMAGES: 100_000})
    assert estimate.likely == pytest.approx(900_000 * 0.001 + 300_000 * 0.0008)
    assert [line.likely for line in estimate.lines] == [pytest.approx(600), pytest.approx(300 + 240)]
    assert estimate.by("source")["archive"]["likely"] == pytest.approx(600)
    assert estimate.by("feature")["text"]["likely"] == pytest.approx(540)
    assert estimate.by("cost_center").keys() == {"team-of-archive", "team-of-photos"}


def test_free_units_make_only_the_low_estimate_lower() -> None:
    estimate = images(1_500).estimate(BOOK, {IMAGES: 400})
    assert (estimate.low, estimate.likely) == (pytest.approx(0.9), pytest.approx(1.5))


def test_at_volume_the_bound_is_still_the_price_of_the_first_tier() -> None:
    estimate = images(10_000).estimate(BOOK, {IMAGES: 36_000_000})
    assert (estimate.likely, estimate.high) == (pytest.approx(2.5), pytest.approx(11_500 * 0.001))


@pytest.mark.parametrize(
    ("calls", "again"),
    [(0, 0), (2, 12), (100_000, 10_500)],
)
def test_how_many_calls_may_be_billed_again(calls: int, again: int) -> None:
    assert repeats(calls) == again
    planned = images(calls)
    planned.add(a_place(media_type="video"), LABELS, 60_000)
    assert planned.repeats() == again


def test_operations_go_side_by_side_at_their_quotas_and_jobs_twenty_at_once() -> None:
    planned = images(5_000)
    planned.add(a_place("text"), {}, times=100)
    assert planned.estimate(BOOK, {}, PACE).seconds == 100
    assert planned.estimate(BOOK, {}, Throughput({"DetectLabels": 50, "DetectText": 0.5})).seconds == 200
    videos = Planned()
    videos.add(a_place(media_type="video"), LABELS, 600_000)
    assert videos.estimate(BOOK, {}).seconds == 30


def test_what_is_taken_away_again_costs_nothing() -> None:
    planned, model = images(3), {"ProjectVersionArn": "arn:one"}
    before = planned.estimate(BOOK, {}, PACE)
    planned.add(a_place("custom_labels"), model)
    planned.add(a_place("custom_labels"), model, times=-1)
    planned.add(a_place(media_type="video"), LABELS, 61_000)
    planned.add(a_place(media_type="video"), LABELS, 61_000, times=-1)
    assert planned.estimate(BOOK, {}, PACE) == before
    assert planned.models() == {}


def test_nothing_costs_nothing_and_what_has_no_price_is_an_error() -> None:
    assert not Planned()
    assert Planned().estimate(BOOK, {}).usd == {"low": 0, "likely": 0, "high": 0}
    with pytest.raises(PriceError, match="no line"):
        images(1).estimate(BOOK.model_copy(update={"items": {}}), {})
