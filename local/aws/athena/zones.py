"""Moments with a time zone. DuckDB keeps the moment only: the zone is kept beside it or applied to it."""

from __future__ import annotations

from sqlglot import exp

from local.aws.athena.lambdas import Rewrite, call, trino

# Where only the moment matters; elsewhere its parts in the zone do.
_OF_THE_MOMENT = (exp.Binary, exp.Between, exp.In)
_FUNCTIONS_OF_THE_MOMENT = ("date_diff", "to_unixtime")
SHOWN = ("zoned_time", "zoned_name")


def at_time_zone(moment: exp.Expr, zone: exp.Expr, node: exp.Expr | None = None) -> exp.Expr:
    """Return a moment's local time in a zone, or the moment itself where it is compared.

    :param node: the expression in its query, None if it is not known.
    """
    parent = node.parent if node is not None else None
    if isinstance(parent, _OF_THE_MOMENT) or (
        isinstance(parent, exp.Anonymous) and parent.name.lower() in _FUNCTIONS_OF_THE_MOMENT
    ):
        return exp.Paren(this=moment.copy())
    if parent is not None and _is_shown(node):
        local = call("TIMEZONE", zone, exp.cast(moment.copy(), "TIMESTAMPTZ"))
        return _shown(local, zone)
    return call("TIMEZONE", zone, exp.cast(moment.copy(), "TIMESTAMPTZ"))


def _is_shown(node: exp.Expr | None) -> bool:
    """Return whether an expression is a column of the outermost select."""
    parent = node.parent if node is not None else None
    if isinstance(parent, exp.Alias):
        parent = parent.parent
    return isinstance(parent, exp.Select) and parent.parent is None and bool(parent.meta.get("shown"))


def _shown(local: exp.Expr, zone: exp.Expr) -> exp.Expr:
    values = zip(SHOWN, (local, zone), strict=True)
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name), expression=value.copy()) for name, value in values
        ]
    )


def show_zones(tree: exp.Expr) -> None:
    """Let a query's columns show their time zones, which its rows cannot keep elsewhere."""
    tree.meta["shown"] = True


def _zoned(moment: Rewrite) -> Rewrite:
    return lambda node: at_time_zone(moment(node), node.expressions[-1], node)


def with_zones() -> dict[str, Rewrite]:
    """Return the rewrites of functions that take a zone."""
    return {
        "at_timezone": _zoned(lambda node: node.expressions[0]),
        "from_unixtime": _from_unixtime,
        "with_timezone": _zoned(_from_local),
    }


def _from_local(node: exp.Anonymous) -> exp.Expr:
    local, zone = node.expressions
    return call("TIMEZONE", zone, exp.cast(local.copy(), "TIMESTAMP"))


def _from_unixtime(node: exp.Anonymous) -> exp.Expr:
    seconds, *zone = node.expressions
    moment = trino("from_unixtime", seconds)
    if not zone:
        return moment
    if len(zone) == 1:
        return at_time_zone(moment, zone[0], node)
    hours, minutes = (int(part.name) * (-1 if isinstance(part, exp.Neg) else 1) for part in zone)
    offset = exp.Literal.number(abs(hours * 60 + minutes))
    name = f"{'-' if hours < 0 else '+'}{abs(hours):02d}:{abs(minutes):02d}"
    local = (exp.Sub if hours < 0 else exp.Add)(
        this=exp.cast(moment, "TIMESTAMP"), expression=call("TO_MINUTES", offset)
    )
    return _shown(local, exp.Literal.string(name)) if _is_shown(node) else exp.Paren(this=local)
