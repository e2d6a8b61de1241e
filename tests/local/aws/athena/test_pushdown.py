"""Conditions move towards tables, and results stay what they were."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from sqlglot import exp

from local.aws.athena.dialect import parse_query, prepare_database, to_duckdb
from local.aws.athena.pushdown import conditions_on, push_down

# Queries over tables a and b, and by table the conditions that must have reached it.
MOVES = {
    "a subquery": ("SELECT n FROM (SELECT n, dt FROM a) AS s WHERE dt = '1'", {"a": ["dt = '1'"]}),
    "another name": (
        "SELECT n FROM (SELECT n, t.dt AS day FROM a AS t) WHERE day > '1' AND n > 0",
        {"a": ["n > 0", "t.dt > '1'"]},
    ),
    "two levels and a star": (
        "SELECT n FROM (SELECT * FROM (SELECT t.*, 1 AS one FROM a AS t) AS u) AS s WHERE s.dt = '1'",
        {"a": ["t.dt = '1'"]},
    ),
    "both sides of a union": (
        "SELECT n FROM (SELECT n, dt FROM a UNION ALL SELECT m, day FROM b) AS s WHERE dt = '1'",
        {"a": ["dt = '1'"], "b": ["day = '1'"]},
    ),
    "a joined table": (
        "SELECT n FROM a JOIN b ON b.day = a.dt WHERE a.dt = '1'",
        {"a": ["a.dt = '1'"], "b": ["b.day = '1'"]},
    ),
    "back from a joined table": (
        "SELECT n FROM a JOIN b ON b.day = a.dt WHERE b.day = '1'",
        {"a": ["a.dt = '1'"], "b": ["b.day = '1'"]},
    ),
    "the right of a left join": (
        "SELECT n, m FROM a LEFT JOIN b ON b.day = a.dt AND b.m = a.n WHERE a.dt = '1'",
        {"a": ["a.dt = '1'"], "b": ["b.day = '1'"]},
    ),
    "along several joins": (
        "SELECT a.n FROM a JOIN (SELECT day, m FROM b) AS s ON s.day = a.dt JOIN b AS t ON t.day = s.day "
        "WHERE a.dt = '1'",
        {"a": ["a.dt = '1'"], "b": ["day = '1'", "t.day = '1'"]},
    ),
    "groups of the column": (
        "SELECT c FROM (SELECT dt, count(*) AS c FROM a GROUP BY dt) AS s WHERE dt = '1' AND c > 1",
        {"a": ["dt = '1'"]},
    ),
    "windows within the column": (
        "SELECT p FROM (SELECT dt, row_number() OVER (PARTITION BY dt ORDER BY n) AS p FROM a) AS s "
        "WHERE dt = '2' AND p = 1",
        {"a": ["dt = '2'"]},
    ),
}
STAYS = {
    "the left of a left join": "SELECT n, m FROM a LEFT JOIN b ON b.day = a.dt WHERE b.day IS NULL",
    "a full join": "SELECT n, m FROM a FULL JOIN b ON b.day = a.dt WHERE a.dt = '1' OR a.dt IS NULL",
    "groups of something else": (
        "SELECT x FROM (SELECT n, max(dt) AS x FROM a GROUP BY n) AS s WHERE x = '1'"
    ),
    "an aggregate of all": "SELECT c FROM (SELECT count(*) AS c, '1' AS dt FROM a) AS s WHERE dt = '2'",
    "all of them, where none is left": (
        "SELECT c FROM (SELECT count(*) AS c, max(dt) AS dt FROM a) AS s WHERE dt = '1'"
    ),
    "a window over all": (
        "SELECT p FROM (SELECT dt, row_number() OVER (ORDER BY n) AS p FROM a) AS s WHERE dt = '2'"
    ),
    "a window over another column": (
        "SELECT p FROM (SELECT dt, row_number() OVER (PARTITION BY n ORDER BY dt) AS p FROM a) AS s "
        "WHERE dt = '2'"
    ),
    "a limit": "SELECT n FROM (SELECT n, dt FROM a ORDER BY n LIMIT 1) AS s WHERE dt = '2'",
    "a computed column": "SELECT n FROM (SELECT n, concat(dt, 'x') AS dt FROM a) AS s WHERE dt = '1x'",
    "another column of the name": (
        "SELECT n FROM (SELECT t.*, 'x' AS DAY FROM (SELECT n, dt FROM a) AS t) AS s WHERE day = 'x'"
    ),
    "a query within a condition": (
        "SELECT n FROM a WHERE EXISTS (SELECT 1 FROM (SELECT * FROM b) AS s WHERE m = n AND day = dt)"
    ),
    "chance": "SELECT n FROM (SELECT n, dt FROM a) AS s WHERE rand() < 0 AND n > 0 AND rand() < n",
}


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        prepare_database(connection)
        connection.execute(
            "CREATE TABLE a AS SELECT * FROM (VALUES (1, '1'), (2, '1'), (3, '2')) AS v(n, dt)"
        )
        connection.execute("CREATE TABLE b AS SELECT * FROM (VALUES (1, '1'), (4, '3')) AS v(m, day)")
        yield connection


def pushed(sql: str) -> exp.Query:
    tree = parse_query(sql)
    push_down(tree)
    return tree


def reached(tree: exp.Query) -> dict[str, list[str]]:
    """Return the conditions that reached each table."""
    found: dict[str, list[str]] = {}
    for table in tree.find_all(exp.Table):
        if conditions := conditions_on(table):
            found.setdefault(table.name, []).extend(condition.sql() for condition in conditions)
    return {name: sorted(set(conditions)) for name, conditions in found.items()}


@pytest.mark.parametrize(("sql", "expected"), MOVES.values(), ids=MOVES)
def test_conditions_reach_tables(sql: str, expected: dict[str, list[str]]) -> None:
    assert reached(pushed(sql)) == expected


@pytest.mark.parametrize("sql", STAYS.values(), ids=STAYS)
def test_conditions_that_would_change_a_result_stay(sql: str) -> None:
    conditions = [condition for found in reached(pushed(sql)).values() for condition in found]
    assert [condition for condition in conditions if "dt" in condition or "day" in condition] == []


@pytest.mark.parametrize("sql", [*(sql for sql, _ in MOVES.values()), *STAYS.values()], ids=[*MOVES, *STAYS])
def test_results_stay(database: duckdb.DuckDBPyConnection, sql: str) -> None:
    before = database.execute(to_duckdb(parse_query(sql))).fetchall()
    after = database.execute(to_duckdb(pushed(sql))).fetchall()
    assert sorted(map(repr, after)) == sorted(map(repr, before))
