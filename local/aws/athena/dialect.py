"""Translates Athena's SQL (Trino) to DuckDB's, by sqlglot and by rewrites that restore Trino's meaning."""

from __future__ import annotations

from collections.abc import Callable

import sqlglot

# sqlglot imports a dialect when it is first named, and statements that run at once would see half of it.
import sqlglot.dialects.athena
import sqlglot.dialects.duckdb
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from local.aws.athena.athena_errors import MalformedQuery, QueryFailed

SESSION_SETTINGS = ("SET TimeZone = 'UTC'", "SET integer_division = true")

MACROS = (
    "CREATE MACRO map_agg(k, v) AS map_from_entries(list((k, v)))",
    "CREATE MACRO arrays_overlap(a, b) AS list_has_any(a, b)",
    "CREATE MACRO codepoint(s) AS unicode(s)",
    "CREATE MACRO nan() AS CAST('nan' AS DOUBLE)",
    "CREATE MACRO infinity() AS CAST('infinity' AS DOUBLE)",
    "CREATE MACRO zip(a, b) AS list_zip(a, b)",
    "CREATE MACRO url_extract_host(u) AS nullif(regexp_extract(u, '^[A-Za-z0-9+.-]+://([^/:?#]+)', 1), '')",
    "CREATE MACRO url_extract_path(u) AS regexp_extract(u, '^[A-Za-z0-9+.-]+://[^/?#]*([^?#]*)', 1)",
    "CREATE MACRO width_bucket(x, low, high, n) AS CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1 "
    "ELSE CAST(floor((x - low) * n / CAST(high - low AS DOUBLE)) AS BIGINT) + 1 END",
)

# Joda's pattern letters, which format_datetime takes, and strftime's codes. Longer runs of a letter come
# first.
_JODA = (
    ("yyyy", "%Y"),
    ("YYYY", "%Y"),
    ("xxxx", "%G"),
    ("yy", "%y"),
    ("MMMM", "%B"),
    ("MMM", "%b"),
    ("MM", "%m"),
    ("M", "%-m"),
    ("dd", "%d"),
    ("d", "%-d"),
    ("EEEE", "%A"),
    ("EEE", "%a"),
    ("HH", "%H"),
    ("H", "%-H"),
    ("hh", "%I"),
    ("h", "%-I"),
    ("mm", "%M"),
    ("m", "%-M"),
    ("ss", "%S"),
    ("s", "%-S"),
    ("SSS", "%g"),
    ("DDD", "%j"),
    ("ww", "%V"),
    ("a", "%p"),
    ("ZZ", "%z"),
    ("Z", "%z"),
)


def parse_query(sql: str) -> exp.Query:
    """Parse a SELECT, WITH, VALUES or TABLE query.

    :raises MalformedQuery: if the text is not a query.
    """
    try:
        tree = sqlglot.parse_one(sql, read="trino")
    except SqlglotError as error:
        first = (getattr(error, "errors", None) or [{}])[0]
        place = f"line {first.get('line', 1)}:{first.get('col', 1)}"
        near = first.get("highlight") or sql.strip().split(" ")[0]
        raise MalformedQuery(
            f"{place}: mismatched input '{near}'. {first.get('description', '')}".strip()
        ) from error
    if isinstance(tree, exp.Values):
        tree = exp.select("*").from_(tree)
    if not isinstance(tree, exp.Query):
        raise MalformedQuery(f"line 1:1: mismatched input '{sql.strip().split(' ')[0]}'. Expecting: a query")
    return tree


def bind_parameters(sql: str, parameters: list[str]) -> str:
    """Replace each question mark by the SQL literal of its parameter.

    :raises QueryFailed: if there are more or fewer parameters than question marks.
    """
    marks = [
        token for token in sqlglot.tokenize(sql, read="trino") if token.token_type == TokenType.PLACEHOLDER
    ]
    if len(marks) != len(parameters):
        raise QueryFailed(
            "INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: "
            f"expected {len(marks)} but found {len(parameters)}"
        )
    for mark, parameter in reversed(list(zip(marks, parameters, strict=True))):
        sql = f"{sql[: mark.start]}{parameter}{sql[mark.end + 1 :]}"
    return sql


def to_duckdb(tree: exp.Expr) -> str:
    """Write a parsed query or condition in DuckDB's SQL. This changes the tree."""
    # Children come before their parents: when a node is rewritten, its operands already are.
    for node in reversed(list(tree.walk(bfs=True))):
        rewrite = _REWRITES.get(type(node))
        replacement = rewrite(node) if rewrite else node
        if replacement is not node:
            tree = replacement if node is tree else tree
            node.replace(replacement)
    return tree.sql(dialect="duckdb")


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def _keep_type(node: exp.Expr, operand: exp.Expr) -> exp.Expr:
    """Cast a result back to the type of an operand, which Trino keeps; DuckDB turns dates into timestamps."""
    return _call("CAST_TO_TYPE", node, operand)


def _unnamed_columns(select: exp.Select) -> exp.Expr:
    """Name columns without a name as Trino does, by their position: ``_col0``."""
    for position, column in enumerate(select.expressions):
        if not isinstance(column, (exp.Alias, exp.Column, exp.Star, exp.Dot, exp.Aliases)):
            column.replace(exp.alias_(column.copy(), f"_col{position}"))
    return select


def _interval_arithmetic(node: exp.Add | exp.Sub) -> exp.Expr:
    return _keep_type(node, node.this) if isinstance(node.expression, exp.Interval) else node


def _date_add(node: exp.DateAdd) -> exp.Expr:
    return _keep_type(node, node.this)


def _date_trunc(node: exp.DateTrunc | exp.TimestampTrunc) -> exp.Expr:
    return _keep_type(node, node.this)


def _date_diff(node: exp.DateDiff) -> exp.Expr:
    """Count whole units, as Trino and DuckDB's date_sub do; DuckDB's date_diff counts crossed boundaries."""
    return _call(
        "DATE_SUB", exp.Literal.string(node.text("unit").lower() or "day"), node.expression, node.this
    )


def _sequence(node: exp.GenerateSeries) -> exp.Expr:
    if not isinstance(node.args.get("step"), exp.Interval):
        return node
    return _keep_type(node, exp.Array(expressions=[node.args["start"].copy()]))


def _from_unixtime(node: exp.UnixToTime) -> exp.Expr:
    zone = node.args.get("zone")
    if zone is None:
        return node
    return exp.AtTimeZone(this=exp.UnixToTime(this=node.this.copy()), zone=zone.copy())


def _timestamp_type(node: exp.DataType) -> exp.Expr:
    """Drop the precision of Trino's ``timestamp(3)``, which DuckDB does not take."""
    if node.this in (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPTZ) and node.expressions:
        return exp.DataType(this=node.this)
    return node


def _regexp_extract(node: exp.RegexpExtract) -> exp.Expr:
    """Return null where nothing matches, as Trino does; DuckDB returns an empty text."""
    matches = exp.RegexpLike(this=node.this.copy(), expression=node.expression.copy())
    return exp.Case(ifs=[exp.If(this=matches, true=node.copy())])


def _regexp_replace(node: exp.RegexpReplace) -> exp.Expr:
    """Write group references as ``\\1`` instead of ``$1``; without a replacement, remove the matches."""
    replacement = node.args.get("replacement")
    if replacement is None:
        node.set("replacement", exp.Literal.string(""))
    elif isinstance(replacement, exp.Literal):
        text = replacement.name
        for group in range(10):
            text = text.replace(f"${group}", f"\\{group}")
        node.set("replacement", exp.Literal.string(text))
    return node


def _json_extract_scalar(node: exp.JSONExtractScalar) -> exp.Expr:
    """Return null for objects and arrays, as Trino does: they are not scalars."""
    kind = _call("JSON_TYPE", node.this, node.expression)
    composite = exp.In(this=kind, expressions=[exp.Literal.string("OBJECT"), exp.Literal.string("ARRAY")])
    return exp.Case(ifs=[exp.If(this=composite, true=exp.Null())], default=exp.Paren(this=node.copy()))


def _approx_distinct(node: exp.ApproxDistinct) -> exp.Expr:
    """Count exactly: DuckDB's approximation would differ from Trino's anyway."""
    return exp.Count(this=exp.Distinct(expressions=[node.this.copy()]))


def _approx_percentile(node: exp.ApproxQuantile) -> exp.Expr:
    return _call("QUANTILE_DISC", node.this, node.args["quantile"])


def _cardinality(node: exp.ArraySize) -> exp.Expr:
    """Take the size of an array or a map by the one function that DuckDB has for both."""
    return _call("CARDINALITY", node.this)


def _format(node: exp.Format) -> exp.Expr:
    return _call("PRINTF", node.this, *node.expressions)


def _reduce(node: exp.Reduce) -> exp.Expr:
    """Apply the final function of Trino's reduce, which DuckDB's lacks, by putting the result into it."""
    finish = node.args.get("finish")
    if not isinstance(finish, exp.Lambda):
        return node
    reduced = node.copy()
    reduced.set("finish", None)
    parameter = finish.expressions[0].name
    wrapper = exp.Paren(this=finish.this.copy())
    for name in list(wrapper.find_all(exp.Column, exp.Identifier)):
        if name.name == parameter and (
            isinstance(name, exp.Column) or not isinstance(name.parent, exp.Column)
        ):
            name.replace(reduced.copy())
    return wrapper


def _unnest(node: exp.Unnest) -> exp.Expr:
    """Unnest arrays of rows into columns, maps into key and value, and several arrays side by side."""
    alias, ordinal = node.args.get("alias"), node.args.get("offset")
    columns = len(alias.columns) if alias else 0
    if len(node.expressions) == 1 and columns < 2 and not _is_map(node.expressions[0]):
        return node
    arrays = [_call("MAP_ENTRIES", array) if _is_map(array) else array.copy() for array in node.expressions]
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
        [_expanded(arrays[0])] if len(arrays) == 1 else [_call("UNNEST", array) for array in arrays]
    )
    if with_ordinality:
        lengths = [_call("LEN", array) for array in arrays]
        longest = _call("GREATEST", *lengths) if len(lengths) > 1 else lengths[0]
        ordinals = _call("GENERATE_SERIES", exp.Literal.number(1), longest)
        columns.append(exp.alias_(_call("UNNEST", ordinals), "ordinality"))
    return columns


def _expanded(array: exp.Expr) -> exp.Expr:
    template = sqlglot.parse_one("SELECT UNNEST(x, max_depth := 2)", read="duckdb")
    for column in list(template.find_all(exp.Column)):
        if column.name == "x":
            column.replace(array.copy())
    expanded: exp.Expr = template.expressions[0]
    return expanded


def _is_map(node: exp.Expr) -> bool:
    named = isinstance(node, exp.Anonymous) and node.name.upper() in (
        "MAP_AGG",
        "HISTOGRAM",
        "MAP_FROM_ENTRIES",
    )
    return named or isinstance(node, (exp.Map, exp.VarMap))


def joda_to_strftime(pattern: str) -> str:
    """Translate a pattern of format_datetime.

    >>> joda_to_strftime("yyyy-MM-dd'T'HH:mm")
    '%Y-%m-%dT%H:%M'

    :raises QueryFailed: if strftime has no code for a letter of the pattern.
    """
    out, position = "", 0
    while position < len(pattern):
        rest = pattern[position:]
        if rest[0] == "'":
            quoted = rest[1:].partition("'")[0]
            out += quoted or "'"
            position += len(quoted) + 2
            continue
        letters, code = next(
            ((joda, code) for joda, code in _JODA if rest.startswith(joda)), (rest[0], rest[0])
        )
        if letters == code and letters.isalpha():
            raise QueryFailed(f"INVALID_FUNCTION_ARGUMENT: Invalid format: {pattern!r}")
        out += "%%" if code == "%" else code
        position += len(letters)
    return out


def _format_datetime(node: exp.Anonymous) -> exp.Expr:
    moment, pattern = node.expressions
    return _call("STRFTIME", moment, exp.Literal.string(joda_to_strftime(pattern.name)))


def _parse_datetime(node: exp.ParseDatetime) -> exp.Expr:
    pattern = joda_to_strftime(node.args["format"].name)
    return exp.cast(_call("STRPTIME", node.this, exp.Literal.string(pattern)), "timestamptz")


def _matching(
    comparison: Callable[[exp.Expr, exp.Expr], exp.Expr],
) -> Callable[[exp.Anonymous], exp.Expr]:
    def rewrite(node: exp.Anonymous) -> exp.Expr:
        array, condition = node.expressions
        matches = _call("LEN", exp.ArrayFilter(this=array.copy(), expression=condition.copy()))
        return exp.Paren(this=comparison(matches, _call("LEN", array)))

    return rewrite


_NAMED: dict[str, Callable[[exp.Anonymous], exp.Expr]] = {
    "FORMAT_DATETIME": _format_datetime,
    "AT_TIMEZONE": lambda node: exp.AtTimeZone(
        this=node.expressions[0].copy(), zone=node.expressions[1].copy()
    ),
    "ANY_MATCH": _matching(lambda matches, _: exp.GT(this=matches, expression=exp.Literal.number(0))),
    "NONE_MATCH": _matching(lambda matches, _: exp.EQ(this=matches, expression=exp.Literal.number(0))),
    "ALL_MATCH": _matching(lambda matches, length: exp.EQ(this=matches, expression=length)),
}


def _named_function(node: exp.Anonymous) -> exp.Expr:
    rewrite = _NAMED.get(node.name.upper())
    return rewrite(node) if rewrite else node


_REWRITES: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
    exp.Add: _interval_arithmetic,
    exp.Anonymous: _named_function,
    exp.ApproxDistinct: _approx_distinct,
    exp.ApproxQuantile: _approx_percentile,
    exp.ArraySize: _cardinality,
    exp.DataType: _timestamp_type,
    exp.DateAdd: _date_add,
    exp.DateDiff: _date_diff,
    exp.DateTrunc: _date_trunc,
    exp.Format: _format,
    exp.GenerateSeries: _sequence,
    exp.JSONExtractScalar: _json_extract_scalar,
    exp.ParseDatetime: _parse_datetime,
    exp.Reduce: _reduce,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpReplace: _regexp_replace,
    exp.Select: _unnamed_columns,
    exp.Sub: _interval_arithmetic,
    exp.TimestampTrunc: _date_trunc,
    exp.UnixToTime: _from_unixtime,
    exp.Unnest: _unnest,
}
