"""What came of a run stands in its note."""

from __future__ import annotations

from typing import Any


def test_a_run_that_succeeded_says_what_it_did(created_runs: dict[str, Any]) -> None:
    note = created_runs["notes"]["success"]
    assert note == (
        "Result of 2026-11-20: 36 files, 40 paid, 1,372 reused, 0 failed, 1,204 rows, about $0.0410"
    )


def test_a_run_that_ends_again_says_what_it_did_last(created_runs: dict[str, Any]) -> None:
    assert " 41 paid, " in created_runs["notes"]["again"]


def test_a_run_that_failed_says_where_and_why(created_runs: dict[str, Any]) -> None:
    note = created_runs["notes"]["failure"]
    assert note.startswith("Result of 2026-11-21: Failed tasks: publish; Causes: AccessDeniedException (1")


def test_no_note_is_longer_than_the_column(created_runs: dict[str, Any]) -> None:
    """PostgreSQL would refuse a longer one, and with it the end of the run."""
    assert all(len(note or "") <= 1000 for note in created_runs["notes"].values())


def test_runs_of_others_get_no_note(created_runs: dict[str, Any]) -> None:
    assert created_runs["notes"]["of another team"] is None


def test_a_run_that_a_person_rejected_says_so(created_runs: dict[str, Any]) -> None:
    assert created_runs["notes"]["rejection"].endswith("a person rejected it; nothing was published")


def test_a_note_of_a_person_is_left_alone(created_runs: dict[str, Any]) -> None:
    assert created_runs["notes"]["by a person"] == "Ask Ada first"
