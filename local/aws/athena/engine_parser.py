"""Parses Athena's queries: sqlglot's Trino without the functions of other engines that it knows too.

A function stays a call by its own name, so that dialect.py and macros.sql decide what it means. Only what the
engine or pushdown.py must tell apart (aggregates, windows, conditions) becomes a node of its own.
"""

from __future__ import annotations

from typing import Any

import sqlglot

# sqlglot imports a dialect when it is first named, and statements that run at once would see half of it.
import sqlglot.dialects.athena
import sqlglot.dialects.duckdb
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import SqlglotError
from sqlglot.parsers.trino import TrinoParser

from local.aws.athena.athena_errors import MalformedQuery
from local.aws.athena.function_list import OFFERED
from local.aws.athena.grammar import place, refuse_foreign_syntax, tokenize

_OWN_NODES = {
    name.upper()
    for family in ("aggregate", "window", "comparison", "conditional", "UUID")
    for name in OFFERED[family]
} | {"RAND", "RANDOM"}
# Of these, sqlglot would make nodes that DuckDB reads in its own way.
_MACROS = "BITWISE_XOR_AGG EVERY GEOMETRIC_MEAN HISTOGRAM MAP_AGG MAP_UNION MULTIMAP_AGG SKEWNESS"
_OWN_NODES -= set(_MACROS.split())
_OWN_SYNTAX = (
    "CAST EXTRACT JSON_OBJECT JSON_QUERY JSON_VALUE LISTAGG MAX_BY MIN_BY NORMALIZE POSITION SUBSTRING TRIM "
    "TRY_CAST"
)
# Clauses that sqlglot parses for other engines: the node, and those of its parts that are not Trino's.
_FOREIGN_PARTS: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Star: ("except_", "except", "replace", "rename"),
    exp.Distinct: ("on",),
    exp.Select: ("qualify", "kind", "into", "hint", "cluster", "distribute", "sort", "connect"),
    exp.Table: ("pivots", "changes", "version_", "hints"),
    exp.Group: ("all",),
}
_FOREIGN_NODES = (
    exp.Command,
    exp.Comprehension,
    exp.DDL,
    exp.Describe,
    exp.ILike,
    exp.Pivot,
    exp.Qualify,
    exp.Show,
    exp.Summarize,
)


def _decimal_literal(_parser: Any, value: Any, _kind: Any) -> exp.Expr:
    """Give ``DECIMAL '1.10'`` the precision and scale of its digits."""
    whole, _point, fraction = value.name.strip().lstrip("+-").partition(".")
    precision = max(len(whole.lstrip("0") + fraction), len(fraction), 1)
    return exp.cast(value, f"DECIMAL({precision},{len(fraction)})")


class EngineParser(TrinoParser):
    """Parser of queries."""

    FUNCTIONS = {name: build for name, build in TrinoParser.FUNCTIONS.items() if name in _OWN_NODES}
    FUNCTION_PARSERS = {name: TrinoParser.FUNCTION_PARSERS[name] for name in _OWN_SYNTAX.split()} | {
        "JSON_VALUE": lambda self: self._parse_json_value(json_path=False)
    }
    TYPE_LITERAL_PARSERS = {**TrinoParser.TYPE_LITERAL_PARSERS, exp.DType.DECIMAL: _decimal_literal}


class Engine(Trino):
    """Dialect of queries."""

    Parser = EngineParser


def parse_query(sql: str) -> exp.Query:
    """Parse a SELECT, WITH, VALUES or TABLE query.

    :raises MalformedQuery: if the text is not a query.
    """
    _require_query(sql)
    refuse_foreign_syntax(sql)
    try:
        tree = sqlglot.parse_one(sql, read=Engine)
    except SqlglotError as error:
        first = (getattr(error, "errors", None) or [{}])[0]
        where = f"line {first.get('line', 1)}:{first.get('col', 1)}"
        near = first.get("highlight") or sql.strip().split(" ")[0]
        raise MalformedQuery(
            f"{where}: mismatched input '{near}'. {first.get('description', '')}".strip()
        ) from error
    if isinstance(tree, exp.Values):
        tree = exp.select("*").from_(tree)
    if not isinstance(tree, exp.Query):
        raise MalformedQuery(f"line 1:1: mismatched input '{sql.strip().split(' ')[0]}'. Expecting: a query")
    _require_trino(tree, sql)
    return tree


def _require_query(sql: str) -> None:
    tokens = tokenize(sql)
    if tokens and tokens[0].text.lower() not in ("select", "with", "values", "table", "("):
        where = place(sql, tokens[0].start)
        raise MalformedQuery(f"line {where}: mismatched input '{tokens[0].text}'. Expecting: a query")


def _require_trino(tree: exp.Query, sql: str) -> None:
    for node in tree.walk():
        parts = _FOREIGN_PARTS.get(type(node), ())
        if isinstance(node, _FOREIGN_NODES) or any(node.args.get(part) for part in parts):
            named = (part.strip("_") for part in parts if node.args.get(part))
            word = next(named, type(node).__name__.lower())
            raise MalformedQuery(f"line {_word_place(sql, word)}: mismatched input '{word.upper()}'")
        if isinstance(node, exp.Table) and not _is_name(node.this, sql):
            raise MalformedQuery(_no_table(sql, node.this))


def _is_name(source: exp.Expr, sql: str) -> bool:
    """Return whether a table is given by its name; sqlglot reads a text as a name too."""
    if not isinstance(source, exp.Identifier):
        return False
    return not source.quoted or f'"{source.name}"' in sql


def _word_place(sql: str, word: str) -> str:
    found = (token.start for token in tokenize(sql) if token.text.lower() == word)
    return place(sql, next(found, 0))


def _no_table(sql: str, source: exp.Expr) -> str:
    """Return the error for a text or a call of a function in the place of a table."""
    tokens, name = tokenize(sql), source.name.lower()
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if isinstance(source, exp.Identifier) and token.text.lower() == name:
            return f"line {place(sql, token.start)}: mismatched input '{token.text}'"
        if following is not None and following.text == "(" and token.text.lower() == name:
            return f"line {place(sql, following.start)}: mismatched input '('"
    return "line 1:1: mismatched input"
