from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from include.normalize import normalize
from include.normalize.members import JsonObject
from include.normalize.normalizer_registry import NORMALIZERS, TableRow, normalizes


def no_rows(pages: Iterable[JsonObject]) -> Iterator[TableRow]:
    return iter(())


def test_a_function_normalizes_the_operations_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(NORMALIZERS, "DetectText")
    assert normalizes("DetectText")(no_rows) is no_rows
    assert list(normalize("DetectText", [{"TextDetections": [{"DetectedText": "x"}]}])) == []


def test_an_operation_has_one_normalizer() -> None:
    before = dict(NORMALIZERS)
    with pytest.raises(ValueError, match="two functions normalize DetectText"):
        normalizes("DetectText")(no_rows)
    assert before == NORMALIZERS
