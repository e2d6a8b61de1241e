"""Responses that the tests of normalize read, the rows that they give, and what a row has to be."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.core.schemas import TABLES
from include.normalize import normalize

FIXTURES = Path(__file__).parents[2] / "fixtures" / "responses"


def response(operation: str) -> dict[str, Any]:
    """Return the response that is kept for an operation."""
    return json.loads((FIXTURES / f"{operation}.json").read_text())


def manifest() -> list[dict[str, Any]]:
    """Return the lines of a results manifest of a media analysis job."""
    lines = (FIXTURES / "GetMediaAnalysisJob.results.ndjson").read_text().splitlines()
    return [json.loads(line) for line in lines]


def pages_of(operation: str) -> list[dict[str, Any]]:
    """Return all that is kept for an operation."""
    return [response(operation), *(manifest() if operation == "GetMediaAnalysisJob" else [])]


def tables(operation: str, *pages: Any, anomalies: Counter[str] | None = None) -> dict[str, list[Any]]:
    """Return the rows by table, each checked against the schema."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for table, row in normalize(operation, pages, anomalies):
        found[table].append(row)
    for table, table_rows in found.items():
        assert_fit(table, table_rows)
    return dict(found)


def rows(operation: str, *pages: Any, anomalies: Counter[str] | None = None) -> list[Any]:
    """Return the rows of the first table."""
    return next(iter(tables(operation, *pages, anomalies=anomalies).values()), [])


def assert_fit(table: str, rows: list[dict[str, Any]]) -> None:
    """Rows have all columns in order, of the right types and within their limits."""
    whole = [{"media_id": "m", "analysis_key": "k", **row} for row in rows]
    for row in whole:
        assert list(row) == list(TABLES[table].column_types)
    arrow = pa.Table.from_pylist(whole, schema=TABLES[table].arrow_schema)
    for column in TABLES[table].columns:
        values = [value for value in arrow[column.name].to_pylist() if value is not None]
        if column.required:
            assert len(values) == len(rows), column.name
        if column.minimum is not None:
            assert min(values, default=column.minimum) >= column.minimum, column.name
        if column.maximum is not None:
            assert max(values, default=column.maximum) <= column.maximum, column.name
        if column.values:
            assert set(values) <= set(column.values), column.name
        if column.type.startswith("array"):
            assert len(values) == len(rows), f"{column.name} is never null"
