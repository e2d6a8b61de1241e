"""What Arrow says of promises that are kept is what Great Expectations says of them."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from include.core.schemas import TABLES, Column, Table
from include.core.validation_rules import RULES
from include.store.objects import Row
from include.store.parquet import file_schema
from include.validate.column_rules import check, check_promises, is_kept, result_of_kept
from include.validate.expectations import report
from include.validate.promises import COLUMNS, ROW_COUNT, Promise, counted, promises_of_schema
from include.validate.rule_results import RuleResult

BETWEEN, IN_SET = "expect_column_values_to_be_between", "expect_column_values_to_be_in_set"
NOT_NULL = "expect_column_values_to_not_be_null"
UNIQUE, UNIQUE_TOGETHER = "expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"

ROWS = 12


def some_rows(table: Table, seed: str = "") -> pa.Table:
    """Return rows of which each column is right, or wrong by chance, or null by chance or always.

    All rows of some tables are there twice.
    """
    is_doubled = len(table.name) % 2

    def values(column: Column, kind: pa.DataType) -> list[Any]:
        random = Random(f"{table.name} {column.name} {seed}")
        choices: list[Any] = [f"x{number}" for number in range(4000)]
        if column.values:
            choices = [*column.values, *random.choice([[], ["x"]])]
        elif pa.types.is_floating(kind):
            choices = [0.0, 1.0, *random.choice([[], [-1.0, 101.0], [float("nan")]])]
        elif pa.types.is_integer(kind):
            choices = [0, 1, *random.choice([[], [-1, 101]])]
        elif not pa.types.is_string(kind):
            choices = [None]
        share_of_nulls = 0.0 if column.name in table.unique else random.choice([0.0, 0.0, 0.3, 1.0])
        rows = ROWS // 2 if is_doubled else ROWS
        drawn = [None if random.random() < share_of_nulls else random.choice(choices) for _ in range(rows)]
        return drawn * (ROWS // rows)

    schema = pa.schema([pa.field(field.name, field.type) for field in file_schema(table)])
    kinds = zip(table.columns, schema.types, strict=True)
    return pa.table({column.name: values(column, kind) for column, kind in kinds}, schema)


def test_a_promise_that_arrow_calls_kept_is_kept() -> None:
    """Of promises that are kept and broken in turn; of most that are kept, Arrow is sure."""
    seen: set[tuple[str, bool]] = set()
    sure = kept = 0
    for table in TABLES.values():
        for seed in ("one", "two"):
            rows = some_rows(table, seed)
            promises = [*promises_of_schema(table), counted(ROWS)]
            said = {str((result.rule, result.asked)): result for result in report(table, rows, promises)}
            for promise in promises:
                reported = said[str((promise.type, promise.kwargs))]
                seen.add((promise.type, reported.success))
                kept += reported.success
                if is_kept(promise, rows):
                    sure += 1
                    assert reported.success, promise
                    assert result_of_kept(table, promise, len(rows)) == reported
    kinds = {name for name, _ in seen}
    assert seen == {(name, success) for name in kinds for success in (True, False)} - {
        (COLUMNS, False),
        (ROW_COUNT, False),
    }
    assert sure > 0.9 * kept


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_an_empty_table_passes(table: Table) -> None:
    results = check(table, file_schema(table).empty_table())
    assert results
    assert all(result.success for result in results)


def broken(results: list[RuleResult]) -> set[tuple[str, str | None]]:
    return {(result.rule, result.column) for result in results if not result.success}


def rows_of(table: str, *rows: Row) -> pa.Table:
    schema = file_schema(TABLES[table])
    return pa.Table.from_pylist(list(rows), schema=pa.schema([(each.name, each.type) for each in schema]))


def finding(table: str, **changes: Any) -> Row:
    rows: dict[str, Row] = {
        "labels": {"name": "Dog", "confidence": 90.0, "instance_count": 0, "timestamp_ms": 500},
        "segments": {
            "type": "SHOT", "shot_index": 0, "start_ms": 0, "end_ms": 500, "duration_ms": 500,
            "confidence": 90.0,
        },
    }  # fmt: skip
    return {"media_id": "a", "analysis_key": "k", **rows[table], **changes}


USE = {
    "usage_id": "u", "at": datetime(2026, 1, 1), "dag_id": "d", "run_id": "r", "source": "s",
    "cost_center": "c", "media_id": "m", "media_type": "image", "analysis_key": "k", "feature": "labels",
    "operation": "o", "price_item": "p", "units": 1.0, "reused": False, "usd": 0.1, "saved_usd": 0.0,
    "price_version": "v", "billing_month": "2026-01", "usage_type": "t", "price_tier": "0-1000000",
    "list_usd": 0.1, "units_before": 0.0,
}  # fmt: skip


def an_analysis(feature: str, **changes: Any) -> Row:
    return {
        "media_id": "a", "feature": feature, "operation": "x", "analysis_key": "k", "status": "succeeded",
        **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "rows", "expected"),
    [
        pytest.param(
            "labels",
            [
                finding("labels"),
                finding("labels", confidence=100.5),
                finding("labels", timestamp_ms=-1),
                finding("labels", name=None),
            ],
            {(BETWEEN, "confidence"), (BETWEEN, "timestamp_ms"), (NOT_NULL, "name")},
            id="above, below, null",
        ),
        pytest.param(
            "segments", [finding("segments", type="SCENE")], {(IN_SET, "type")}, id="not in the list"
        ),
        pytest.param(
            "analyses",
            [an_analysis("labels"), an_analysis("labels"), an_analysis("text")],
            {(UNIQUE_TOGETHER, None)},
            id="an analysis twice",
        ),
        pytest.param("usage", [USE, USE], {(UNIQUE, "usage_id")}, id="a use counted twice"),
    ],
)
def test_a_row_that_breaks_the_schema_is_found(
    table: str, rows: list[Row], expected: set[tuple[str, str | None]]
) -> None:
    assert broken(check(TABLES[table], rows_of(table, *rows))) == expected


def test_a_broken_promise_says_how_many_rows_and_which() -> None:
    bad = [finding("labels", confidence=float(value), media_id=f"m{value}") for value in range(101, 111)]
    results = check(TABLES["labels"], rows_of("labels", *bad, finding("labels")))
    (result,) = [result for result in results if not result.success]
    assert (result.column, result.checked, result.broken) == ("confidence", 11, 10)
    assert [(row.media_id, row.value) for row in result.failing] == [
        (f"m{value}", f"{value}.0") for value in range(101, 111)
    ]


def test_columns_are_checked_in_order() -> None:
    table = TABLES["segments"]
    empty = file_schema(table).empty_table()
    names = empty.column_names
    for wrong in (empty.select([names[1], names[0], *names[2:]]), empty.append_column("extra", pa.array([]))):
        assert broken(check_promises(table, wrong, [Promise(COLUMNS, {"column_list": names})]))


def test_a_missing_column_is_a_failed_check_and_no_crash() -> None:
    table = TABLES["segments"]
    results = check(table, file_schema(table).empty_table().drop_columns(["start_ms"]))
    assert {(COLUMNS, None), (NOT_NULL, "start_ms")} <= broken(results)


def test_rules_of_great_expectations_are_in_the_list() -> None:
    names = {promise.type for table in TABLES.values() for promise in promises_of_schema(table)}
    assert names | {COLUMNS, ROW_COUNT} <= RULES.keys()


def test_rows_that_keep_their_promises_do_without_the_library() -> None:
    code = """
import sys
from include.core.schemas import TABLES
from include.store.parquet import file_schema
from include.validate.column_rules import check
for table in TABLES.values():
    assert check(table, file_schema(table).empty_table())
assert "great_expectations" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
