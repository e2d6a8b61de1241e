"""What is said without a report of Great Expectations is what its report says, to the letter."""

from __future__ import annotations

import subprocess
import sys
from random import Random
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from include.core.schemas import TABLES, Column, Table
from include.store.objects import Row
from include.validate.expectations import evaluate, report
from include.validate.known_results import has_columns_of, results_of_no_rows
from include.validate.promises import (
    COLUMNS,
    ROW_COUNT,
    bounded,
    counted,
    promises_of_keys,
    promises_of_rows,
    promises_of_schema,
)

ANY_TABLE = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)

ROWS = 12


def by_name(results: list[Row]) -> list[Row]:
    """Return results in an order of their own: Great Expectations groups them by column."""
    return sorted(results, key=lambda row: (row["expectation"], row["column_name"] or ""))


def no_rows(table: Table) -> pd.DataFrame:
    return table.arrow_schema.empty_table().to_pandas(types_mapper=pd.ArrowDtype)


@ANY_TABLE
def some_rows(table: Table) -> pd.DataFrame:
    """Return rows of which each column is right, or wrong by chance, or null by chance or always.

    All rows of some tables are there twice.
    """

    is_doubled = len(table.name) % 2

    def values(column: Column, kind: pa.DataType) -> list[Any]:
        random = Random(f"{table.name} {column.name}")
        choices: list[Any] = [f"x{number}" for number in range(4000)]
        if column.values:
            choices = [*column.values, *random.choice([[], ["x"]])]
        elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
            choices = [0, 1, *random.choice([[], [-1, 101]])]
        elif not pa.types.is_string(kind):
            choices = [None]
        share_of_nulls = 0.0 if column.name in table.unique else random.choice([0.0, 0.0, 0.3, 1.0])
        rows = ROWS // 2 if is_doubled else ROWS
        drawn = [None if random.random() < share_of_nulls else random.choice(choices) for _ in range(rows)]
        return drawn * (ROWS // rows)

    kinds = zip(table.columns, table.arrow_schema.types, strict=True)
    arrays = {column.name: values(column, kind) for column, kind in kinds}
    return pa.table(arrays, table.arrow_schema).to_pandas(types_mapper=pd.ArrowDtype)


@ANY_TABLE
def test_rows_of_a_table(table: Table) -> None:
    promises = list(promises_of_rows(table))
    assert has_columns_of(list(no_rows(table).columns), promises)
    said = results_of_no_rows(table, promises, "r")
    assert by_name(said) == by_name(report(table, no_rows(table), promises, "r"))


@ANY_TABLE
@pytest.mark.parametrize("expected", [0, 3])
def test_keys_of_a_table_and_a_count_that_is_right_or_wrong(table: Table, expected: int) -> None:
    keys = no_rows(table).reindex(columns=list(table.unique))
    promises = [*promises_of_keys(table), counted(expected)]
    said = results_of_no_rows(table, promises, "r")
    assert by_name(said) == by_name(report(table, keys, promises, "r"))
    assert said[-1]["success"] is (expected == 0)


def test_promises_that_are_kept_and_broken() -> None:
    outcomes = set()
    for table in TABLES.values():
        frame, promises = some_rows(table), [*promises_of_schema(table), counted(ROWS)]
        said = evaluate(table, frame, promises, "r")
        assert by_name(said) == by_name(report(table, frame, promises, "r"))
        outcomes |= {(row["expectation"], row["success"]) for row in said}
    kinds = {name for name, _ in outcomes}
    assert outcomes == {(name, success) for name in kinds for success in (True, False)} - {
        (COLUMNS, False),
        (ROW_COUNT, False),
    }


def test_ends_of_findings() -> None:
    promises = [bounded("past_end_ms", maximum=1000.0)]
    frame = pd.DataFrame({"past_end_ms": pd.Series(dtype="float64")})
    table = TABLES["segments"]
    assert results_of_no_rows(table, promises, "r") == report(table, frame, promises, "r")


def test_columns_that_are_missing_or_in_another_order_are_left_to_great_expectations() -> None:
    table = TABLES["segments"]
    promises, columns = list(promises_of_schema(table)), list(table.column_types)
    assert has_columns_of(columns, promises)
    for wrong in (columns[1:], columns[::-1], [*columns, "extra"]):
        assert not has_columns_of(wrong, promises)


def test_a_day_without_rows_does_without_the_library() -> None:
    code = """
import sys
from include.core.schemas import TABLES
from include.validate.audit import check
for table in TABLES.values():
    assert check(table, table.arrow_schema.empty_table().to_pandas(), "r")
assert "great_expectations" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
