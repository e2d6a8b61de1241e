"""Only what Athena has is accepted: nothing of DuckDB's, and no way to files of the machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from botocore.exceptions import ClientError

from local.aws.athena.athena_errors import MalformedQuery, QueryFailed
from local.aws.athena.dialect import parse_query, to_duckdb
from local.aws.athena.function_list import OFFERED_NAMES
from local.aws.athena.grammar import require_known_functions

CALLS = ("SELECT {name}('/etc/hostname')", "SELECT * FROM {name}('/etc/hostname')")
HIDDEN_CALLS = (
    "SELECT {name}()",
    "SELECT \"{name}\"('/etc/hostname')",
    "SELECT json_object(KEY 'a' VALUE {name}('/etc/hostname'))",
    "SELECT 1 WHERE {name}('/etc/hostname') IS NULL",
    "SELECT * FROM \"{name}\"('/etc/hostname')",
    "SELECT * FROM (VALUES 1) AS t(x) CROSS JOIN LATERAL {name}('/etc/hostname')",
)


def foreign_names(engine: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the names of all functions that DuckDB has, and Athena not."""
    rows = engine.execute("SELECT DISTINCT lower(function_name) FROM duckdb_functions()").fetchall()
    # Names that are signs, such as ||, are no functions of SQL's grammar; row is a constructor.
    return sorted(name for (name,) in rows if name.isidentifier() and name not in OFFERED_NAMES)


def is_refused(sql: str) -> bool:
    """Return whether a query is refused before DuckDB sees it."""
    try:
        tree = parse_query(sql)
        require_known_functions(sql, sql)
        to_duckdb(tree)
    except (MalformedQuery, QueryFailed):
        return True
    return False


def test_no_function_of_duckdb_passes(engine: duckdb.DuckDBPyConnection) -> None:
    names = foreign_names(engine)
    assert len(names) > 700
    calls = [call.format(name=name) for name in names for call in CALLS]
    calls += [call.format(name=name) for name in ("read_text", "glob", "getenv") for call in HIDDEN_CALLS]
    assert [sql for sql in calls if not is_refused(sql)] == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('/etc/*')",
        "COPY (SELECT 1) TO '/tmp/copied.csv'",
        "ATTACH '/tmp/attached.db'",
        "SELECT * FROM '/etc/hostname'",
    ],
)
def test_duckdb_itself_is_closed_to_files(engine: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(duckdb.Error, match="disabled by configuration|does not exist"):
        engine.execute(sql)
    with pytest.raises(duckdb.InvalidInputException, match="external access"):
        engine.execute("SET enable_external_access = true")


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("SELECT '1'::integer", "1:11: mismatched input '::'"),
        ("SELECT 1\nWHERE 'a' ILIKE 'A'", "2:11: mismatched input 'ILIKE'"),
        ("SELECT * EXCLUDE (a) FROM t", "1:10: mismatched input 'EXCLUDE'"),
        ("SELECT * REPLACE (1 AS a) FROM t", "1:10: mismatched input 'REPLACE'"),
        ("SELECT DISTINCT ON (a) a FROM t", "1:17: mismatched input 'ON'"),
        ("SELECT a FROM t QUALIFY row_number() OVER () = 1", "1:17: mismatched input 'QUALIFY'"),
        ("SELECT [1, 2]", "1:8: mismatched input '['"),
        ("SELECT [x FOR x IN ARRAY[1]]", "1:8: mismatched input '['"),
        ("SELECT {'a': 1}", "1:8: mismatched input '{'"),
        ("SELECT ARRAY[1, 2][1:1]", "1:21: mismatched input ':'"),
        ("SELECT 2 ** 3", "1:11: mismatched input '*'"),
        ("SELECT 1 == 1", "1:10: mismatched input '=='"),
        ("SELECT a, FROM t", "1:9: mismatched input ','"),
        ("FROM t", "1:1: mismatched input 'FROM'"),
        ("SELECT * FROM '/etc/hostname'", "1:15: mismatched input"),
        ("SELECT * FROM read_text('/etc/hostname')", "1:24: mismatched input '('"),
        ("PRAGMA database_list", "1:1: mismatched input 'PRAGMA'"),
        ("COPY t TO 'x'", "1:1: mismatched input 'COPY'"),
        ("ATTACH 'x'", "1:1: mismatched input 'ATTACH'"),
        ("INSTALL httpfs", "1:1: mismatched input 'INSTALL'"),
        ("SELECT 1 LIMIT 1 OFFSET 1", "1:18: mismatched input 'OFFSET'"),
    ],
)
def test_what_is_no_sql_of_trino_is_refused_with_its_place(sql: str, place: str) -> None:
    with pytest.raises(MalformedQuery) as caught:
        parse_query(sql)
    assert str(caught.value).startswith(f"line {place}")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 1,\n  getenv('HOME')", "FUNCTION_NOT_FOUND: line 2:3: Function 'getenv' not registered"),
        ("SELECT \"Getenv\"('HOME')", "FUNCTION_NOT_FOUND: line 1:8: Function 'getenv' not registered"),
        (
            "CREATE TABLE t AS SELECT list_sum(ARRAY[1]) AS a",
            "FUNCTION_NOT_FOUND: line 1:26: Function 'list_sum' not registered",
        ),
        ("SELECT bar(0.5e0, 10)", "NOT_SUPPORTED: line 1:8: the local Athena does not offer function bar"),
        (
            "SELECT 1 FROM (VALUES DATE '2024-01-01') AS t(d) WHERE d > '2024-01-01'",
            "TYPE_MISMATCH: line 1:58: Cannot apply operator: date > varchar(10)",
        ),
        ("SELECT 'a' || 1", "FUNCTION_NOT_FOUND: line 1:12: Unexpected parameters for function concat"),
        ("SELECT x + 1 AS y FROM (VALUES 1) AS t(x) GROUP BY y", "COLUMN_NOT_FOUND: line 1:17: Column 'y'"),
        ("SELECT 1 AS a, a + 1", "COLUMN_NOT_FOUND: line 1:1: Column 'a' cannot be resolved"),
        ("SELECT ARRAY[1][5]", "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to"),
        ("SELECT abs('x', 1)", "FUNCTION_NOT_FOUND: line 1:8: Unexpected parameters"),
        ("CREATE VIEW v AS SELECT 1", "MISSING_COLUMN_NAME: line 1:1: Column name not specified at"),
        ("CREATE TABLE t AS SELECT 1 AS a, 2 AS a", "DUPLICATE_COLUMN_NAME: line 1:1: Column name 'a'"),
    ],
)
def test_a_failure_has_athenas_name_and_place(
    execute: Callable[..., dict[str, Any]], sql: str, reason: str
) -> None:
    status = execute(sql)["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"].startswith(reason)


@pytest.mark.parametrize("sql", ["SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'"])
def test_the_endpoint_reads_no_file_of_the_machine(execute: Callable[..., dict[str, Any]], sql: str) -> None:
    with pytest.raises(ClientError, match="mismatched input"):
        execute(sql)
