from __future__ import annotations

from include.core.error_counts import EXAMPLE_CHARACTERS, ErrorCounts


def test_errors_are_counted_by_code_with_the_first_message_of_each() -> None:
    errors = ErrorCounts()
    for code, message in (("A", "first"), ("B", "other"), ("A", "second")):
        errors.add(code, message)
    assert errors.to_xcom() == {"errors": {"A": 2, "B": 1}, "examples": {"A": "first", "B": "other"}}


def test_a_summary_is_small_whatever_failed() -> None:
    errors = ErrorCounts()
    for number in range(1000):
        errors.add(f"E{number}", "m" * 10_000)
        errors.add("Frequent", None)
    summary = errors.to_xcom()
    assert summary["errors"]["Frequent"] == 1000
    assert len(summary["errors"]) == len(summary["examples"]) == 3
    assert max(map(len, summary["examples"].values())) == EXAMPLE_CHARACTERS


def test_what_has_no_code_is_counted_too() -> None:
    errors = ErrorCounts()
    errors.add(None, None)
    assert errors.to_xcom() == {"errors": {"unknown": 1}, "examples": {"unknown": ""}}
