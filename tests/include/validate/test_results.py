"""What is said of a table without rows is what Great Expectations says of it, to the letter."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from include.core.schemas import TABLES, Table
from include.store.objects import Row
from include.validate.expectations import evaluate
from include.validate.no_rows import has_columns_of, results_of_no_rows
from include.validate.promises import bounded, counted, promises_of_keys, promises_of_rows, promises_of_schema

ANY_TABLE = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)


def by_name(results: list[Row]) -> list[Row]:
    """Return results in an order of their own: Great Expectations groups them by column."""
    return sorted(results, key=lambda row: (row["expectation"], row["column_name"] or ""))


def no_rows(table: Table) -> pd.DataFrame:
    return table.arrow_schema.empty_table().to_pandas(types_mapper=pd.ArrowDtype)


@ANY_TABLE
def test_rows_of_a_table(table: Table) -> None:
    promises = list(promises_of_rows(table))
    assert has_columns_of(list(no_rows(table).columns), promises)
    said = results_of_no_rows(table, promises, "r")
    assert by_name(said) == by_name(evaluate(table, no_rows(table), promises, "r"))


@ANY_TABLE
@pytest.mark.parametrize("expected", [0, 3])
def test_keys_of_a_table_and_a_count_that_is_right_or_wrong(table: Table, expected: int) -> None:
    keys = no_rows(table).reindex(columns=list(table.unique))
    promises = [*promises_of_keys(table), counted(expected)]
    said = results_of_no_rows(table, promises, "r")
    assert by_name(said) == by_name(evaluate(table, keys, promises, "r"))
    assert said[-1]["success"] is (expected == 0)


def test_ends_of_findings() -> None:
    promises = [bounded("past_end_ms", maximum=1000.0)]
    frame = pd.DataFrame({"past_end_ms": pd.Series(dtype="float64")})
    table = TABLES["segments"]
    assert results_of_no_rows(table, promises, "r") == evaluate(table, frame, promises, "r")


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
