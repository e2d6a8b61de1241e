"""Statements that change the properties and columns of tables, and rename partitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.integration

Query = Callable[..., list[tuple[str | None, ...]]]


@pytest.fixture
def labels(bucket: str, query: Query) -> str:
    """A table with a row."""
    query(
        "CREATE EXTERNAL TABLE labels (name string COMMENT 'what') PARTITIONED BY (dt string) "
        f"STORED AS PARQUET LOCATION 's3://{bucket}/labels/' TBLPROPERTIES ('owner' = 'media')"
    )
    query("INSERT INTO labels VALUES ('Cat', '2026-01-01')")
    return "labels"


def test_properties_are_added_and_shown(
    client: Callable[[str], Any], database: str, query: Query, labels: str
) -> None:
    query(
        f"ALTER TABLE `{database}`.`labels` SET TBLPROPERTIES ('owner' = 'it\\'s ours', \"a=b\" = \"(1, 2)\")"
    )
    table = client("glue").get_table(DatabaseName=database, Name="labels")["Table"]
    assert {"owner": "it's ours", "a=b": "(1, 2)", "EXTERNAL": "TRUE"}.items() <= table["Parameters"].items()
    assert query("SHOW TBLPROPERTIES labels('owner')") == [("it's ours",)]
    assert ("owner\tit's ours",) in query("SHOW TBLPROPERTIES labels")
    assert query("SELECT name FROM labels") == [("Cat",)]
    query(f"ALTER DATABASE {database} SET DBPROPERTIES ('team' = 'media')")
    found = client("athena").get_database(CatalogName="AwsDataCatalog", DatabaseName=database)["Database"]
    assert found["Parameters"] == {"team": "media"}


def test_columns_are_added_and_replaced(query: Query, reason: Callable[..., str], labels: str) -> None:
    query(
        "ALTER TABLE labels ADD COLUMNS (Score decimal(5,2) COMMENT 'how sure', boxes array<struct<x:int>>)"
    )
    assert query("SELECT * FROM labels") == [("Cat", None, None, "2026-01-01")]
    query("INSERT INTO labels VALUES ('Dog', 1.5, NULL, '2026-01-01')")
    assert query("SELECT score FROM labels ORDER BY name") == [(None,), ("1.50",)]
    query("ALTER TABLE labels REPLACE COLUMNS (score decimal(5,2), `name` string)")
    assert query("SHOW COLUMNS IN labels") == [("score",), ("name",), ("dt",)]
    assert query("SELECT * FROM labels WHERE name = 'Dog'") == [("1.50", "Dog", "2026-01-01")]
    assert reason("ALTER TABLE labels ADD COLUMNS (name int)").endswith("Duplicate column name: name")
    assert "Partition column name dt" in reason("ALTER TABLE labels ADD COLUMNS (dt int)")
    assert "ParseException" in reason("ALTER TABLE labels ADD COLUMNS (x strin)")


def test_a_partition_gets_other_values(query: Query, reason: Callable[..., str], labels: str) -> None:
    rename = "ALTER TABLE labels PARTITION (dt = '{}') RENAME TO PARTITION (dt = '{}')"
    query(rename.format("2026-01-01", "2026-02-01"))
    assert query("SELECT name, dt FROM labels") == [("Cat", "2026-02-01")]
    assert query("SHOW PARTITIONS labels") == [("dt=2026-02-01",)]
    assert "not found" in reason(rename.format("2026-01-01", "2026-02-02"))
    assert "AlreadyExistsException" in reason(rename.format("2026-02-01", "2026-02-01"))


def test_what_cannot_be_altered_says_so_in_hives_words(
    database: str, query: Query, reason: Callable[..., str], labels: str
) -> None:
    query("CREATE VIEW names AS SELECT name FROM labels")
    altered = "ALTER TABLE {} SET TBLPROPERTIES ('a' = 'b')"
    assert reason(altered.format("names")).startswith(
        "FAILED: SemanticException [Error 10131]: To alter a view"
    )
    missing = f"FAILED: SemanticException [Error 10001]: Table not found {database}.none"
    for statement in (altered.format("none"), "DESCRIBE none", "SHOW PARTITIONS none", "DROP TABLE none"):
        assert reason(statement) == missing
    for statement in ("DELETE FROM labels", "UPDATE labels SET name = 'x' WHERE dt = 'y'"):
        assert reason(statement).endswith("only supported for transactional tables")
    assert reason("DELETE FROM none").startswith("TABLE_NOT_FOUND: ")


def test_comments_go_and_texts_stay(query: Query) -> None:
    query("CREATE TABLE notes AS -- not this\nSELECT 'a\n-- b /* c */' AS x /* nor this */")
    assert query("SELECT x FROM notes") == [("a\n-- b /* c */",)]
