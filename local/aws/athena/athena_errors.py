"""Why queries fail, in Athena's words."""

from __future__ import annotations

import re

import duckdb
from botocore.exceptions import ClientError

from include.core.errors import code_and_message
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
    message = str(error).split("\n")[0]
    for pattern, code, text in _NAMED_ERRORS:
        if found := re.search(pattern, message):
            return f"{code}: {_position(found[1], sql)}: {text.format(found[1].lower())}"
    message = re.sub(r"^(\w+ )+Error: ", "", message)
    if isinstance(error, duckdb.ConversionException):
        return f"INVALID_CAST_ARGUMENT: {message}"
    if isinstance(error, duckdb.OutOfMemoryException):
        return f"EXCEEDED_LOCAL_MEMORY_LIMIT: {message}"
    if isinstance(error, duckdb.BinderException) and "No function matches" in message:
        return f"FUNCTION_NOT_FOUND: line 1:1: {message}"
    if isinstance(error, (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException)):
        return f"SYNTAX_ERROR: line 1:1: {message}"
    return f"GENERIC_INTERNAL_ERROR: {message}"


def _position(name: str, sql: str) -> str:
    found = re.search(rf"\b{re.escape(name)}\b", sql, re.IGNORECASE)
    before = sql[: found.start()] if found else ""
    return f"line {before.count(chr(10)) + 1}:{len(before) - (before.rfind(chr(10)) + 1) + 1}"
