"""From Athena's SQL (Trino) to DuckDB's: sqlglot translates, and the rewrites here restore Trino's meaning."""

from __future__ import annotations

from collections.abc import Callable

import sqlglot
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

# Joda's pattern letters (of format_datetime) by the longest run first, with strftime's codes.
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

    :raises MalformedQuery: if it is none.
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
    """Put SQL literals in the place of question marks.

    :raises QueryFailed: if there are more or fewer of one than of the other.
    """
    marks = [
        token for token in sqlglot.tokenize(sql, read="trino") if token.token_type == TokenType.PLACEHOLDER
    ]
    if len(marks) != len(parameters):
        raise QueryFailed(
            f"INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected {len(marks)} but found "
            f"{len(parameters)}"
        )
    for mark, parameter in reversed(list(zip(marks, parameters, strict=True))):
        sql = f"{sql[: mark.start]}{parameter}{sql[mark.end + 1 :]}"
    return sql


def to_duckdb(tree: exp.Expr) -> str:
    """Write a parsed query or condition in DuckDB's SQL; the tree is changed."""
    # Children come before their parents, so that a rewrite finds its operands rewritten.
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
    """DuckDB turns dates into timestamps here; Trino keeps the operand's type."""
    return _call("CAST_TO_TYPE", node, operand)


def _unnamed_columns(select: exp.Select) -> exp.Expr:
    """Trino names a column without a name by its position: ``_col0``."""
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
    """Trino counts whole units, DuckDB's date_diff the boundaries between; its date_sub counts whole units."""
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
    """A precision in Trino's ``timestamp(3)`` never cuts what DuckDB would."""
    if node.this in (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPTZ) and node.expressions:
        return exp.DataType(this=node.this)
    return node


def _regexp_extract(node: exp.RegexpExtract) -> exp.Expr:
    """Without a match Trino gives null, DuckDB an empty text."""
    matches = exp.RegexpLike(this=node.this.copy(), expression=node.expression.copy())
    return exp.Case(ifs=[exp.If(this=matches, true=node.copy())])


def _regexp_replace(node: exp.RegexpReplace) -> exp.Expr:
    """Trino refers to a group by ``$1``, DuckDB by ``\\1``; without a replacement, matches are removed."""
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
    """Objects and arrays are not scalars: null in Trino."""
    kind = _call("JSON_TYPE", node.this, node.expression)
    composite = exp.In(this=kind, expressions=[exp.Literal.string("OBJECT"), exp.Literal.string("ARRAY")])
    return exp.Case(ifs=[exp.If(this=composite, true=exp.Null())], default=exp.Paren(this=node.copy()))


def _approx_distinct(node: exp.ApproxDistinct) -> exp.Expr:
    """Exact: an approximation of another engine would differ anyhow."""
    return exp.Count(this=exp.Distinct(expressions=[node.this.copy()]))


def _approx_percentile(node: exp.ApproxQuantile) -> exp.Expr:
    return _call("QUANTILE_DISC", node.this, node.args["quantile"])


def _cardinality(node: exp.ArraySize) -> exp.Expr:
    """For arrays and maps alike."""
    return _call("CARDINALITY", node.this)


def _format(node: exp.Format) -> exp.Expr:
    return _call("PRINTF", node.this, *node.expressions)


def _reduce(node: exp.Reduce) -> exp.Expr:
    """Apply Trino's final function, which DuckDB's reduce lacks, by substitution."""
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
    """Expand arrays of rows into columns, maps into key and value, and several arrays side by side."""
    alias = node.args.get("alias")
    ordinality = bool(node.args.get("offset"))
    arrays = [_call("MAP_ENTRIES", array) if _is_map(array) else array.copy() for array in node.expressions]
    # In Trino's grammar the ordinal is the last of the alias's columns; sqlglot keeps it apart.
    columns = len(alias.columns) if alias else 0
    if len(arrays) == 1 and (columns < 2 and not _is_map(node.expressions[0])):
        return node
    projections: list[exp.Expr] = (
        [_expanded(arrays[0])] if len(arrays) == 1 else [_call("UNNEST", array) for array in arrays]
    )
    if ordinality:
        lengths = [_call("LEN", array) for array in arrays]
        longest = _call("GREATEST", *lengths) if len(lengths) > 1 else lengths[0]
        ordinals = _call("GENERATE_SERIES", exp.Literal.number(1), longest)
        projections.append(exp.alias_(_call("UNNEST", ordinals), "ordinality"))
    query = exp.Subquery(this=exp.select(*projections))
    new_alias = alias.copy() if alias else None
    if new_alias and isinstance(node.args.get("offset"), exp.Identifier):
        new_alias.append("columns", node.args["offset"].copy())
    if isinstance(node.parent, exp.From):
        query.set("alias", new_alias)
        return query
    return exp.Lateral(this=query, alias=new_alias)


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

    :raises QueryFailed: for a pattern letter that has no counterpart.
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
