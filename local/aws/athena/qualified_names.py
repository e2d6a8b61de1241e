"""Shortens columns that name their table's database, such as ``media_lake.labels.name``."""

from __future__ import annotations

from sqlglot import exp

from local.aws.athena.catalog import CATALOG
from local.aws.athena.pushdown import sources_of

Named = list[tuple[list[str], exp.Table]]


def shorten(query: exp.Query, database: str) -> None:
    """Rewrite such columns to ``table.column``; they speak of tables in FROM that have no alias.

    :param database: of tables that name none.
    """
    named = {id(select): _named(select, database) for select in query.find_all(exp.Select)}
    for column in list(query.find_all(exp.Column)):
        parts = column.parts
        found = _table_of(column, [part.name.lower() for part in parts], named) if len(parts) > 2 else None
        if found:
            table, length = found
            column.replace(_column(table.alias_or_name, parts[length:]))


def _named(select: exp.Select, database: str) -> Named:
    """Return the tables without an alias by database and name; those of one name get different aliases."""
    named: Named = []
    taken: set[str] = set()
    for table in sources_of(select):
        if not isinstance(table, exp.Table) or table.alias:
            continue
        path = [(table.db or database).lower(), table.name.lower()]
        if path[1] in taken:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(".".join(path), quoted=True)))
        taken.add(path[1])
        named.append((path, table))
    return named


def _table_of(column: exp.Column, names: list[str], named: dict[int, Named]) -> tuple[exp.Table, int] | None:
    """Return the table that a column's first names mean, and how many of them name it."""
    select = column.find_ancestor(exp.Select)
    while select is not None:
        for path, table in named[id(select)]:
            for prefix in (path, [CATALOG, *path]):
                if len(names) > len(prefix) and names[: len(prefix)] == prefix:
                    return table, len(prefix)
        select = select.find_ancestor(exp.Select)
    return None


def _column(table: str, parts: list[exp.Expr]) -> exp.Expr:
    """Return a column of a table, or a field of the row in it."""
    column: exp.Expr = exp.Column(this=parts[0].copy(), table=exp.to_identifier(table, quoted=True))
    for field in parts[1:]:
        column = exp.Dot(this=column, expression=field.copy())
    return column
