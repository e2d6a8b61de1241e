"""The words of a note."""

from __future__ import annotations

from include.operate.alerts import Alert
from include.operate.run_notes import NOTE_BYTES, note_of_failure, note_of_success


def test_figures_of_several_tasks_are_added() -> None:
    figures = [{"files": 3, "images": 2, "videos": 1}, {"files": 1000, "images": 1000, "videos": 0}]
    assert note_of_success(None, figures) == "Result: 1,003 files, 1,002 images, 1 videos"


def test_exact_costs_are_told_from_an_estimate() -> None:
    assert note_of_success("2026-11-20", [{"rows": 2, "usd": 0.5, "saved_usd": 1.25}]) == (
        "Result of 2026-11-20: 2 rows, $0.5000 paid, $1.2500 saved by reuse"
    )
    assert (note_of_success("2026-11-20", [{"paid": 2, "usd": 0.5}]) or "").endswith("2 paid, about $0.5000")


def test_an_unknown_price_is_left_out() -> None:
    assert note_of_success("2026-11-20", [{"paid": 2, "usd": None}]) == "Result of 2026-11-20: 2 paid"


def test_a_run_without_figures_has_no_note() -> None:
    assert note_of_success("2026-11-20", []) is None


def test_a_failure_is_cut_and_does_not_link_to_itself() -> None:
    alert = Alert("s", ("Failed tasks: plan", "Causes: " + "é" * 5000, "Run: http://localhost/dags"))
    note = note_of_failure("2026-11-20", alert)
    assert len(note.encode()) <= NOTE_BYTES
    assert "http" not in note
    assert note.startswith("Result of 2026-11-20: Failed tasks: plan; Causes: é")


def test_kinds_of_which_there_were_none_are_left_out() -> None:
    figures = {"files": 0, "images": 0, "videos": 0, "paid": 0, "reused": 0, "failed": 0, "rejected": 0}
    assert note_of_success(None, [figures]) == "Result: 0 files, 0 paid, 0 reused, 0 failed"
