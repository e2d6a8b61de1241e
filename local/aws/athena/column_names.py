"""What a view or a new table asks of its columns: a name each, no name twice, a known type."""

from __future__ import annotations

from collections.abc import Sequence

from duckdb.sqltypes import DuckDBPyType
from sqlglot import exp

from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.athena_types import type_id
from local.aws.athena.dialect import parse_query

_NAMED = (exp.Alias, exp.Column, exp.Star, exp.Dot, exp.Aliases)


def require_names(sql: str) -> None:
    """Refuse a query with columns that have no name, or the same, as Trino does; clients look for its words.

    :raises QueryFailed: MISSING_COLUMN_NAME or DUPLICATE_COLUMN_NAME.
    """
    columns = _columns(parse_query(sql))
    for position, column in enumerate(columns, 1):
        if not isinstance(column, _NAMED):
            raise QueryFailed(
                f"MISSING_COLUMN_NAME: line 1:1: Column name not specified at position {position}"
            )
    given = [column.alias_or_name.lower() for column in columns if not column.is_star]
    if twice := next((name for name in given if name and given.count(name) > 1), None):
        raise QueryFailed(f"DUPLICATE_COLUMN_NAME: line 1:1: Column name '{twice}' specified more than once")


def require_types(names: Sequence[str], types: Sequence[DuckDBPyType]) -> None:
    """Refuse columns that are null alone, whose type nobody knows.

    :raises QueryFailed: COLUMN_TYPE_UNKNOWN.
    """
    for name, kind in zip(names, types, strict=True):
        if type_id(kind) == "null":
            raise QueryFailed(f"COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown: {name.lower()}")


def _columns(query: exp.Expr) -> list[exp.Expr]:
    """Return the columns of a query's first select, whose names the whole query has."""
    while not isinstance(query, exp.Select):
        if not isinstance(query, (exp.SetOperation, exp.Subquery)):
            return []
        query = query.this
    return query.expressions
