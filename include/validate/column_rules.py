"""What the schema promises of a table, in the words of Great Expectations, which looks at what is broken.

Its import takes 4 CPU seconds, and its look at a promise ten times as long as Arrow's. So Arrow says first
which promises are kept, beyond doubt; Great Expectations judges the others, and says which rows break them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.core.schemas import Table
from include.validate.arrow_masks import is_text, mask, texts_that
from include.validate.promises import COLUMNS, ROW_COUNT, Promise, promises_of_schema
from include.validate.rule_results import RuleResult


def check(table: Table, rows: pa.Table) -> list[RuleResult]:
    """Check what the schema promises of a whole table's rows."""
    return check_promises(table, rows, promises_of_schema(table))


def check_promises(table: Table, rows: pa.Table, promises: Iterable[Promise]) -> list[RuleResult]:
    """Return a result for each promise."""
    promises = list(promises)
    kept = [is_kept(promise, rows) for promise in promises]
    doubted = [promise for promise, is_sure in zip(promises, kept, strict=True) if not is_sure]
    results = [
        result_of_kept(table, promise, rows.num_rows)
        for promise, is_sure in zip(promises, kept, strict=True)
        if is_sure
    ]
    if doubted:
        from include.validate.expectations import report

        results += report(table, rows, doubted)
    return results


def is_kept(promise: Promise, rows: pa.Table) -> bool:
    """Whether rows keep a promise for certain; if in doubt, they do not."""
    if promise.type == COLUMNS:
        return bool(rows.column_names == promise.columns)
    if not set(promise.columns) <= set(rows.column_names):
        return False
    return _KEPT[promise.type](rows, promise.kwargs)


def result_of_kept(table: Table, promise: Promise, rows: int) -> RuleResult:
    """Return the result of a promise that so many rows keep."""
    return RuleResult(
        rule=promise.type,
        table=table.name,
        checked=None if promise.type in (COLUMNS, ROW_COUNT) else rows,
        broken=0,
        column=promise.kwargs.get("column"),
        observed={COLUMNS: promise.columns, ROW_COUNT: promise.kwargs.get("value")}.get(promise.type),
        asked=promise.kwargs,
    )


def _has_count(rows: pa.Table, kwargs: Mapping[str, Any]) -> bool:
    return bool(rows.num_rows == kwargs["value"])


def _has_no_null(rows: pa.Table, kwargs: Mapping[str, Any]) -> bool:
    column = rows[kwargs["column"]]
    return column.null_count == 0 and not _may_be_nan(column)


def _is_between(rows: pa.Table, kwargs: Mapping[str, Any]) -> bool:
    column = rows[kwargs["column"]]
    if not _is_number(column.type) or _may_be_nan(column):
        return bool(column.null_count == len(column))
    bounds = pc.min_max(column).as_py()
    if bounds["min"] is None:
        return True
    least, most = kwargs.get("min_value", bounds["min"]), kwargs.get("max_value", bounds["max"])
    return bool(least <= bounds["min"] and bounds["max"] <= most)


def _is_in_set(rows: pa.Table, kwargs: Mapping[str, Any]) -> bool:
    values, allowed = rows[kwargs["column"]], pa.array(kwargs["value_set"])
    if values.null_count == len(values):
        return True
    return is_text(values.type) and not texts_that(lambda each: ~mask(pc.is_in(each, allowed)), values).any()


def _is_unique(rows: pa.Table, kwargs: Mapping[str, Any]) -> bool:
    values = rows[kwargs["column"]]
    return bool(values.null_count == 0 and pc.count_distinct(values).as_py() == len(values))


def _is_unique_together(rows: pa.Table, kwargs: Mapping[str, Any]) -> bool:
    keys = rows.select(kwargs["column_list"])
    if any(column.null_count for column in keys.columns):
        return False
    return bool(keys.group_by(keys.column_names).aggregate([]).num_rows == len(keys))


_KEPT: dict[str, Callable[[pa.Table, Mapping[str, Any]], bool]] = {
    ROW_COUNT: _has_count,
    "expect_column_values_to_not_be_null": _has_no_null,
    "expect_column_values_to_be_between": _is_between,
    "expect_column_values_to_be_in_set": _is_in_set,
    "expect_column_values_to_be_unique": _is_unique,
    "expect_compound_columns_to_be_unique": _is_unique_together,
}


def _is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_))


def _may_be_nan(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_floating(column.type) and pc.any(pc.is_nan(column)).as_py())
