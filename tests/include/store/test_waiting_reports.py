from __future__ import annotations

from dataclasses import replace
from typing import Any

from include.core.run import Run
from include.store.objects import get
from include.store.waiting_reports import ask_for_report, days_asked_for, note_reported


def test_days_are_found_oldest_first_with_all_their_markers(s3: Any, run: Run) -> None:
    for day in ("2026-11-20", "2026-01-02", "2026-11-20"):
        ask_for_report(s3, replace(run, partition=day))
    found = days_asked_for(s3, run.bucket)
    assert list(found) == ["2026-01-02", "2026-11-20"]
    assert [len(markers) for markers in found.values()] == [1, 2]
    assert get(s3, found["2026-01-02"][0]) == b"enrich_images manual__2026-11-20\n"


def test_what_is_asked_for_meanwhile_waits_on(s3: Any, run: Run) -> None:
    """Also if the same run asks again: what it logged since is not in the report."""
    ask_for_report(s3, run)
    before = days_asked_for(s3, run.bucket)
    ask_for_report(s3, run)
    note_reported(s3, before[run.partition])
    assert list(days_asked_for(s3, run.bucket)) == [run.partition]
    note_reported(s3, days_asked_for(s3, run.bucket)[run.partition])
    assert days_asked_for(s3, run.bucket) == {}
    note_reported(s3, [])
