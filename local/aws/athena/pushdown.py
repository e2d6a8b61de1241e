"""Moves conditions of WHERE towards the tables, so that partitions are left out also behind views.

Athena does so before it lists partitions. Every condition also stays where it was: moving one never changes
a result, and where it is not certain that it may move, it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from local.aws.athena.function_list import OFFERED

Conditions = list[exp.Expr]

_JOINS_THAT_KEEP_THE_LEFT = {"", "LEFT"}


def push_down(query: exp.Expr) -> None:
    """Move conditions into the subqueries that a query reads, from the outermost to the innermost.

    Subqueries within conditions are left alone: they may speak of the tables around them.
    """
    if isinstance(query, exp.Query):
        for cte in query.ctes:
            push_down(cte.this)
    if isinstance(query, exp.SetOperation):
        push_down(query.this)
        push_down(query.expression)
    elif isinstance(query, exp.Subquery):
        push_down(query.this)
    elif isinstance(query, exp.Select):
        _spread(query)
        for source in sources_of(query):
            if isinstance(source, exp.Subquery):
                push_into(source.this, conditions_on(source))
                push_down(source)


def push_into(query: exp.Expr, conditions: Conditions) -> None:
    """Add conditions on the columns of a query to the query itself, as far as it computes the same then.

    :param conditions: columns of the query are named as it names them.
    """
    _push(query, conditions, names=[])


def conditions_on(source: exp.Expr) -> Conditions:
    """Return the conditions that every row of a source must meet to matter: those that name it alone.

    :param source: a table or subquery in FROM or JOIN.
    """
    select = source.find_ancestor(exp.Select)
    if select is None:
        return []
    found: Conditions = []
    if _filters_rows_of(select, source):
        found += _conjuncts(select.args.get("where"))
    join = source.parent
    if isinstance(join, exp.Join) and join.side in _JOINS_THAT_KEEP_THE_LEFT:
        found += _conjuncts(join.args.get("on"))
    others = [other for other in sources_of(select) if other is not source]
    return [condition for condition in found if _concerns_only(condition, source.alias_or_name, others)]


def sources_of(select: exp.Select) -> list[exp.Expr]:
    """Return what a select reads: the tables, subqueries and functions in FROM and JOIN."""
    first = select.args.get("from_")
    return [part.this for part in [first, *(select.args.get("joins") or [])] if part is not None]


def _conjuncts(clause: exp.Expr | None) -> Conditions:
    if clause is None:
        return []
    condition = clause.this if isinstance(clause, exp.Where) else clause
    return list(condition.flatten()) if isinstance(condition, exp.And) else [condition]


def _filters_rows_of(select: exp.Select, source: exp.Expr) -> bool:
    """Return whether WHERE sees the source's own values; an outer join may replace them by nulls."""
    sides = {join.side for join in select.args.get("joins") or []}
    return sides <= {""} or (isinstance(source.parent, exp.From) and sides <= _JOINS_THAT_KEEP_THE_LEFT)


def _concerns_only(condition: exp.Expr, name: str, others: list[exp.Expr]) -> bool:
    if condition.find(exp.Query, exp.Rand, exp.Uuid) or any(map(is_aggregate, condition.walk())):
        return False
    columns = list(condition.find_all(exp.Column))
    return bool(columns) and all(
        column.table == name if column.table else all(_lacks(other, column.name) for other in others)
        for column in columns
    )


def _lacks(source: exp.Expr, name: str) -> bool:
    """Return whether the query's text shows that a source has no column of this name."""
    alias = source.args.get("alias")
    return (
        isinstance(source, exp.Unnest)
        and alias is not None
        and name not in [column.name for column in alias.columns]
    )


def _spread(select: exp.Select) -> None:
    """Repeat conditions on one column for the columns that joins make equal to it."""
    waiting = [condition for source in sources_of(select) for condition in conditions_on(source)]
    known = {condition.sql() for condition in waiting}
    while waiting:
        condition = waiting.pop()
        column = _only_column(condition)
        if column is None:
            continue
        for join, other in _equal_columns(select, column):
            repeated = _on_other_columns(condition, {column.sql(): other})
            if repeated.sql() not in known:
                known.add(repeated.sql())
                waiting.append(repeated)
                _add(repeated, select, join if join.this.alias_or_name == other.table else None)


def _only_column(condition: exp.Expr) -> exp.Column | None:
    """Return the one column that a condition is on, with its table; None if it is on several."""
    columns = list(condition.find_all(exp.Column))
    one = columns[0]
    return one if one.table and all(column == one for column in columns) else None


def _add(condition: exp.Expr, select: exp.Select, join: exp.Join | None) -> None:
    """Add a condition to a join, or to WHERE."""
    if join is None:
        select.where(condition, copy=False)
    else:
        join.on(condition, copy=False)


def _equal_columns(select: exp.Select, column: exp.Column) -> Iterator[tuple[exp.Join, exp.Column]]:
    """Yield the columns that a join makes equal to a column, in every row that matters."""
    for join in select.args.get("joins") or []:
        if join.side not in _JOINS_THAT_KEEP_THE_LEFT:
            continue
        for one, other in _equalities(join):
            # The left side of a left join keeps rows without a partner.
            if one == column and (join.side == "" or other.table == join.this.alias_or_name):
                yield join, other


def _equalities(join: exp.Join) -> Iterator[tuple[exp.Column, exp.Column]]:
    """Yield the pairs of columns that a join makes equal, each both ways."""
    for condition in _conjuncts(join.args.get("on")):
        if not isinstance(condition, exp.EQ):
            continue
        one, other = condition.left, condition.right
        if isinstance(one, exp.Column) and isinstance(other, exp.Column) and one.table and other.table:
            yield one, other
            yield other, one


def _push(query: exp.Expr, conditions: Conditions, names: list[str]) -> None:
    """Add conditions to a query.

    :param names: the columns' names by position, where an enclosing UNION gives them; empty otherwise.
    """
    if not conditions or any(query.args.get(part) for part in ("limit", "offset", "qualify")):
        return
    if isinstance(query, exp.Subquery):
        _push(query.this, conditions, names)
    elif isinstance(query, exp.Union):
        names = names or query.named_selects
        _push(query.this, conditions, names)
        _push(query.expression, conditions, names)
    elif isinstance(query, exp.Select):
        columns = _movable_columns(query, names)
        for condition in conditions:
            own = {
                column.sql(): columns.get(column.name.lower()) for column in condition.find_all(exp.Column)
            }
            if all(own.values()):
                query.where(_on_other_columns(condition, own), copy=False)


def _movable_columns(select: exp.Select, names: list[str]) -> _Columns:
    """Return the plain columns that a select passes on, by name, if conditions on them may move into it."""
    own = [
        node
        for node in select.walk()
        if (isinstance(node, exp.Window) or is_aggregate(node)) and node.parent_select is select
    ]
    windows = [node for node in own if isinstance(node, exp.Window)]
    group = select.args.get("group")
    keys = [window.args.get("partition_by") or [] for window in windows]
    if group is not None:
        keys.append(group.expressions)
    elif any(not node.find_ancestor(exp.Window) for node in own if node not in windows):
        keys.append([])  # an aggregate over all rows
    return _Columns(select, names, keys)


def is_aggregate(node: exp.Expr) -> bool:
    """Return whether a node calls an aggregate function."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in OFFERED["aggregate"]
    return isinstance(node, exp.AggFunc)


class _Columns:
    """The columns of a select that a condition may be put on.

    :param keys: for each window and grouping the columns that it keeps apart.
    """

    def __init__(self, select: exp.Select, names: list[str], keys: list[list[exp.Expr]]) -> None:
        self._keys = keys
        given = names or [column.alias_or_name for column in select.expressions]
        self._columns = {
            name.lower(): column.unalias() for name, column in zip(given, select.expressions, strict=False)
        }
        stars = [column for column in self._columns.values() if column.is_star]
        self._star = stars[0] if len(stars) == 1 and not names else None
        self._is_joined = bool(select.args.get("joins"))

    def get(self, name: str) -> exp.Column | None:
        """Return what a column is inside the select; None if a condition on it has to stay outside."""
        column = self._columns.get(name) or self._behind_star(name)
        if not isinstance(column, exp.Column) or not all(self._names(column, keys) for keys in self._keys):
            return None
        return column

    def _names(self, column: exp.Column, keys: list[exp.Expr]) -> bool:
        """Return whether one of the keys is the column."""
        if self._is_joined:
            return column in keys
        return any(isinstance(key, exp.Column) and key.name == column.name for key in keys)

    def _behind_star(self, name: str) -> exp.Expr | None:
        if self._star is None:
            return None
        table = self._star.table if isinstance(self._star, exp.Column) else ""
        return exp.column(name, table=table or None) if table or not self._is_joined else None


def _on_other_columns(condition: exp.Expr, others: Mapping[str, exp.Column | None]) -> exp.Expr:
    """Return a condition with its columns replaced by others, which are named by their SQL."""

    def replaced(node: exp.Expr) -> exp.Expr:
        other = others.get(node.sql()) if isinstance(node, exp.Column) else None
        return node if other is None else other.copy()

    return condition.transform(replaced)
