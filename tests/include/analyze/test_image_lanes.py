from __future__ import annotations

import json

import pytest

from include.analyze.image_lanes import ImageWork, Lane, Outcome, Outcomes, Summary, lanes_of, received
from include.core.features import FEATURES
from include.store.ledger import Entry


def work(feature: str, key: str = "k", version: str | None = None) -> ImageWork:
    call = FEATURES[feature].image
    assert call is not None
    asset = {"bucket": "b", "key": key, "version_id": version}
    return ImageWork(key, feature, call, {"MinConfidence": 30.0}, asset, {})


@pytest.mark.parametrize("version", [None, "v1"])
def test_a_request_names_the_object_and_its_version_if_there_is_one(version: str | None) -> None:
    named = {"Bucket": "b", "Name": "a.jpg"} | ({"Version": version} if version else {})
    request = work("labels", "a.jpg", version).request
    assert request == {"Image": {"S3Object": named}, "MinConfidence": 30.0}


def test_features_of_one_operation_share_a_lane() -> None:
    lanes = lanes_of([work("labels"), work("text"), work("image_properties")])
    assert [(lane.operation, lane.left) for lane in lanes] == [("DetectLabels", 2), ("DetectText", 1)]


def test_what_is_taken_and_not_handed_over_is_no_longer_left() -> None:
    lane = Lane("DetectText", [work("text", str(number)) for number in range(5)])
    taken = lane.next_open(3)
    assert [item.key for item in taken] == ["0", "1", "2"]
    assert lane.left == 2
    lane.hand_over(taken[0], Entry(key="0", state="running"))
    assert (lane.left, lane.in_flight) == (3, 1)
    assert lane.claimed.get()[0] is taken[0]  # type: ignore[index]
    assert len(lane.next_open(100)) == 2


def test_what_has_come_is_received_together() -> None:
    lane, outcomes = Lane("DetectText", []), Outcomes()
    for number in range(3):
        outcomes.put((lane, Outcome(work("text", str(number)), "exists")))
    assert [outcome.work.key for _, outcome in received(outcomes)] == ["0", "1", "2"]  # type: ignore[union-attr]


def test_a_summary_is_small_whatever_the_batch() -> None:
    summary = Summary(calls=10**6, failed=10**6)
    for number in range(1000):
        summary.errors.add(f"Error{number}", "long " * 1000)
    assert len(json.dumps(summary.to_xcom())) < 1500
