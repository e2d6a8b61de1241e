from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.store.sorted_runs import SpilledRuns, in_order, merge

SCHEMA = pa.schema([("name", pa.string()), ("at", pa.int64()), ("number", pa.int64())])
KEYS = ("name", "at")
# Few values, so that many rows have the same key, also over runs.
a_key = st.tuples(
    st.sampled_from(["", "Cat", "Zoë", "\U0001f3ac", None]), st.sampled_from([-1, 0, 7, 2**60, None])
)


def ordered(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Sort rows by their first two values in UTF-8, nulls last."""
    return sorted(
        rows, key=lambda row: [(row[0] is None, (row[0] or "").encode()), (row[1] is None, row[1] or 0)]
    )


def a_table(rows: list[tuple[Any, ...]]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(a_key, min_size=1, max_size=30), min_size=1, max_size=6), st.integers(1, 9))
def test_the_rows_of_all_runs_come_out_in_order(
    tmp_path: Path, keys: list[list[Any]], at_a_time: int
) -> None:
    numbers = iter(range(10_000))
    runs = [[(*key, next(numbers)) for key in run] for run in keys]
    spilled = SpilledRuns(tmp_path / "runs", SCHEMA, at_a_time)
    for run in runs:
        spilled.add(in_order(a_table(run), KEYS))
    merged = [tuple(row.values()) for table in merge(spilled.read(), KEYS) for row in table.to_pylist()]
    assert [row[:2] for row in merged] == [row[:2] for row in ordered(list(chain(*runs)))]
    assert sorted(row[2] for row in merged) == list(range(spilled.rows))


@pytest.mark.parametrize("disjoint", [True, False])
def test_few_rows_of_each_run_are_in_hand(tmp_path: Path, disjoint: bool) -> None:
    """Whether runs follow one another or overlap: what comes out at once is no more than was in hand."""
    spilled = SpilledRuns(tmp_path / "runs", SCHEMA, 10)
    for run in range(5):
        keys = range(run * 1000, run * 1000 + 200) if disjoint else range(run, 1000, 5)
        spilled.add(a_table([("x", key, run) for key in keys]))
    tables = list(merge(spilled.read(), KEYS))
    assert max(table.num_rows for table in tables) <= 5 * 2 * 10
    numbers = [at for table in tables for at in table.column("at").to_pylist()]
    assert len(numbers) == 1000
    assert numbers == sorted(numbers)


def test_without_keys_rows_stay_as_they_were_written(tmp_path: Path) -> None:
    spilled = SpilledRuns(tmp_path / "runs", SCHEMA, 100)
    for start in (7, 3):
        spilled.add(a_table([("x", start, 0), ("a", start + 1, 0)]))
    (table,) = merge(spilled.read(), ())
    assert table.column("at").to_pylist() == [7, 8, 3, 4]
