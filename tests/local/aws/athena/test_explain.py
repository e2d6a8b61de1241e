"""EXPLAIN."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.integration

Query = Callable[..., list[tuple[str | None, ...]]]


@pytest.fixture
def labels(bucket: str, query: Query) -> None:
    """A table of two days."""
    query(
        "CREATE EXTERNAL TABLE labels (name string, confidence double) PARTITIONED BY (dt string) "
        f"STORED AS PARQUET LOCATION 's3://{bucket}/labels/'"
    )
    query("INSERT INTO labels VALUES ('Cat', 90, '2026-01-01'), ('Dog', 80, '2026-01-02')")
    query("CREATE VIEW best AS SELECT * FROM labels WHERE confidence > 50")


def text(rows: list[tuple[str | None, ...]]) -> str:
    """Return a plan as one text."""
    return "\n".join(row[0] or "" for row in rows)


def test_a_plan_shows_steps_and_the_partitions_that_are_read(
    query: Query, execute: Callable[..., dict[str, Any]], database: str, labels: None
) -> None:
    sql = "SELECT name, count(*) AS n FROM best WHERE dt = '2026-01-02' GROUP BY name ORDER BY n DESC LIMIT 3"
    plan = text(query(f"EXPLAIN {sql}"))
    steps = [
        line.strip(" -").partition("[")[0] for line in plan.splitlines() if line.lstrip().startswith("-")
    ]
    assert steps[:3] == ["Output", "TopN", "Aggregate"]
    assert steps[-1] == "ScanFilter"
    assert f"table = awsdatacatalog:{database}:labels" in plan
    assert ":: [[2026-01-02]]" in plan
    execution = execute(f"EXPLAIN {sql}")
    assert (execution["StatementType"], execution["SubstatementType"]) == ("UTILITY", "EXPLAIN")
    assert execution["Statistics"]["DataScannedInBytes"] == 0
    assert execute(f"EXPLAIN ANALYZE {sql}")["Statistics"]["DataScannedInBytes"] > 0
    assert query(f"EXPLAIN (TYPE DISTRIBUTED) {sql}")[0] == ("Fragment 0 [SINGLE]",)
    assert "Output: 1 rows" in text(query(f"EXPLAIN ANALYZE {sql}"))


def test_a_plan_comes_in_other_formats(query: Query, database: str, labels: None) -> None:
    sql = (
        "WITH cats AS (SELECT * FROM labels WHERE name = 'Cat') SELECT a.name FROM cats a "
        "LEFT JOIN labels b ON a.dt = b.dt UNION SELECT 'x'"
    )
    plan = json.loads(text(query(f"EXPLAIN (FORMAT JSON) {sql}")))
    assert plan["name"] == "Output"
    [union] = plan["children"]
    assert [child["name"] for child in union["children"]] == ["LeftJoin", "Values"]
    assert union["children"][0]["descriptor"] == {"criteria": "a.dt = b.dt"}
    graph = text(query(f"EXPLAIN (FORMAT GRAPHVIZ, TYPE LOGICAL) {sql}"))
    assert graph.startswith("digraph logical_plan {")
    assert "plannode_1 -> plannode_2;" in graph
    inputs = json.loads(text(query("EXPLAIN (TYPE IO, FORMAT JSON) SELECT name FROM labels")))
    [table] = inputs["inputTableColumnInfos"]
    assert table["table"]["schemaTable"] == {"schema": database, "table": "labels"}
    assert table["columnConstraints"][0]["values"] == ["2026-01-01", "2026-01-02"]


def test_what_would_fail_is_not_explained(
    query: Query, reason: Callable[..., str], labels: None, bucket: str
) -> None:
    assert query("EXPLAIN (TYPE VALIDATE) SELECT name FROM labels") == [("true",)]
    assert reason("EXPLAIN SELECT colour FROM labels").startswith("COLUMN_NOT_FOUND: line 1:16: ")
    assert reason("EXPLAIN (FORMAT XML) SELECT 1").startswith("SYNTAX_ERROR: ")
    assert "does not explain" in reason("EXPLAIN SHOW TABLES")
    query("EXPLAIN CREATE TABLE copy AS SELECT * FROM labels")
    assert ("copy",) not in query("SHOW TABLES")
