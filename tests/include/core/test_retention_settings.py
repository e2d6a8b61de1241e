from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from include.core.lake import Lake, load_lake
from include.core.retention_settings import RETAINABLE, Retention
from include.core.schemas import TABLES
from include.core.settings import Settings


def lake(**retention: Any) -> Lake:
    sources = [
        {"name": "school", "prefix": "a/", "cost_center": "t", "features": {}, "retention": retention},
        {"name": "press", "prefix": "b/", "cost_center": "t", "features": {}},
    ]
    shared = {"days": 700, "sensitive_days": 90, "tables": {"celebrities": 30}}
    centers = {"t": {"title": "T"}}
    return Lake.model_validate({"cost_centers": centers, "sources": sources, "retention": shared})


def test_what_is_said_more_closely_counts() -> None:
    made = lake(sensitive_days=10)
    kept = {(source, table): made.kept_days(source, table) for source in ("school", "press", None)
            for table in ("labels", "faces", "celebrities")}  # fmt: skip
    assert kept == {
        ("school", "labels"): 700, ("school", "faces"): 10, ("school", "celebrities"): 10,
        ("press", "labels"): 700, ("press", "faces"): 90, ("press", "celebrities"): 30,
        (None, "labels"): 700, (None, "faces"): 90, (None, "celebrities"): 30,
    }  # fmt: skip


def test_nothing_goes_unless_it_is_said_and_money_never_does() -> None:
    assert [Retention().days_of(table) for table in RETAINABLE] == [None] * len(RETAINABLE)
    assert {"usage", "costs_daily", "publications", "erasures"}.isdisjoint(RETAINABLE)
    with pytest.raises(ValidationError, match="usage is no table about media"):
        Retention(tables={"usage": 3})


def test_the_shipped_file_keeps_people_for_a_year_and_everything_else() -> None:
    shipped = load_lake(Settings().lake_file)
    for table in RETAINABLE:
        assert shipped.kept_days("sample", table) == (365 if TABLES[table].sensitive else None)
