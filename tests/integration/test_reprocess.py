"""What costs nothing, and what is paid for exactly once, counted by the local Rekognition."""

from __future__ import annotations

import pytest

from include.plan.planner import plan
from include.store.ledger import Entry
from include.store.manifest import discovered_days
from include.store.plan_batches import read_plan
from tests.integration.conftest import ROOT, LocalLake
from tests.integration.enriched_days import BOOK, Days

pytestmark = pytest.mark.integration

PHOTO = (ROOT / "local" / "sample_media" / "grace-hopper.jpg").read_bytes()


@pytest.fixture
def days(local_lake: LocalLake) -> Days:
    return Days(local_lake)


def test_a_change_of_a_threshold_costs_nothing(days: Days) -> None:
    """Neither when the day is enriched again nor when it is reprocessed."""
    day = "2026-05-01"
    days.put(day, "portrait.jpg", PHOTO)
    lake = days.lake(["labels"], min_confidence={"labels": 30})
    days.discover(day, lake)
    days.enrich(day, lake)
    count = f"SELECT count(*), min(confidence) FROM labels WHERE dt = '{day}'"
    ((before, least),) = days.query(count)
    calls = days.calls()
    assert before > 0

    strict = days.lake(["labels"], min_confidence={"labels": min(100, least + 0.01)})
    for again in (days.enrich, days.reprocess):
        assert again(day, strict)["calls"] == 0
        ((filtered, _),) = days.query(count)
        assert filtered < before
        assert again(day, lake)["calls"] == 0
        assert days.query(count) == [[before, least]]
    assert days.calls() == calls


def test_reprocessing_pays_for_nothing_whatever_is_missing(days: Days) -> None:
    """New files, new features, other members and a pinned version are all left to the Dag that pays."""
    day = "2026-05-02"
    days.put(day, "a.jpg", days.picture(1))
    days.put(day, "gone.jpg", days.picture(2))
    lake = days.lake(["moderation"])
    days.discover(day, lake)
    days.delete(day, "gone.jpg")
    days.enrich(day, lake)
    assert days.analyses(day) == {("a.jpg", "moderation"): "succeeded", ("gone.jpg", "moderation"): "failed"}
    (cause,) = days.query(f"SELECT error_code, error_message FROM failed_analyses WHERE dt = '{day}'")
    calls = days.local_lake.billed()
    requests = days.local_lake.requests("DetectModerationLabels")

    days.put(day, "gone.jpg", days.picture(2))  # an enriching run would succeed now
    figures = days.reprocess(day, days.lake(["moderation", "image_properties"]))
    assert figures["calls"] == 0
    assert days.analyses(day) == {
        ("a.jpg", "moderation"): "reused",
        ("gone.jpg", "moderation"): "failed",
        ("a.jpg", "image_properties"): "stopped",
        ("gone.jpg", "image_properties"): "stopped",
    }
    assert days.query(f"SELECT error_code, error_message FROM failed_analyses WHERE dt = '{day}'") == [cause]
    days.reprocess(day, days.lake(["moderation"], model_versions={"moderation": "99"}))
    assert days.analyses(day)["a.jpg", "moderation"] == "reused"
    assert days.local_lake.billed() == calls
    assert days.local_lake.requests("DetectModerationLabels") == requests
    assert day in discovered_days(days.local_lake.client("s3"), days.local_lake.settings.bucket)


def test_a_change_of_the_request_pays_for_exactly_what_is_missing(days: Days) -> None:
    day = "2026-05-03"
    for number in range(3):
        days.put(day, f"{number}.jpg", days.picture(10 + number))
    days.put(day, "other.jpg", days.picture(20), source="two")
    lake = days.lake(["moderation", "image_properties"], ["moderation"])
    days.discover(day, lake)
    assert days.enrich(day, lake)["calls"] == days.calls() == 7
    changed = days.lake([{"moderation": {"MinConfidence": 60.0}}, "image_properties"], ["moderation"])
    assert days.enrich(day, changed)["calls"] == 3
    assert days.calls() == 10
    assert days.enrich(day, changed)["calls"] == days.enrich(day, lake)["calls"] == 0
    assert days.calls() == 10


def test_duplicates_are_paid_once_within_a_day_across_days_and_across_sources(days: Days) -> None:
    """Unless two sources ask for different things: then once for each."""
    first, second = "2026-05-04", "2026-05-05"
    same = ["image_properties", "moderation"]
    lake = days.lake(same, ["image_properties", {"moderation": {"MinConfidence": 60.0}}])
    for name in ("a.jpg", "b.jpg"):
        days.put(first, name, days.picture(30))
        days.put(first, name, days.picture(30), source="two")
    days.put(second, "c.jpg", days.picture(30))
    days.put(second, "d.jpg", days.picture(30), source="two")
    for day in (first, second):
        days.discover(day, lake)
    assert days.enrich(first, lake)["calls"] == 3
    assert days.enrich(second, lake)["calls"] == 0
    assert days.calls() == 3
    paid = days.query(
        f"SELECT count(*) FROM analyses WHERE dt IN ('{first}', '{second}') AND status = 'succeeded'"
    )
    assert paid == [[3]]


def test_a_version_that_is_pinned_is_paid_for_once_even_if_another_one_answers(
    days: Days, caplog: pytest.LogCaptureFixture
) -> None:
    day = "2026-05-06"
    days.put(day, "a.jpg", days.picture(40))
    days.put(day, "b.jpg", days.picture(41))
    lake = days.lake(["moderation"])
    days.discover(day, lake)
    days.enrich(day, lake)
    ((version,),) = days.query(f"SELECT DISTINCT model_version FROM analyses WHERE dt = '{day}'")
    assert days.calls() == 2

    same = days.lake(["moderation"], model_versions={"moderation": version})
    assert days.enrich(day, same)["calls"] == 0  # it was made before the pin and is right

    other = days.lake(["moderation"], model_versions={"moderation": f"{version}9"})
    assert days.enrich(day, other)["calls"] == 2
    assert f"{{'moderation {version}': 2}}" in caplog.text
    assert days.calls() == 4
    assert days.enrich(day, other)["calls"] == 0
    assert "2 analyses of moderation were paid for at the pinned version" in caplog.text
    assert days.query(f"SELECT DISTINCT model_version FROM analyses WHERE dt = '{day}'") == [[version]]
    assert days.enrich(day, lake)["calls"] == days.enrich(day, same)["calls"] == 0
    assert days.calls() == 4


def test_one_analysis_that_is_missing_in_the_ledger_is_the_only_one_planned(days: Days) -> None:
    day = "2026-05-07"
    for number in range(4):
        days.put(day, f"{number}.jpg", days.picture(50 + number))
    lake = days.lake(["moderation", "image_properties"])
    days.discover(day, lake)
    workspace = days.local_lake.workspace(days.run(day), lake)
    batches, _ = plan(workspace, "image", BOOK, dict)
    rows = read_plan(workspace.s3, batches[0]["uri"])
    keys = [item["analysis_key"] for row in rows for item in row["analyses"]]
    workspace.ledger.finish([Entry(key, "done") for key in keys[1:]])
    _, figures = plan(workspace, "image", BOOK, dict)
    assert (figures["calls"], figures["reused"]) == (1, 7)
