"""What Great Expectations would find in a table without rows; most tables of most days have none."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from include.core.schemas import Table
from include.store.objects import Row
from include.validate.promises import COLUMNS, ROW_COUNT, Promise

# How Great Expectations calls the frame that is checked; its results say so.
_BATCH_ID = "staged-frame"


def has_columns_of(columns: list[str], promises: Iterable[Promise]) -> bool:
    """Whether a frame has the columns that promises are about; Great Expectations tells what is missing."""
    return all(
        columns == promise.columns if promise.type == COLUMNS else set(promise.columns) <= set(columns)
        for promise in promises
    )


def results_of_no_rows(table: Table, promises: Collection[Promise], run_id: str) -> list[Row]:
    """Return a row of ``validation_results`` for each promise of a frame that has its columns and no rows."""
    return [_result(table, promise, run_id) for promise in promises]


def _result(table: Table, promise: Promise, run_id: str) -> Row:
    observed = {COLUMNS: promise.columns, ROW_COUNT: 0}.get(promise.type)
    details: Row = {"kwargs": {"batch_id": _BATCH_ID, **promise.kwargs}, "observed": observed}
    if not table.sensitive:
        details["examples"] = []
    checked = None if promise.type in (COLUMNS, ROW_COUNT) else 0
    return {
        "run_id": run_id,
        "table_name": table.name,
        "expectation": promise.type,
        "column_name": promise.kwargs.get("column"),
        "success": promise.type != ROW_COUNT or promise.kwargs["value"] == 0,
        "checked_rows": checked,
        "unexpected_rows": checked,
        "details": json.dumps(details, sort_keys=True),
    }
