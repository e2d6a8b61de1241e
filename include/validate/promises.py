"""What tables promise, in the words of Great Expectations.

Its import takes 4 CPU seconds, so this module does without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from include.core.schemas import Table

COLUMNS = "expect_table_columns_to_match_ordered_list"
ROW_COUNT = "expect_table_row_count_to_equal"


@dataclass(frozen=True)
class Promise:
    """One expectation.

    :param type: its name in Great Expectations, such as ``expect_column_values_to_be_unique``.
    :param kwargs: what it is about; without members that are None.
    """

    type: str
    kwargs: dict[str, Any]

    @property
    def columns(self) -> list[str]:
        """The columns whose values it is about."""
        return (
            [self.kwargs["column"]] if "column" in self.kwargs else list(self.kwargs.get("column_list", ()))
        )


def promises_of_schema(table: Table) -> Iterator[Promise]:
    """Yield what the schema promises of a table."""
    yield from promises_of_rows(table)
    yield from promises_of_keys(table)


def promises_of_rows(table: Table) -> Iterator[Promise]:
    """Yield what is true of a table if it is true of its parts."""
    yield Promise(COLUMNS, {"column_list": list(table.column_types)})
    for column in table.columns:
        if column.required:
            yield Promise("expect_column_values_to_not_be_null", {"column": column.name})
        if column.minimum is not None or column.maximum is not None:
            yield bounded(column.name, column.minimum, column.maximum)
        if column.values:
            yield Promise(
                "expect_column_values_to_be_in_set", {"column": column.name, "value_set": list(column.values)}
            )


def promises_of_keys(table: Table) -> Iterator[Promise]:
    """Yield what is promised of a table's key, over all its parts."""
    if len(table.unique) == 1:
        yield Promise("expect_column_values_to_be_unique", {"column": table.unique[0]})
    elif table.unique:
        yield Promise("expect_compound_columns_to_be_unique", {"column_list": list(table.unique)})


def bounded(column: str, minimum: float | None = None, maximum: float | None = None) -> Promise:
    """Return the promise that values lie within bounds, both included; None means unbounded."""
    bounds = {"min_value": minimum, "max_value": maximum}
    given = {name: float(value) for name, value in bounds.items() if value is not None}
    return Promise("expect_column_values_to_be_between", {"column": column, **given})


def counted(rows: int) -> Promise:
    """Return the promise that a table has so many rows."""
    return Promise(ROW_COUNT, {"value": rows})
