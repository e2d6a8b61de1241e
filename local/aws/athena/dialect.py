"""Translates Athena's SQL (Trino) to DuckDB's, by rewrites and macros that restore Trino's meaning."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.expressions import apply_index_offset
from sqlglot.tokenizer_core import TokenType

from local.aws.athena import lambdas, python_functions
from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.casts import cast, decimal_number, typed_text
from local.aws.athena.engine_parser import parse_query
from local.aws.athena.function_list import OFFERED_NAMES
from local.aws.athena.lambdas import call, trino
from local.aws.athena.names import qualified_aliases, unnamed_columns
from local.aws.athena.time_patterns import joda_to_strftime, mysql_to_strftime
from local.aws.athena.unnest import unnest
from local.aws.athena.zones import at_time_zone, with_zones

__all__ = ["SESSION_SETTINGS", "bind_parameters", "parse_query", "prepare_database", "to_duckdb"]

SESSION_SETTINGS = ("SET TimeZone = 'UTC'", "SET integer_division = true")
_MACROS = (Path(__file__).parent / "macros.sql").read_text(encoding="utf-8")
_SUBSCRIPT = """
    CASE WHEN typeof(held__) LIKE '%]'
        AND TRY_CAST(CAST(place__ AS VARCHAR) AS BIGINT) > cardinality(held__)
    THEN error('INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: '
        || place__ || ' > ' || cardinality(held__))
    ELSE found__ END"""
# Macros that have one more that returns null instead of failing, and the number of its parameters.
_WITHOUT_ERRORS = {"trino.whole": 1, "trino.json_parse": 1, "trino.element_at": 2}
_OF_LISTS = ("trino.first_entries", "trino.collected_entries")
_BINARY_NAMES = (
    "to_utf8 from_hex from_base32 from_base64 from_base64url to_big_endian_32 to_big_endian_64 to_ieee754_32 "
    "to_ieee754_64 md5 sha1 sha256 sha512 hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512"
)
_BINARY = frozenset(_BINARY_NAMES.split())
_MACRO_NAMES = frozenset(re.findall(r"^CREATE MACRO trino\.(\w+)", _MACROS, re.MULTILINE))


def prepare_database(connection: duckdb.DuckDBPyConnection) -> None:
    """Create Trino's functions in a database of DuckDB, and close it to files of the machine."""
    python_functions.register(connection)
    connection.execute("CREATE SCHEMA trino")
    connection.execute(_MACROS)
    # From here on, statements reach the files that a scan lists, and none of the machine's.
    connection.execute("SET allowed_directories = ['scan://']")
    connection.execute("SET enable_external_access = false")


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
    """Write a parsed query or condition in DuckDB's SQL. This changes the tree.

    :raises QueryFailed: if it calls a function that Athena does not have.
    """
    # Children come before their parents: when a node is rewritten, its operands already are.
    for node in reversed(list(tree.walk(bfs=True))):
        rewrite = _REWRITES.get(type(node))
        replacement = rewrite(node) if rewrite else node
        if replacement is not node:
            tree = replacement if node is tree else tree
            node.replace(replacement)
    return tree.sql(dialect="duckdb")


def _keep_type(node: exp.Expr, operand: exp.Expr) -> exp.Expr:
    """Cast a result back to the type of an operand, which Trino keeps; DuckDB turns dates into timestamps."""
    return call("CAST_TO_TYPE", node, operand)


def _select(select: exp.Select) -> exp.Expr:
    qualified_aliases(select)
    return unnamed_columns(select)


def _interval_arithmetic(node: exp.Add | exp.Sub) -> exp.Expr:
    left, right = (isinstance(operand, exp.Interval) for operand in (node.this, node.expression))
    if left == right:
        return node
    return _keep_type(node, node.expression if left else node.this)


def _divide(node: exp.Div) -> exp.Expr:
    return trino("divide", node.this, node.expression)


def _modulo(node: exp.Mod) -> exp.Expr:
    return trino("modulo", node.this, node.expression)


def _subscript(node: exp.Bracket) -> exp.Expr:
    """Refuse an array's element beyond its end, as Trino does; a text is a map's key."""
    index = node.expressions[0]
    if isinstance(node.parent, exp.Bracket) or isinstance(index, exp.Cast) or index.is_string:
        return node
    [place] = apply_index_offset(node.this, [index.copy()], 1 - node.args.get("offset", 0))
    template = sqlglot.parse_one(_SUBSCRIPT, read="duckdb")
    return lambdas.substituted(template, {"held__": node.this, "place__": place, "found__": node})


def _concatenation(node: exp.DPipe) -> exp.Expr:
    """Let a text be put together with texts only: DuckDB takes every type."""
    pieces = [node.this, node.expression]
    if any(_is_text(piece) for piece in pieces):
        for piece in pieces:
            if not _is_text(piece):
                piece.replace(trino("text_piece", piece))
    return node


def _is_text(node: exp.Expr) -> bool:
    """Return whether an expression is certainly a text."""
    if isinstance(node, (exp.Paren, exp.Coalesce)):
        return _is_text(node.this)
    if isinstance(node, exp.DPipe):
        return _is_text(node.this) or _is_text(node.expression)
    return node.is_string or (isinstance(node, exp.Cast) and node.to.is_type(*exp.DataType.TEXT_TYPES))


def _try(node: exp.Try) -> exp.Expr:
    """Call functions that return null instead of failing: DuckDB's TRY takes none that calls error()."""
    for inner in node.find_all(exp.Anonymous):
        if parameters := _WITHOUT_ERRORS.get(inner.name):
            inner.set("this", f"{inner.name}_or_null")
            inner.set("expressions", inner.expressions[:parameters])
    return node


def _greatest(node: exp.Greatest | exp.Least) -> exp.Expr:
    """Return null if an operand is null, as Trino does; DuckDB passes over it."""
    operands = [node.this, *node.expressions]
    nulls = [
        exp.Is(this=operand.copy(), expression=exp.Null())
        for operand in operands
        if not isinstance(operand, exp.Literal)
    ]
    if not nulls:
        return node
    return exp.Case(ifs=[exp.If(this=exp.or_(*nulls), true=exp.Null())], default=node.copy())


def _approx_distinct(node: exp.ApproxDistinct) -> exp.Expr:
    """Count exactly: DuckDB's approximation would differ from Trino's anyway."""
    return exp.Count(this=exp.Distinct(expressions=[node.this.copy()]))


def _approx_percentile(node: exp.ApproxQuantile) -> exp.Expr:
    return call("QUANTILE_DISC", node.this, node.args["quantile"])


def _random(node: exp.Rand) -> exp.Expr:
    bounds = [node.args[name] for name in ("this", "lower", "upper") if node.args.get(name)]
    return trino("random", *bounds)


def _extract(node: exp.Extract) -> exp.Expr:
    name = node.name.lower()
    return trino(name, node.expression) if name in _MACRO_NAMES else call(name, node.expression)


def _normalize(node: exp.Normalize) -> exp.Expr:
    form = node.args.get("form")
    return trino("normalize", node.this, exp.Literal.string(form.name.upper() if form else "NFC"))


def _position(node: exp.StrPosition) -> exp.Expr:
    return trino("strpos", node.this, node.args["substr"])


def _substring(node: exp.Substring) -> exp.Expr:
    bounds = [node.args[name] for name in ("start", "length") if node.args.get(name)]
    return _substr(node.this, *bounds)


def _substr(value: exp.Expr, *bounds: exp.Expr) -> exp.Expr:
    return trino("substr_bytes" if _is_binary(value) else "substr", value, *bounds)


def _is_binary(node: exp.Expr) -> bool:
    """Return whether an expression is certainly a varbinary."""
    if isinstance(node, exp.Anonymous):
        return node.name.removeprefix("trino.") in _BINARY
    return isinstance(node, exp.HexString)


def _reverse(node: exp.Anonymous) -> exp.Expr:
    """Choose by the operand: a macro cannot where it does not know its type, as that of an aggregate."""
    [value] = node.expressions
    if _is_binary(value):
        return trino("reverse_bytes", value)
    if isinstance(value, exp.Array):
        return call("LIST_REVERSE", value)
    return call("REVERSE", value) if value.find(exp.AggFunc) else trino("reverse", value)


def _entries(key: exp.Expr, value: exp.Expr) -> exp.Expr:
    template = sqlglot.parse_one("list(struct_pack(key := key__, value := value__))", read="duckdb")
    return lambdas.substituted(template, {"key__": key, "value__": value})


def _map_union(node: exp.Anonymous) -> exp.Expr:
    return trino("first_entries", call("FLATTEN", call("LIST", call("MAP_ENTRIES", *node.expressions))))


def _filter(node: exp.Filter) -> exp.Expr:
    """Filter the rows of the aggregate within what is made of it."""
    made = node.this
    if not (isinstance(made, exp.Anonymous) and made.name in _OF_LISTS):
        return node
    for aggregate in list(made.find_all(exp.ArrayAgg, exp.List, exp.Anonymous)):
        if isinstance(aggregate, (exp.ArrayAgg, exp.List)) or aggregate.name.upper() == "LIST":
            aggregate.replace(exp.Filter(this=aggregate.copy(), expression=node.expression.copy()))
            break
    return made


def _trim(node: exp.Trim) -> exp.Expr:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    characters = [node.expression] if node.expression else []
    return trino(name, node.this, *characters)


def _json_value(node: exp.JSONValue) -> exp.Expr:
    conditions = node.args.get("on_condition")
    behaviors = [_behavior(conditions.args.get(case) if conditions else None) for case in ("empty", "error")]
    found = trino("json_value", node.this, node.args["path"], *behaviors)
    returning = node.args.get("returning")
    return exp.cast(found, returning.copy()) if returning else found


def _behavior(condition: exp.Expr | str | None) -> exp.Expr:
    if condition is None:
        return exp.Null()
    if isinstance(condition, str):
        return exp.Literal.string(condition.split(" ")[0])
    return exp.Literal.string(f"DEFAULT {condition.name}")


def _json_query(node: exp.JSONExtract) -> exp.Expr:
    option, quote = str(node.args.get("option") or "").upper(), node.args.get("quote")
    wrapper = "WITH CONDITIONAL" if "CONDITIONAL" in option.replace("UNCONDITIONAL", "") else "WITH"
    return trino(
        "json_query",
        node.this,
        node.expression,
        exp.Literal.string(wrapper) if option.startswith("WITH ") else exp.Null(),
        exp.Literal.string("OMIT") if quote and "OMIT" in quote.sql().upper() else exp.Null(),
    )


def _json_object(node: exp.JSONObject) -> exp.Expr:
    members: list[exp.Expr] = []
    for pair in node.expressions:
        members += [pair.this, pair.expression]
    return exp.cast(call("JSON_OBJECT", *members), "VARCHAR")


def _json_array(node: exp.Anonymous) -> exp.Expr:
    """Leave nulls out, as Trino does."""
    items = exp.Array(expressions=[call("TO_JSON", item) for item in node.expressions])
    kept = sqlglot.parse_one("list_filter(held__, lambda x: json_type(x) <> 'NULL')", read="duckdb")
    kept = lambdas.substituted(kept, {"held__": items})
    return exp.cast(call("TO_JSON", kept), "VARCHAR")


def _patterned(name: str, translate: Callable[[str], str], native: str) -> lambdas.Rewrite:
    """Rewrite a function that takes a pattern: a known one to DuckDB's own function, which is faster."""

    def rewrite(node: exp.Anonymous) -> exp.Expr:
        value, pattern = node.expressions
        if not pattern.is_string:
            return trino(name, value, pattern)
        return call(native, value, exp.Literal.string(translate(pattern.name)))

    return rewrite


def _regexp_replace(node: exp.Anonymous) -> exp.Expr:
    """Write group references as ``\\1`` instead of ``$1``; without a replacement, remove the matches."""
    text, pattern, *rest = node.expressions
    replacement = rest[0] if rest else exp.Literal.string("")
    if isinstance(replacement, exp.Lambda):
        raise QueryFailed("NOT_SUPPORTED: the local Athena does not offer regexp_replace with a function")
    if replacement.is_string:
        escaped = replacement.name.replace("\\$", "\0")
        numbered = re.sub(r"\$\{?(\d)\}?", r"\\\1", escaped).replace("\0", "$")
        replacement = exp.Literal.string(numbered)
    return call("REGEXP_REPLACE", text, pattern, replacement, exp.Literal.string("g"))


def _concat(node: exp.Anonymous) -> exp.Expr:
    """Return null if a part is null; DuckDB's concat passes over it."""
    first, *rest = node.expressions
    joined: exp.Expr = first.copy()
    for part in rest:
        joined = exp.DPipe(this=joined, expression=part.copy())
    return exp.Paren(this=joined)


def _typeof(node: exp.Anonymous) -> exp.Expr:
    value = node.expressions[0]
    return exp.Literal.string(f"varchar({len(value.name)})") if value.is_string else trino("typeof", value)


def _format(node: exp.Anonymous) -> exp.Expr:
    return call("ATHENA_FORMAT", *node.expressions)


def _map_concat(node: exp.Anonymous) -> exp.Expr:
    entries: exp.Expr = call("MAP_ENTRIES", node.expressions[0])
    for source in node.expressions[1:]:
        entries = call("LIST_CONCAT", entries, call("MAP_ENTRIES", source))
    return trino("last_entries", entries)


def _quantified(kind: type[exp.Any] | type[exp.All]) -> lambdas.Rewrite:
    """Rewrite a comparison with all or some of the rows of VALUES, which sqlglot takes for a function."""

    def rewrite(node: exp.Anonymous) -> exp.Expr:
        [rows] = node.expressions
        if not isinstance(rows, exp.Values):
            raise QueryFailed(f"FUNCTION_NOT_FOUND: line 1:1: Function '{node.name.lower()}' not registered")
        return kind(this=exp.select("*").from_(exp.alias_(rows.copy(), "rows", table=True)))

    return rewrite


_NAMED: dict[str, lambdas.Rewrite] = {
    "all": _quantified(exp.All),
    "some": _quantified(exp.Any),
    **lambdas.REWRITES,
    "cardinality": lambda node: exp.cast(call("CARDINALITY", *node.expressions), "BIGINT"),
    "concat": _concat,
    "date_format": _patterned("date_format", mysql_to_strftime, "STRFTIME"),
    "date_parse": _patterned("date_parse", mysql_to_strftime, "STRPTIME"),
    "format": _format,
    "format_datetime": _patterned("format_datetime", joda_to_strftime, "STRFTIME"),
    "json_array": _json_array,
    "map_concat": _map_concat,
    "now": lambda node: exp.CurrentTimestamp(),
    "regexp_replace": _regexp_replace,
    "substr": lambda node: _substr(*node.expressions),
    "substring": lambda node: _substr(*node.expressions),
    "reverse": _reverse,
    "bitwise_and_agg": lambda node: call("BIT_AND", *node.expressions),
    "bitwise_or_agg": lambda node: call("BIT_OR", *node.expressions),
    "bitwise_xor_agg": lambda node: call("BIT_XOR", *node.expressions),
    "every": lambda node: call("BOOL_AND", *node.expressions),
    "geometric_mean": lambda node: call("GEOMEAN", *node.expressions),
    "map_agg": lambda node: trino("first_entries", _entries(*node.expressions)),
    "map_union": _map_union,
    "multimap_agg": lambda node: trino("collected_entries", _entries(*node.expressions)),
    "typeof": _typeof,
    "zip": lambda node: call("LIST_ZIP", *node.expressions),
    **with_zones(),
}


def _named_function(node: exp.Anonymous) -> exp.Expr:
    name = node.name.lower()
    if name.startswith("trino."):
        return node
    if name not in OFFERED_NAMES and name not in ("all", "some"):
        raise QueryFailed(f"FUNCTION_NOT_FOUND: line 1:1: Function '{name}' not registered")
    if rewrite := _NAMED.get(name):
        return rewrite(node)
    return trino(name, *node.expressions) if name in _MACRO_NAMES else node


_REWRITES: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
    exp.Add: _interval_arithmetic,
    exp.Anonymous: _named_function,
    exp.ApproxDistinct: _approx_distinct,
    exp.ApproxQuantile: _approx_percentile,
    exp.AtTimeZone: lambda node: at_time_zone(node.this, node.args["zone"], node),
    exp.Between: typed_text,
    exp.Bracket: _subscript,
    exp.Cast: cast,
    exp.Div: _divide,
    exp.DPipe: _concatenation,
    exp.EQ: typed_text,
    exp.Extract: _extract,
    exp.Filter: _filter,
    exp.GT: typed_text,
    exp.GTE: typed_text,
    exp.Greatest: _greatest,
    exp.In: typed_text,
    exp.JSONExtract: _json_query,
    exp.JSONObject: _json_object,
    exp.JSONValue: _json_value,
    exp.LT: typed_text,
    exp.LTE: typed_text,
    exp.Least: _greatest,
    exp.Literal: decimal_number,
    exp.Mod: _modulo,
    exp.NEQ: typed_text,
    exp.Normalize: _normalize,
    exp.Rand: _random,
    exp.Select: _select,
    exp.StrPosition: _position,
    exp.Sub: _interval_arithmetic,
    exp.Substring: _substring,
    exp.Trim: _trim,
    exp.Try: _try,
    exp.TryCast: cast,
    exp.Unnest: unnest,
}
