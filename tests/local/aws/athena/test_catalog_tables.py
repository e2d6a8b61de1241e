"""information_schema and "table$partitions"."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local.aws.athena.catalog_tables import trino_type

Query = Callable[..., list[tuple[str | None, ...]]]


@pytest.mark.parametrize(
    ("hive", "trino"),
    [
        ("string", "varchar"),
        ("varchar(10)", "varchar(10)"),
        ("decimal(10,2)", "decimal(10,2)"),
        ("timestamp", "timestamp(3)"),
        ("float", "real"),
        ("array<struct<x:double,tags:map<string,int>>>", "array(row(x double, tags map(varchar, integer)))"),
    ],
)
def test_types_have_the_names_of_trino(hive: str, trino: str) -> None:
    assert trino_type(hive) == trino


@pytest.mark.integration
def test_the_catalog_is_queried(bucket: str, database: str, query: Query) -> None:
    query(
        "CREATE EXTERNAL TABLE labels (name string COMMENT 'what', box struct<left:double>) "
        f"PARTITIONED BY (dt string) STORED AS PARQUET LOCATION 's3://{bucket}/labels/'"
    )
    query("CREATE VIEW names AS SELECT name FROM labels")
    schemata = "SELECT schema_name FROM information_schema.schemata WHERE catalog_name = 'awsdatacatalog'"
    assert {(database,), ("information_schema",)} <= set(query(schemata))
    ours = f"table_schema = '{database}'"
    tables = query(f"SELECT table_name, table_type FROM information_schema.tables WHERE {ours} ORDER BY 1")
    assert tables == [("labels", "BASE TABLE"), ("names", "VIEW")]
    columns = query(
        "SELECT ordinal_position, column_name, data_type, is_nullable, comment, extra_info FROM "
        f"awsdatacatalog.information_schema.columns WHERE {ours} AND table_name = 'labels' ORDER BY 1"
    )
    assert columns == [
        ("1", "name", "varchar", "YES", "what", None),
        ("2", "box", "row(left double)", "YES", None, None),
        ("3", "dt", "varchar", "YES", None, "partition key"),
    ]
    assert query(f"SELECT view_definition FROM information_schema.views WHERE {ours}") == [
        ("SELECT name FROM labels",)
    ]
    joined = (
        "SELECT count(*) FROM information_schema.tables t JOIN information_schema.columns c "
        f"ON t.table_schema = c.table_schema AND t.table_name = c.table_name WHERE t.{ours}"
    )
    assert query(joined) == [("4",)]


@pytest.mark.integration
def test_partitions_are_a_table(bucket: str, query: Query, reason: Callable[..., str]) -> None:
    query(
        "CREATE EXTERNAL TABLE days (name string) PARTITIONED BY (dt date, n int) STORED AS PARQUET "
        f"LOCATION 's3://{bucket}/days/'"
    )
    assert query('SELECT * FROM "days$partitions"') == []
    query("ALTER TABLE days ADD PARTITION (dt = '2026-01-01', n = 2) PARTITION (dt = '2026-01-02', n = 10)")
    assert query("SELECT max(n), max(dt) FROM \"days$partitions\" WHERE dt > date '2026-01-01'") == [
        ("10", "2026-01-02")
    ]
    query("CREATE VIEW plain AS SELECT 1 AS a")
    for table in ("plain$partitions", "none$partitions"):
        assert reason(f'SELECT * FROM "{table}"').startswith("TABLE_NOT_FOUND: ")
    assert reason("SELECT * FROM information_schema.nothing").startswith("TABLE_NOT_FOUND: ")
    assert "Catalog 'mysql' does not exist" in reason("SELECT * FROM mysql.a.b")
