"""Rewrites the names of columns: those that Trino makes up, and those that it does not see."""

from __future__ import annotations

from collections.abc import Sequence

from duckdb.sqltypes import DuckDBPyType
from sqlglot import exp

from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.athena_types import type_id


def unnamed_columns(select: exp.Select) -> exp.Expr:
    """Name columns without a name as Trino does, by their position: ``_col0``."""
    for position, column in enumerate(select.expressions):
        if not isinstance(column, (exp.Alias, exp.Column, exp.Star, exp.Dot, exp.Aliases)):
            column.replace(exp.alias_(column.copy(), f"_col{position}"))
    return select


def qualified_aliases(select: exp.Select) -> None:
    """Keep the names that a select gives its columns out of its other clauses, where Trino does not see them.

    A column of that name is one of the table then, or none.
    """
    aliases = {column.alias.lower() for column in select.expressions if isinstance(column, exp.Alias)}
    if not aliases:
        return
    source = _only_source(select)
    for column in _columns_of(select):
        if column.name.lower() not in aliases or column.table:
            continue
        if source == "":
            name = column.name.lower()
            raise QueryFailed(f"COLUMN_NOT_FOUND: line 1:1: Column '{name}' cannot be resolved")
        if source:
            column.set("table", exp.to_identifier(source, quoted=True))


def _only_source(select: exp.Select) -> str | None:
    """Return the name of the one table that a select reads, empty if it reads none, None if not sure."""
    source = select.args.get("from_")
    if source is None:
        return "" if select.parent_select is None else None
    if select.args.get("joins") or select.args.get("laterals"):
        return None
    return source.this.alias_or_name or None


def _columns_of(select: exp.Select) -> list[exp.Column]:
    clauses = [*select.expressions, *(select.args.get(name) for name in ("where", "group", "having"))]
    return [
        column
        for clause in clauses
        if clause is not None
        for column in clause.find_all(exp.Column)
        if column.parent_select is select and not _is_parameter(column)
    ]


def _is_parameter(column: exp.Column) -> bool:
    function = column.find_ancestor(exp.Lambda)
    while function is not None:
        if column.name in [parameter.name for parameter in function.expressions]:
            return True
        function = function.find_ancestor(exp.Lambda)
    return False


def require_column_names(query: exp.Query) -> None:
    """Refuse a query whose columns a table or view cannot have: those without a name, or with the same.

    :raises QueryFailed: MISSING_COLUMN_NAME or DUPLICATE_COLUMN_NAME.
    """
    seen: set[str] = set()
    for position, column in enumerate(query.selects, start=1):
        if column.is_star:
            return
        name = column.alias_or_name.lower()
        if not name or not isinstance(column, (exp.Alias, exp.Column, exp.Dot)):
            raise QueryFailed(
                f"MISSING_COLUMN_NAME: line 1:1: Column name not specified at position {position}"
            )
        if name in seen:
            raise QueryFailed(
                f"DUPLICATE_COLUMN_NAME: line 1:1: Column name '{name}' specified more than once"
            )
        seen.add(name)


def require_column_types(names: Sequence[str], types: Sequence[DuckDBPyType]) -> None:
    """Refuse columns that are null alone, whose type nobody knows.

    :raises QueryFailed: COLUMN_TYPE_UNKNOWN.
    """
    for name, kind in zip(names, types, strict=True):
        if type_id(kind) == "null":
            raise QueryFailed(f"COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown: {name.lower()}")
