"""Failed analyses are listed with their causes, priced, and asked for again as selected."""

from __future__ import annotations

from typing import Any

import pytest

from include.core.selection import NOTHING, DayRange, Selection
from include.operate.failed_analyses import Failures, find_failures, in_words
from tests.integration.conftest import LocalLake
from tests.integration.enriched_days import BOOK, Days

pytestmark = pytest.mark.integration

DAYS = ("2026-06-01", "2026-06-02")
GONE, BROKEN = "InvalidS3ObjectException", "InvalidImageFormatException"
FEATURES = ("moderation", "image_properties")


@pytest.fixture
def days(local_lake: LocalLake) -> Days:
    """A day with a good file, one that vanished and one that was replaced by something else."""
    days = Days(local_lake)
    fail(days, DAYS[0])
    return days


def fail(days: Days, day: str) -> None:
    lake = days.lake(FEATURES)
    for name, body in pictures(days, day).items():
        days.put(day, name, body)
    days.discover(day, lake)
    days.delete(day, "gone.jpg")
    days.put(day, "broken.jpg", b"no picture any more")
    days.enrich(day, lake)


def heal(days: Days, day: str) -> None:
    """Bring back what vanished and what was replaced."""
    for name, body in pictures(days, day).items():
        days.put(day, name, body)


def pictures(days: Days, day: str) -> dict[str, bytes]:
    first = 10 * DAYS.index(day)
    return {
        name: days.picture(first + place) for place, name in enumerate(("good.jpg", "gone.jpg", "broken.jpg"))
    }


def failures(
    days: Days, selection: Selection | None = None, first: str = DAYS[0], last: str = DAYS[1]
) -> Failures:
    local_lake = days.local_lake
    days_wanted = DayRange(first, last)
    return find_failures(
        local_lake.session, local_lake.settings, days_wanted, "image", selection or Selection()
    )


def test_failures_are_listed_with_their_causes_and_priced(days: Days) -> None:
    fail(days, DAYS[1])
    listed = days.query(
        "SELECT dt, feature, error_code, count(*) FROM failed_analyses"
        f" WHERE dt IN {DAYS} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    assert listed == [
        [day, feature, code, 1] for day in DAYS for feature in sorted(FEATURES) for code in (BROKEN, GONE)
    ]
    found = failures(days)
    summary = found.summary(days.lake(FEATURES), BOOK, {})
    assert found.days() == found.days("image") == list(DAYS)
    assert found.days("video") == []
    assert (summary["analyses"], summary["days"]) == (8, 2)
    assert summary["usd"]["likely"] == pytest.approx(4 * 0.001 + 4 * 0.00075)
    assert {
        (cause["feature"], cause["error_code"], cause["analyses"], cause["days"])
        for cause in summary["causes"]
    } == {(feature, code, 2, 2) for feature in FEATURES for code in (BROKEN, GONE)}
    assert "8 failed analyses of 2 days, 2026-06-01 to 2026-06-02" in in_words(summary)
    assert failures(days, first=DAYS[1]).days() == [DAYS[1]]
    assert (
        failures(days, Selection.of(["moderation"], [GONE])).summary(days.lake(FEATURES), BOOK, {})[
            "analyses"
        ]
        == 2
    )
    assert (
        in_words(failures(days, NOTHING).summary(days.lake(FEATURES), BOOK, {}))
        == "no failed analysis is selected"
    )


@pytest.mark.parametrize(
    ("selection", "healed"),
    [
        (Selection.of(["moderation"], None), {("gone.jpg", "moderation"), ("broken.jpg", "moderation")}),
        (Selection.of(None, [GONE]), {("gone.jpg", feature) for feature in FEATURES}),
        (Selection.of(["image_properties"], [BROKEN]), {("broken.jpg", "image_properties")}),
        (NOTHING, set()),
    ],
)
def test_what_is_selected_is_paid_for_and_nothing_else(days: Days, selection: Selection, healed: Any) -> None:
    heal(days, DAYS[0])
    lake, before = days.lake([*FEATURES, "text"]), days.local_lake.billed()
    figures = days.enrich(DAYS[0], lake, [selection])
    assert figures["calls"] == len(healed)
    billed = days.local_lake.billed()
    paid = {key: count - before.get(key, 0) for key, count in billed.items() if count != before.get(key, 0)}
    operations = {"moderation": "DetectModerationLabels", "image_properties": "DetectLabels"}
    assert paid == {(days.key(DAYS[0], name), operations[feature]): 1 for name, feature in healed}
    statuses = days.analyses(DAYS[0])
    assert {name for name, status in statuses.items() if status == "succeeded"} == healed
    assert {name for name, status in statuses.items() if status == "failed"} == {
        (name, feature) for name in ("gone.jpg", "broken.jpg") for feature in FEATURES
    } - healed
    assert {feature for (_, feature), status in statuses.items() if status == "stopped"} == {"text"}


def test_a_redrive_that_fails_again_is_recorded_with_its_new_cause(days: Days) -> None:
    days.put(DAYS[0], "gone.jpg", b"something else")
    days.enrich(DAYS[0], days.lake(FEATURES), [Selection.of(None, [GONE])])
    summary = failures(days, last=DAYS[0]).summary(days.lake(FEATURES), BOOK, {})
    assert {(cause["error_code"], cause["analyses"]) for cause in summary["causes"]} == {(BROKEN, 2)}
    assert days.enrich(DAYS[0], days.lake(FEATURES), [Selection.of(None, [GONE])])["calls"] == 0
