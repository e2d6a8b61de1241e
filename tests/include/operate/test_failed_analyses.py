"""Figures of failed analyses; tests/integration/test_redrive.py finds them in tables, through Athena."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from include.core.prices import load_price_book
from include.core.selection import DayRange, Selection, SelectionError
from include.core.settings import Settings
from include.operate import failed_analyses as redrive
from include.operate.failed_analyses import MOST_CAUSES, MOST_DAYS, Failures, find_failures, in_words
from include.store.objects import Row
from tests.include.plan.planning import a_lake

BOOK = load_price_book("us-east-1")


def a_row(**changes: Any) -> Row:
    return {
        "dt": "2026-11-20",
        "media_type": "image",
        "source": "sample",
        "feature": "labels",
        "error_code": "InvalidS3ObjectException",
        "analyses": 3,
        "minutes": 0.0,
        "message": "Unable to get object metadata from S3.",
        **changes,
    }


def test_images_are_priced_by_the_analysis_and_videos_by_the_minute() -> None:
    rows = [a_row(analyses=10), a_row(media_type="video", feature="segments", analyses=4, minutes=12.5)]
    summary = Failures(rows).summary(a_lake(), BOOK, {})
    assert summary["usd"]["likely"] == pytest.approx(10 * 0.001 + 12.5 * 2 * 0.05)
    assert summary["analyses"] == 14


def test_another_attempt_is_priced_by_what_its_source_asks_for_now() -> None:
    shots = {"segments": {"SegmentTypes": ["SHOT"]}}
    both = {"labels": {"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]}}
    rows = [
        a_row(media_type="video", feature="segments", minutes=10.0),
        a_row(media_type="video", feature="segments", minutes=10.0, source="gone"),
        a_row(analyses=4),
        a_row(analyses=4, source="other"),
    ]
    summary = Failures(rows).summary(a_lake(image=[both], video=[shots]), BOOK, {})
    expected = 10 * 0.05 + 10 * 2 * 0.05 + 4 * (0.001 + 0.00075) + 4 * 0.001
    assert summary["usd"]["likely"] == pytest.approx(expected)


def test_causes_are_added_up_over_days_most_frequent_first() -> None:
    rows = [a_row(analyses=1), a_row(dt="2026-11-21", analyses=1), a_row(feature="text", analyses=2)]
    rows += [a_row(feature="text", analyses=3, source="other")]
    summary = Failures(rows).summary(a_lake(), BOOK, {})
    assert [(cause["feature"], cause["analyses"], cause["days"]) for cause in summary["causes"]] == [
        ("text", 5, 1),
        ("labels", 2, 2),
    ]
    assert (summary["days"], summary["first_day"], summary["last_day"]) == (2, "2026-11-20", "2026-11-21")


def test_the_summary_is_bounded_whatever_failed() -> None:
    rows = [
        a_row(dt=f"2026-{month:02d}-{day:02d}", error_code=f"Code{day}{'x' * 60}", message="m" * 5000)
        for month in range(1, 13)
        for day in range(1, 29)
    ]
    summary = Failures(rows).summary(a_lake(), BOOK, {})
    assert (len(summary["causes"]), summary["other_causes"]) == (MOST_CAUSES, 28 - MOST_CAUSES)
    assert len(json.dumps(summary)) < 16 * 1024
    assert f"and {28 - MOST_CAUSES} other causes" in in_words(summary)


def test_nothing_is_selected_is_said_so() -> None:
    summary = Failures([]).summary(a_lake(), BOOK, {})
    assert (summary["analyses"], summary["first_day"], summary["usd"]["high"]) == (0, None, 0)
    assert in_words(summary) == "no failed analysis is selected"


def found_in(
    monkeypatch: pytest.MonkeyPatch, rows: list[Row], media_type: Any = None, selection: Any = None
) -> Failures:
    asked: list[Any] = []

    def read_query(session: Any, settings: Any, name: str, parameters: Any) -> pd.DataFrame:
        asked.append((name, parameters))
        return pd.DataFrame(rows, columns=list(a_row()))

    monkeypatch.setattr(redrive, "read_query", read_query)
    days = DayRange("2026-11-01", None)
    failures = find_failures(None, Settings(), days, media_type, selection or Selection())  # type: ignore[arg-type]
    assert asked == [("reports/failure_causes", ["2026-11-01", "9999-12-31"])]
    return failures


def test_what_is_not_selected_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        a_row(),
        a_row(feature="text"),
        a_row(error_code="ImageTooLargeException"),
        a_row(media_type="video", error_code="VideoJobFailed"),
        a_row(error_code="NotAnalyzed"),
        a_row(feature="people_pathing"),
    ]
    assert list(found_in(monkeypatch, rows).rows) == rows[:4]
    assert list(found_in(monkeypatch, rows, "video").rows) == rows[3:4]
    selection = Selection.of(["labels"], ["InvalidS3ObjectException", "VideoJobFailed"])
    assert list(found_in(monkeypatch, rows, None, selection).rows) == [rows[0], rows[3]]
    assert found_in(monkeypatch, []).days() == []


def test_too_many_days_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    days = [day.date().isoformat() for day in pd.date_range("2020-01-01", periods=MOST_DAYS + 1)]
    with pytest.raises(SelectionError, match="failures of 1001 days are selected; at most 1000"):
        found_in(monkeypatch, [a_row(dt=day) for day in days])
    assert len(found_in(monkeypatch, [a_row(dt=day) for day in days[1:]]).days("image")) == MOST_DAYS
