from __future__ import annotations

import json
from typing import Any

import pytest

from include.core.selection import NOTHING, DayRange, Selection, SelectionError


@pytest.mark.parametrize(
    ("selection", "matches"),
    [
        (Selection.of(None, None), [True, True, True]),
        (Selection.of([], []), [True, True, True]),
        (Selection.of(["labels"], None), [True, True, False]),
        (Selection.of(None, ["A"]), [True, False, True]),
        (Selection.of(["labels", "text"], ["A", "B"]), [True, True, True]),
        (Selection.of(["text"], ["B"]), [False, False, False]),
    ],
)
def test_both_have_to_match(selection: Selection, matches: Any) -> None:
    failures = [("labels", "A"), ("labels", "B"), ("text", "A")]
    assert [selection.matches(*failure) for failure in failures] == matches


def test_a_failure_without_a_code_is_in_a_selection_of_all_only() -> None:
    assert Selection().matches("labels", None)
    assert not Selection.of(None, ["A"]).matches("labels", None)


@pytest.mark.parametrize(
    "selection", [Selection(), Selection.of(["text", "labels"], None), Selection.of(["text"], ["B", "A"])]
)
def test_it_travels_as_json(selection: Selection) -> None:
    assert Selection.from_json(json.loads(json.dumps(selection.to_json()))) == selection


def test_an_unknown_feature_is_named() -> None:
    with pytest.raises(SelectionError, match="no feature has the name lables; choose from labels, "):
        Selection.of(["lables"], None)


def test_nothing_is_another_selection_than_all() -> None:
    assert not NOTHING.matches("labels", "A")
    assert Selection.from_json(json.loads(json.dumps(NOTHING.to_json()))) == NOTHING != Selection()


@pytest.mark.parametrize(
    ("days", "inside"),
    [
        (DayRange(), [True, True, True]),
        (DayRange("2026-11-20"), [False, True, True]),
        (DayRange(None, "2026-11-20"), [True, True, False]),
        (DayRange("2026-11-20", "2026-11-20"), [False, True, False]),
    ],
)
def test_both_ends_of_a_range_are_in_it(days: DayRange, inside: Any) -> None:
    assert [day in days for day in ("2026-11-19", "2026-11-20", "2026-11-21")] == inside


@pytest.mark.parametrize("day", ["2026-02-30", "20261120", "yesterday", "", "2026-11-20T00:00:00"])
def test_what_is_no_day_is_refused(day: str) -> None:
    with pytest.raises(SelectionError, match="is not a day such as 2026-11-20"):
        DayRange(day)
    with pytest.raises(SelectionError):
        DayRange(None, day)


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(SelectionError, match="first day, 2026-11-21, is after the last, 2026-11-20"):
        DayRange("2026-11-21", "2026-11-20")
