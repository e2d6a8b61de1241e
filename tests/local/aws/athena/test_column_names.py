"""Views and new tables want names for their columns."""

from __future__ import annotations

from collections.abc import Callable

import awswrangler as wr
import pytest
from awswrangler.exceptions import InvalidArgumentValue, InvalidCtasApproachQuery

from local.aws.athena.athena_errors import QueryFailed
from local.aws.athena.column_names import require_names

Query = Callable[..., list[tuple[str | None, ...]]]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT a, count(*) FROM t", "MISSING_COLUMN_NAME: .* Column name not specified at position 2"),
        ("(SELECT 1) UNION SELECT 2 AS b", "Column name not specified at position 1"),
        ("SELECT a, b AS A FROM t", "DUPLICATE_COLUMN_NAME: .* Column name 'a' specified more than once"),
        ("SELECT t.a, u.a FROM t, u", "Column name 'a' specified more than once"),
    ],
)
def test_columns_without_a_name_of_their_own_are_refused(sql: str, reason: str) -> None:
    with pytest.raises(QueryFailed, match=reason):
        require_names(sql)


@pytest.mark.parametrize("sql", ["SELECT *, a AS b FROM t", "SELECT t.a, r.x.y FROM t", "VALUES 1"])
def test_other_columns_are_taken(sql: str) -> None:
    require_names(sql)


@pytest.mark.integration
def test_clients_understand_the_refusal(
    bucket: str, database: str, query: Query, reason: Callable[..., str]
) -> None:
    assert reason("CREATE VIEW v AS SELECT 1").startswith("MISSING_COLUMN_NAME: ")
    assert reason("CREATE TABLE t AS SELECT NULL AS a").startswith("COLUMN_TYPE_UNKNOWN: ")
    for sql, words in (
        ("SELECT 1 AS a, 2 AS a", "define distinct names"),
        ("SELECT 1", "define all columns names"),
        ("SELECT NULL AS a", "undefined columns types"),
    ):
        with pytest.raises((InvalidArgumentValue, InvalidCtasApproachQuery), match=words):
            wr.athena.read_sql_query(sql, database=database, s3_output=f"s3://{bucket}/results/")
    assert query("SHOW TABLES") == []
