from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from include.core.schemas import TABLES
from include.normalize.limits import fit


def a_row(table: str, **values: Any) -> dict[str, Any]:
    return dict.fromkeys(TABLES[table].column_types) | values


TEXT = {"text": "x", "type": "WORD", "confidence": 90.0}


@pytest.mark.parametrize(
    ("column", "value", "kept"),
    [
        ("confidence", 0.0, 0.0),
        ("confidence", 100.0, 100.0),
        ("confidence", 100.00000762939453, 100.0),
        ("confidence", -1e-7, 0.0),
        ("text_id", 2**31 - 1, 2**31 - 1),
        ("text_id", 2**31, None),
        ("text_id", -(2**31) - 1, None),
        ("timestamp_ms", 0, 0),
        ("timestamp_ms", -1, None),
        ("timestamp_ms", 2**63, None),
        ("box_left", -7.5, -7.5),
        ("box_width", -1e-6, 0.0),
        ("box_width", -0.1, None),
        ("box_width", 1e308, 1e308),
        ("confidence", 100.1, None),
    ],
)
def test_what_is_outside_a_columns_limits_becomes_null(column: str, value: Any, kept: Any) -> None:
    row, anomalies = a_row("texts", **TEXT | {column: value}), Counter[str]()
    assert fit("texts", row, anomalies)
    assert row[column] == kept
    assert type(row[column]) is type(kept)
    assert anomalies == ({f"texts with {column} out of range": 1} if kept is None else {})


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        ({"text": None}, {"texts without text": 1}),
        ({"text": None, "type": None}, {"texts without text, type": 1}),
        ({"type": "PAGE"}, {"texts with type out of range": 1, "texts without type": 1}),
    ],
)
def test_a_row_without_what_is_required_is_left_out(changes: dict[str, Any], counted: dict[str, int]) -> None:
    anomalies: Counter[str] = Counter()
    assert not fit("texts", a_row("texts", **TEXT | changes), anomalies)
    assert anomalies == counted


def test_a_row_that_fits_is_left_as_it_is() -> None:
    row, anomalies = a_row("texts", **TEXT), Counter[str]()
    before = dict(row)
    assert fit("texts", row, anomalies)
    assert (row, anomalies) == (before, {})
