"""Why queries fail, in Athena's words."""

from __future__ import annotations

import re
from collections.abc import Callable

import duckdb
from botocore.exceptions import ClientError

from include.core.errors import code_and_message
from local.aws.athena.type_names import trino_type_name
from local.aws.endpoint_errors import AwsError

DDL_TASK = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."


class QueryFailed(Exception):
    """A query ends as FAILED.

    :param reason: the query's StateChangeReason, which begins with Athena's name of the error if it has one.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MalformedQuery(Exception):
    """The text is not a statement, so StartQueryExecution refuses it."""


def invalid_argument(message: str) -> QueryFailed:
    """Return Trino's error for an argument that a function does not take."""
    return QueryFailed(f"INVALID_FUNCTION_ARGUMENT: {message}")


# Errors that macros.sql and python_functions.py raise: DuckDB puts words of its own before them.
_RAISED = re.compile(
    r"\b((?:INVALID_FUNCTION_ARGUMENT|INVALID_CAST_ARGUMENT|JSON_VALUE_RESULT_ERROR|INVALID_PATH): .*)"
)
_NAMED_ERRORS = (
    (r'Referenced column "(.+?)" (?:was )?not found', "COLUMN_NOT_FOUND", "Column '{}' cannot be resolved"),
    (r'does not have a column named "(.+?)"', "COLUMN_NOT_FOUND", "Column '{}' cannot be resolved"),
    (r'Referenced table "(.+?)" not found', "COLUMN_NOT_FOUND", "Column '{}' cannot be resolved"),
    (r"Function with name \"?(.+?)\"? does not exist", "FUNCTION_NOT_FOUND", "Function '{}' not registered"),
    (r'Ambiguous reference to column name "(.+?)"', "AMBIGUOUS_NAME", "Column '{}' is ambiguous"),
    (
        r'column "(.+?)" must appear in the GROUP BY',
        "EXPRESSION_NOT_AGGREGATE",
        "'{}' must be an aggregate expression or appear in GROUP BY clause",
    ),
)


def failure_reason(error: Exception, sql: str) -> str:
    """Return the reason why a query failed.

    :param sql: the statement, in which the line and column of a name are looked up.
    """
    if isinstance(error, QueryFailed):
        return error.reason
    if isinstance(error, AwsError):
        return error.message
    if isinstance(error, ClientError):
        return ": ".join(code_and_message(error))
    if raised := _RAISED.search(str(error)):
        return raised[1]
    message = str(error).split("\n")[0]
    for pattern, code, text in _NAMED_ERRORS:
        if found := re.search(pattern, message):
            return f"{code}: {_position(found[1], sql)}: {text.format(found[1].lower())}"
    for pattern, reason in _TRANSLATED_ERRORS:
        if found := re.search(pattern, message):
            return reason(found, sql)
    return _unnamed_reason(error, re.sub(r"^(\w+ )+Error: ", "", message))


def _unnamed_reason(error: Exception, message: str) -> str:
    if isinstance(error, duckdb.ConversionException):
        return f"INVALID_CAST_ARGUMENT: {message}"
    if isinstance(error, duckdb.OutOfMemoryException):
        return f"EXCEEDED_LOCAL_MEMORY_LIMIT: {message}"
    if isinstance(error, (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException)):
        return f"SYNTAX_ERROR: line 1:1: {message}"
    return f"GENERIC_INTERNAL_ERROR: {message}"


def _failed_cast(found: re.Match[str], _: str) -> str:
    kind = {"INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INT", "INT64": "BIGINT"}.get(found[2], found[2])
    return f"INVALID_CAST_ARGUMENT: Cannot cast '{found[1]}' to {kind}"


def _wrong_macro(found: re.Match[str], sql: str) -> str:
    name, written = ("concat", "||") if found[1] == "text_piece" else (found[1], found[1])
    return f"FUNCTION_NOT_FOUND: {_position(written, sql)}: Unexpected parameters for function {name}"


def _wrong_parameters(found: re.Match[str], sql: str) -> str:
    name, types = found[1].lower(), ", ".join(trino_type_name(kind) for kind in found[2].split(", "))
    return f"FUNCTION_NOT_FOUND: {_position(name, sql)}: Unexpected parameters ({types}) for function {name}"


def _position(name: str, sql: str) -> str:
    pattern = rf"\b{re.escape(name)}\b" if name.isidentifier() else re.escape(name)
    found = re.search(pattern, sql, re.IGNORECASE)
    return _line_and_column(sql, found.start() if found else 0)


def _wrong_comparison(found: re.Match[str], sql: str) -> str:
    """Name the first operator before a text, which is what DuckDB most likely means."""
    left, right = trino_type_name(found[1]), trino_type_name(found[2])
    operator = re.search(r"(<>|!=|<=|>=|=|<|>)\s*'((?:[^']|'')*)'", sql)
    if operator is None:
        return f"TYPE_MISMATCH: line 1:1: Cannot apply operator: {left} = {right}"
    right = f"varchar({len(operator[2])})" if right == "varchar" else right
    place = _line_and_column(sql, operator.start())
    return f"TYPE_MISMATCH: {place}: Cannot apply operator: {left} {operator[1]} {right}"


def _line_and_column(sql: str, start: int) -> str:
    before = sql[:start]
    return f"line {before.count(chr(10)) + 1}:{len(before) - (before.rfind(chr(10)) + 1) + 1}"


_TRANSLATED_ERRORS: tuple[tuple[str, Callable[[re.Match[str], str], str]], ...] = (
    ("Division by zero", lambda _found, _sql: "DIVISION_BY_ZERO: Division by zero"),
    (r"Cannot compare values of type (.+?) and type (.+?) - an explicit cast", _wrong_comparison),
    (
        r'Could not parse string "(.*?)" according to',
        lambda found, _sql: f'INVALID_FUNCTION_ARGUMENT: Invalid format: "{found[1]}" is malformed',
    ),
    (r"Could not convert string '(.*?)' to (\w+)", _failed_cast),
    (r"Macro \"?(\w+)\"?\(\) does not support", _wrong_macro),
    (r"No function matches the given name and argument types '(\w+)\((.*)\)'", _wrong_parameters),
)
