"""Rewrites Trino's UNNEST of arrays of rows, of maps, and of several arrays side by side."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from local.aws.athena.lambdas import call

_MAPS = ("MAP", "HISTOGRAM", "MAP_FROM_ENTRIES", "FIRST_ENTRIES", "LAST_ENTRIES", "COLLECTED_ENTRIES")


def unnest(node: exp.Unnest) -> exp.Expr:
    """Unnest arrays of rows into columns, maps into key and value, and several arrays side by side."""
    alias, ordinal = node.args.get("alias"), node.args.get("offset")
    columns = len(alias.columns) if alias else 0
    if len(node.expressions) == 1 and columns < 2 and not _is_map(node.expressions[0]):
        return node
    arrays = [call("MAP_ENTRIES", array) if _is_map(array) else array.copy() for array in node.expressions]
    query = exp.Subquery(this=exp.select(*_unnested(arrays, with_ordinality=bool(ordinal))))
    named = alias.copy() if alias else None
    if named and isinstance(ordinal, exp.Identifier):
        # In Trino's grammar the ordinal is the last of the alias's columns; sqlglot keeps it apart.
        named.append("columns", ordinal.copy())
    if isinstance(node.parent, exp.From):
        query.set("alias", named)
        return query
    return exp.Lateral(this=query, alias=named)


def _unnested(arrays: list[exp.Expr], with_ordinality: bool) -> list[exp.Expr]:
    """Return the columns of unnested arrays, and the number of each row if wanted."""
    columns: list[exp.Expr] = (
        [_expanded(arrays[0])] if len(arrays) == 1 else [call("UNNEST", array) for array in arrays]
    )
    if with_ordinality:
        lengths = [call("LEN", array) for array in arrays]
        longest = call("GREATEST", *lengths) if len(lengths) > 1 else lengths[0]
        ordinals = call("GENERATE_SERIES", exp.Literal.number(1), longest)
        columns.append(exp.alias_(call("UNNEST", ordinals), "ordinality"))
    return columns


def _expanded(array: exp.Expr) -> exp.Expr:
    template = sqlglot.parse_one("SELECT UNNEST(x, max_depth := 2)", read="duckdb")
    for column in list(template.find_all(exp.Column)):
        if column.name == "x":
            column.replace(array.copy())
    expanded: exp.Expr = template.expressions[0]
    return expanded


def _is_map(node: exp.Expr) -> bool:
    named = isinstance(node, exp.Anonymous) and node.name.upper().removeprefix("TRINO.") in _MAPS
    return named or isinstance(node, (exp.Map, exp.VarMap))
