from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from include.normalize import members


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1.0), (1.5, 1.5), ("99.5", 99.5), (" 7 ", 7.0), ("NULL", None), ("", None), (None, None),
     (True, None), ([], None), (float("nan"), None), ("inf", None), (10**400, None)],
)  # fmt: skip
def test_number(value: Any, expected: float | None) -> None:
    assert members.number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(7, 7), (-7, -7), (1.6, 2), ("12", 12), ("12.4", 12), (False, None), (None, None), ("NULL", None),
     ({}, None)],
)  # fmt: skip
def test_whole(value: Any, expected: int | None) -> None:
    assert members.whole(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (False, False), ("true", True), ("False", False), ("NULL", None), (1, None), (None, None),
     ([], None)],
)  # fmt: skip
def test_truth(value: Any, expected: bool | None) -> None:
    assert members.truth(value) is expected


@pytest.mark.parametrize(
    ("value", "text", "word"),
    [("a", "a", "a"), ("", "", None), ("NULL", "NULL", None), (None, None, None), (5, None, None),
     ("é\ud800", "é?", "é?")],
)  # fmt: skip
def test_text_and_word(value: Any, text: str | None, word: str | None) -> None:
    assert members.text(value) == text
    assert members.word(value) == word


def test_lists_have_what_is_of_their_kind() -> None:
    assert members.objects([{"a": 1}, None, "x", [], {}]) == [{"a": 1}, {}]
    assert members.words(["a", None, "NULL", "", 5]) == ["a"]
    assert members.names([{"Name": "a"}, {"Name": None}, {}, "b"]) == ["a"]
    assert members.polygon([{"X": 1, "Y": "0.5"}, {}, None]) == [{"x": 1.0, "y": 0.5}, {"x": None, "y": None}]
    assert [found("x") for found in (members.objects, members.words, members.names, members.polygon)] == [
        []
    ] * 4


def test_a_box_may_be_outside_the_frame_and_have_a_name() -> None:
    assert members.box({"Left": -0.1, "Width": 1.2}, "face_box") == {
        "face_box_left": -0.1, "face_box_top": None, "face_box_width": 1.2, "face_box_height": None,
    }  # fmt: skip


def test_members_are_counted_by_path_at_any_depth() -> None:
    counts: Counter[str] = Counter()
    face = {"Face": {"FaceId": "x", "Mood": 1}, "Similarity": 99, "Rank": 1}
    page = {
        "ResponseMetadata": {"x": 1},
        "FaceMatches": [face, face, None],
        "SearchedFaceId": [],
        "Later": {"a": 1},
    }
    (passed,) = members.count_unknown_members("SearchFaces", [page], counts)
    assert counts == {"FaceMatches[].Face.Mood": 2, "FaceMatches[].Rank": 2, "Later": 1}
    assert passed == {name: value for name, value in page.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize("page", [None, [], "x", 5])
def test_what_is_no_page_is_an_empty_one(page: Any) -> None:
    assert list(members.count_unknown_members("DetectText", [page], Counter())) == [{}]
