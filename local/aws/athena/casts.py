"""Rewrites casts and literals whose meaning differs between Trino and DuckDB."""

from __future__ import annotations

from sqlglot import exp

from local.aws.athena.lambdas import call, trino

_INTEGERS = {
    exp.DType.TINYINT: "TINYINT",
    exp.DType.SMALLINT: "SMALLINT",
    exp.DType.INT: "INT",
    exp.DType.BIGINT: "BIGINT",
}
_TEXTS = (exp.DType.VARCHAR, exp.DType.CHAR, exp.DType.TEXT)
_TIMESTAMPS = (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIME)


def cast(node: exp.Cast) -> exp.Expr:
    """Rewrite CAST and TRY_CAST; children are rewritten already."""
    _plain_timestamps(node.to)
    kind, value = node.to.this, node.this
    if isinstance(value, exp.Null):
        return node
    if kind in _TEXTS:
        return _to_text(node)
    if kind in _INTEGERS and not (isinstance(value, exp.Literal) and value.is_int):
        is_try = isinstance(node, exp.TryCast)
        whole = (
            trino("whole_or_null", value)
            if is_try
            else trino("whole", value, exp.Literal.string(_INTEGERS[kind]))
        )
        return type(node)(this=whole, to=node.to.copy())
    if kind == exp.DType.JSON:
        return call("TO_JSON", value)
    if kind == exp.DType.DECIMAL and not node.to.expressions:
        return type(node)(this=value.copy(), to=exp.DataType.build("DECIMAL(38,0)"))
    return node


def _plain_timestamps(kind: exp.DataType) -> None:
    """Drop the precision of Trino's ``timestamp(3)``, which DuckDB does not take."""
    for part in kind.find_all(exp.DataType):
        if part.this in _TIMESTAMPS and part.expressions:
            part.set("expressions", [])


def _to_text(node: exp.Cast) -> exp.Expr:
    value = node.this
    text = value.copy() if value.is_string else trino("text", value)
    length = node.to.expressions[0].this if node.to.expressions else None
    if node.to.this == exp.DType.CHAR:
        return call("RPAD", text, length or exp.Literal.number(1), exp.Literal.string(" "))
    if length is not None:
        text = call("SUBSTR", text, exp.Literal.number(1), length)
    return exp.Cast(this=text, to=exp.DataType.build("VARCHAR"))


def decimal_number(node: exp.Literal) -> exp.Expr:
    """Give ``0.33`` Trino's type decimal(2,2); DuckDB's has one digit more."""
    whole, point, fraction = node.name.partition(".")
    if node.is_string or not point or whole.strip("0") or "e" in fraction.lower() or not fraction:
        return node
    return exp.cast(node.copy(), f"DECIMAL({len(fraction)},{len(fraction)})")


def typed_text(node: exp.Expr) -> exp.Expr:
    """Make the texts that something is compared with varchars: DuckDB would read them as dates or numbers."""
    for operand in list(node.iter_expressions()):
        if operand.is_string:
            operand.replace(exp.cast(operand.copy(), "VARCHAR"))
    return node
