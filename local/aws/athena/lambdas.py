"""Rewrites Trino's functions that take functions, for which DuckDB has others or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

Rewrite = Callable[[exp.Anonymous], exp.Expr]


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """Call a function of DuckDB with copies of the arguments."""
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def trino(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """Call a macro of macros.sql."""
    return call(f"trino.{name}", *arguments)


def _function(parameters: list[str], body: exp.Expr) -> exp.Lambda:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name) for name in parameters])


def _applied(function: exp.Expr, *values: exp.Expr) -> exp.Expr:
    """Return a lambda's body with values in place of its parameters."""
    if not isinstance(function, exp.Lambda):
        return function.copy()
    names = [parameter.name for parameter in function.expressions]
    return substituted(function.this, dict(zip(names, values, strict=False)))


def substituted(body: exp.Expr, values: Mapping[str, exp.Expr]) -> exp.Expr:
    """Return an expression with values in place of names."""
    wrapper = exp.Paren(this=body.copy())
    for node in list(wrapper.find_all(exp.Column, exp.Identifier, exp.Dot)):
        if node.parent is None and node is not wrapper:
            continue
        if isinstance(node, exp.Column) and not node.table and node.name in values:
            node.replace(values[node.name].copy())
        elif isinstance(node, exp.Column) and node.table in values:
            node.replace(exp.Dot(this=values[node.table].copy(), expression=node.this.copy()))
        elif isinstance(node, exp.Identifier) and _stands_alone(node) and node.name in values:
            node.replace(values[node.name].copy())
    return wrapper


def _stands_alone(name: exp.Identifier) -> bool:
    if isinstance(name.parent, (exp.Column, exp.Lambda, exp.DataType, exp.ColumnDef, exp.Alias)):
        return False
    return not (isinstance(name.parent, exp.Dot) and name.arg_key == "expression")


def _field(entry: str, name: str) -> exp.Dot:
    return exp.Dot(this=exp.to_identifier(entry), expression=exp.to_identifier(name))


def _item(name: str, position: int) -> exp.Bracket:
    return exp.Bracket(this=exp.to_identifier(name), expressions=[exp.Literal.number(position)], offset=1)


def _matching(comparison: Callable[[exp.Expr, exp.Expr], exp.Expr]) -> Rewrite:
    def rewrite(node: exp.Anonymous) -> exp.Expr:
        array, condition = node.expressions
        matches = call("LEN", call("LIST_FILTER", array, condition))
        return exp.Paren(this=comparison(matches, call("LEN", array)))

    return rewrite


def _array_sort(node: exp.Anonymous) -> exp.Expr:
    """Sort by a comparator: an element's place is the number of those that come before it."""
    if len(node.expressions) == 1:
        return trino("array_sort", *node.expressions)
    array, comparator = node.expressions
    x, y = exp.to_identifier("x__"), exp.to_identifier("y__")
    after = exp.GT(this=_applied(comparator, x, y), expression=exp.Literal.number(0))
    rank = call("LEN", call("LIST_FILTER", array, _function(["y__"], after)))
    entry = exp.Tuple(expressions=[rank, exp.to_identifier("i__"), x.copy()])
    ranked = call("LIST_SORT", call("LIST_TRANSFORM", array, _function(["x__", "i__"], entry)))
    return call("LIST_TRANSFORM", ranked, _function(["e__"], _item("e__", 3)))


def _reduce(node: exp.Anonymous) -> exp.Expr:
    """Apply the final function, which DuckDB's list_reduce lacks, by putting the result into it."""
    array, start, step, finish = node.expressions
    return _applied(finish, call("LIST_REDUCE", array, step, start))


def _zip_with(node: exp.Anonymous) -> exp.Expr:
    one, other, function = node.expressions
    body = _applied(function, _item("e__", 1), _item("e__", 2))
    return call("LIST_TRANSFORM", call("LIST_ZIP", one, other), _function(["e__"], body))


def _entries(key: exp.Expr, value: exp.Expr) -> exp.Expr:
    return exp.Tuple(expressions=[key, value])


def _of_entries(part: str, finish: Callable[[exp.Expr], exp.Expr]) -> Rewrite:
    """Rewrite a function over a map as one over its entries."""

    def rewrite(node: exp.Anonymous) -> exp.Expr:
        source, function = node.expressions
        body = finish(_applied(function, _field("e__", "key"), _field("e__", "value")))
        return call("MAP_FROM_ENTRIES", call(part, call("MAP_ENTRIES", source), _function(["e__"], body)))

    return rewrite


def _map_zip_with(node: exp.Anonymous) -> exp.Expr:
    one, other, function = node.expressions
    key = exp.to_identifier("k__")
    values = [exp.Bracket(this=source.copy(), expressions=[key.copy()], offset=1) for source in (one, other)]
    keys = trino("array_union", call("MAP_KEYS", one), call("MAP_KEYS", other))
    entry = _entries(key.copy(), _applied(function, key, *values))
    return call("MAP_FROM_ENTRIES", call("LIST_TRANSFORM", keys, _function(["k__"], entry)))


REWRITES: dict[str, Rewrite] = {
    "all_match": _matching(lambda matches, length: exp.EQ(this=matches, expression=length)),
    "any_match": _matching(lambda matches, _: exp.GT(this=matches, expression=exp.Literal.number(0))),
    "none_match": _matching(lambda matches, _: exp.EQ(this=matches, expression=exp.Literal.number(0))),
    "array_sort": _array_sort,
    "filter": lambda node: call("LIST_FILTER", *node.expressions),
    "map_filter": _of_entries("LIST_FILTER", lambda condition: condition),
    "map_zip_with": _map_zip_with,
    "reduce": _reduce,
    "transform": lambda node: call("LIST_TRANSFORM", *node.expressions),
    "transform_keys": _of_entries("LIST_TRANSFORM", lambda key: _entries(key, _field("e__", "value"))),
    "transform_values": _of_entries("LIST_TRANSFORM", lambda value: _entries(_field("e__", "key"), value)),
    "zip_with": _zip_with,
}
