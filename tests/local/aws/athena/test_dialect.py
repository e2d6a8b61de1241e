"""Trino's meaning of expressions, through DuckDB."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from local.aws.athena.athena_errors import MalformedQuery, QueryFailed
from local.aws.athena.athena_types import format_rows
from local.aws.athena.dialect import bind_parameters, parse_query, to_duckdb
from local.aws.athena.time_patterns import joda_to_strftime


def rows_of(engine: duckdb.DuckDBPyConnection, sql: str) -> list[list[str | None]]:
    relation = engine.sql(to_duckdb(parse_query(sql)))
    return list(format_rows(relation.fetchall(), list(relation.types)))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (
            "format_datetime(timestamp '2024-01-02 13:04:05', 'yyyy-MM-dd''T''HH:mm h a')",
            "2024-01-02T13:04 1 PM",
        ),
        ("date_format(timestamp '2024-01-02 03:04:05', '%Y-%m-%d %H:%i:%s')", "2024-01-02 03:04:05"),
        ("date_parse('2024-01-02', '%Y-%m-%d')", "2024-01-02 00:00:00.000"),
        ("parse_datetime('2024-01-02', 'yyyy-MM-dd')", "2024-01-02 00:00:00.000 UTC"),
        ("timestamp '2024-01-02 03:04:05.678'", "2024-01-02 03:04:05.678"),
        ("date_trunc('month', date '2024-03-05')", "2024-03-01"),
        ("date_trunc('hour', timestamp '2024-01-02 03:04:05')", "2024-01-02 03:00:00.000"),
        ("date_diff('day', timestamp '2024-01-01 23:00:00', timestamp '2024-01-02 01:00:00')", "0"),
        ("date_diff('hour', timestamp '2024-01-01 00:59:00', timestamp '2024-01-02 01:00:00')", "24"),
        ("date_diff('day', date '2024-01-01', date '2024-03-01')", "60"),
        ("date_add('day', 1, date '2024-01-01')", "2024-01-02"),
        ("date_add('hour', -1, timestamp '2024-01-01 00:00:00')", "2023-12-31 23:00:00.000"),
        ("date '2024-01-01' - interval '1' day", "2023-12-31"),
        ("from_unixtime(0)", "1970-01-01 00:00:00.000 UTC"),
        ("to_unixtime(timestamp '1970-01-02 00:00:00')", "86400.0"),
        ("date_format(at_timezone(from_unixtime(0), 'Asia/Tokyo'), '%H:%i')", "09:00"),
        ("date_format(from_unixtime(0, 'Asia/Tokyo'), '%H:%i')", "09:00"),
        ("hour(from_unixtime(0) AT TIME ZONE 'Asia/Tokyo')", "9"),
        ("from_iso8601_timestamp('2024-01-02T03:04:05Z')", "2024-01-02 03:04:05.000 UTC"),
        ("day_of_week(date '2024-01-07')", "7"),
        ("element_at(array[1, 2, 3], 5)", None),
        ("element_at(array[1, 2, 3], -1)", "3"),
        ("element_at(map(array['a', 'b'], array[1, 2]), 'b')", "2"),
        ("element_at(map(array['a'], array[1]), 'z')", None),
        ("contains(array[1, 2], 2)", "true"),
        ("cardinality(array[1, 2])", "2"),
        ("cardinality(map(array['a'], array[1]))", "1"),
        ("array_join(array[1, null, 3], ',')", "1,3"),
        ("array_join(array[1, null, 3], ',', 'x')", "1,x,3"),
        ("split('a,b', ',')", "[a, b]"),
        ("split_part('a-b', '-', 2)", "b"),
        ("regexp_like('abc1', '[0-9]')", "true"),
        ("regexp_extract('abc', '[0-9]')", None),
        ("regexp_extract('a12', '([a-z])([0-9]+)', 2)", "12"),
        ("regexp_replace('a1b2', '([0-9])', '<$1>')", "a<1>b<2>"),
        ("regexp_replace('a1b2', '[0-9]')", "ab"),
        ("""json_extract_scalar('{"a": {"b": 1}}', '$.a.b')""", "1"),
        ("""json_extract_scalar('{"a": {"b": 1}}', '$.a')""", None),
        ("coalesce(null, 2)", "2"),
        ("try(cast('x' as integer))", None),
        ("try_cast('x' as bigint)", None),
        ("if(1 = 2, 'a')", None),
        ("if(1 = 1, 'a', 'b')", "a"),
        ("5 / 2", "2"),
        ("cast(5 as double) / 2", "2.5"),
        ("any_match(array[1, 2], x -> x > 1)", "true"),
        ("all_match(array[1, 2], x -> x > 1)", "false"),
        ("none_match(array[1, 2], x -> x > 2)", "true"),
        ("transform(array[1, 2], x -> x + 1)", "[2, 3]"),
        ("filter(array[1, 2], x -> x > 1)", "[2]"),
        ("reduce(array[1, 2, 3], 0, (s, x) -> s + x, s -> s * 10)", "60"),
        (
            "sequence(date '2024-01-01', date '2024-01-03', interval '1' day)",
            "[2024-01-01, 2024-01-02, 2024-01-03]",
        ),
        ("arrays_overlap(array[1], array[1, 2])", "true"),
        ("cast(row(1, null) as row(a integer, b varchar))", "{a=1, b=null}"),
        ("cast(row(1, 'x') as row(a integer, b varchar)).b", "x"),
        ("width_bucket(3e0, 0, 10, 5)", "2"),
        ("url_extract_host('https://a.b:80/c')", "a.b"),
        ("format('%s-%d', 'a', 3)", "a-3"),
        ("greatest(1, 2)", "2"),
        ("1e10", "1.0E10"),
        ("cast(0.1 as real)", "0.1"),
        ("cast(1.5 as decimal(10, 2))", "1.50"),
        ("to_utf8('a')", "61"),
    ],
)
def test_expression(engine: duckdb.DuckDBPyConnection, expression: str, expected: str | None) -> None:
    assert rows_of(engine, f"SELECT {expression}") == [[expected]]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT approx_distinct(x) FROM (VALUES 1, 2, 2) AS t(x)", [["2"]]),
        ("SELECT array_agg(x ORDER BY x DESC) FROM (VALUES 1, 2, null) AS t(x)", [["[2, 1, null]"]]),
        ("SELECT map_agg(x, y) FROM (VALUES ('a', 1)) AS t(x, y)", [["{a=1}"]]),
        ("SELECT approx_percentile(x, 0.5) FROM (VALUES 1, 2, 9) AS t(x)", [["2"]]),
        ("SELECT max_by(x, y), min_by(x, y) FROM (VALUES (1, 2), (3, 1)) AS t(x, y)", [["1", "3"]]),
        ("SELECT count_if(x > 1), arbitrary(1) FROM (VALUES 1, 2) AS t(x)", [["1", "1"]]),
        ("SELECT sum(x), count(*) FILTER (WHERE x > 1) FROM (VALUES 1, 2) AS t(x)", [["3", "1"]]),
        (
            "SELECT x, row_number() OVER (ORDER BY x DESC), lag(x) OVER (ORDER BY x) "
            "FROM (VALUES 1, 2) AS t(x) ORDER BY 1",
            [["1", "2", None], ["2", "1", "1"]],
        ),
        (
            "SELECT x, count(*) FROM (VALUES 'a', 'a', 'b') AS t(x) "
            "GROUP BY GROUPING SETS ((x), ()) ORDER BY 1",
            [["a", "2"], ["b", "1"], [None, "3"]],
        ),
        (
            "SELECT n, v FROM (VALUES (1, array['a', 'b'])) AS t(n, vs) "
            "CROSS JOIN UNNEST(vs) AS u(v) ORDER BY v",
            [["1", "a"], ["1", "b"]],
        ),
        (
            "SELECT v, o FROM (VALUES (1, array['a', 'b'])) AS t(n, vs) "
            "CROSS JOIN UNNEST(vs) WITH ORDINALITY AS u(v, o) ORDER BY o",
            [["a", "1"], ["b", "2"]],
        ),
        (
            "SELECT a, b FROM (SELECT array[cast(row(1, 'x') as row(p integer, q varchar))] AS rs)"
            " CROSS JOIN UNNEST(rs) AS u(a, b)",
            [["1", "x"]],
        ),
        (
            "SELECT a, b, o FROM (SELECT array[cast(row(7, 'x') as row(p integer, q varchar))] AS rs)"
            " CROSS JOIN UNNEST(rs) WITH ORDINALITY AS u(a, b, o)",
            [["7", "x", "1"]],
        ),
        ("SELECT a, b FROM UNNEST(array[1, 2], array['x']) AS t(a, b) ORDER BY a", [["1", "x"], ["2", None]]),
        ("SELECT k, v FROM UNNEST(map(array['a'], array[1])) AS t(k, v)", [["a", "1"]]),
        (
            "SELECT n, v FROM (VALUES (1, array['a']), (2, array[])) AS t(n, vs) "
            "LEFT JOIN UNNEST(vs) AS u(v) ON true ORDER BY n",
            [["1", "a"], ["2", None]],
        ),
        ("WITH a AS (SELECT 1 x), b AS (SELECT x + 1 y FROM a) SELECT * FROM b", [["2"]]),
        ("VALUES (1, 'a'), (2, 'b')", [["1", "a"], ["2", "b"]]),
        ("SELECT x FROM (VALUES 1, null, 2) AS t(x) ORDER BY x DESC", [["2"], ["1"], [None]]),
        ("SELECT x FROM (VALUES 1, 2, 3) AS t(x) ORDER BY x OFFSET 1 LIMIT 1", [["2"]]),
    ],
)
def test_query(engine: duckdb.DuckDBPyConnection, sql: str, expected: list[list[str | None]]) -> None:
    assert rows_of(engine, sql) == expected


def test_columns_without_name_are_named_by_position(engine: duckdb.DuckDBPyConnection) -> None:
    relation = engine.sql(to_duckdb(parse_query("SELECT 1 AS a, count(*), max(2) FROM (VALUES 1) AS t(x)")))
    assert relation.columns == ["a", "_col1", "_col2"]


def test_bind_parameters_in_order_and_not_within_texts() -> None:
    assert bind_parameters("SELECT '?', ? WHERE x = ?", ["1", "'a?'"]) == "SELECT '?', 1 WHERE x = 'a?'"
    with pytest.raises(QueryFailed, match="expected 1 but found 2"):
        bind_parameters("SELECT ?", ["1", "2"])


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT FROM WHERE", "SELECT (1", "DROP TABLE x"])
def test_what_is_no_query_is_refused(sql: str) -> None:
    with pytest.raises(MalformedQuery, match="line 1:"):
        parse_query(sql)


def test_joda_pattern_unknown_letter() -> None:
    assert joda_to_strftime("yyyy/MM/dd HH:mm:ss.SSS") == "%Y/%m/%d %H:%M:%S.%g"
    assert dt.datetime(2024, 1, 2).strftime(joda_to_strftime("dd.MM.yy")) == "02.01.24"
    with pytest.raises(QueryFailed, match="Invalid format"):
        joda_to_strftime("qq")
