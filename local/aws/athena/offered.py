"""The page's section about Athena: which statements and operations there are, and what is left out."""

from __future__ import annotations

from local.aws.athena import left_out

# Statements by the names of Athena's user guide, each with an example.
STATEMENTS = {
    "SELECT": "SELECT 1",
    "EXPLAIN": "EXPLAIN (FORMAT JSON) SELECT 1",
    "EXPLAIN ANALYZE": "EXPLAIN ANALYZE SELECT 1",
    "PREPARE": "PREPARE p FROM SELECT * FROM t WHERE a = ?",
    "DEALLOCATE PREPARE": "DEALLOCATE PREPARE p",
    "INSERT INTO": "INSERT INTO t VALUES (1)",
    "UNLOAD": "UNLOAD (SELECT 1 AS a) TO 's3://b/out/' WITH (format = 'PARQUET')",
    "CREATE TABLE AS": "CREATE TABLE t WITH (format = 'JSON') AS SELECT 1 AS a",
    "CREATE EXTERNAL TABLE": "CREATE EXTERNAL TABLE t (a int) STORED AS PARQUET LOCATION 's3://b/t/'",
    "CREATE VIEW": "CREATE OR REPLACE VIEW v AS SELECT 1 AS a",
    "CREATE DATABASE": "CREATE DATABASE IF NOT EXISTS d",
    "ALTER DATABASE SET DBPROPERTIES": "ALTER DATABASE d SET DBPROPERTIES ('a' = 'b')",
    "ALTER TABLE ADD COLUMNS": "ALTER TABLE t ADD COLUMNS (b string)",
    "ALTER TABLE REPLACE COLUMNS": "ALTER TABLE t REPLACE COLUMNS (b string)",
    "ALTER TABLE SET TBLPROPERTIES": "ALTER TABLE t SET TBLPROPERTIES ('a' = 'b')",
    "ALTER TABLE ADD PARTITION": "ALTER TABLE t ADD IF NOT EXISTS PARTITION (dt = '2026-01-01')",
    "ALTER TABLE DROP PARTITION": "ALTER TABLE t DROP PARTITION (dt = '2026-01-01')",
    "ALTER TABLE RENAME PARTITION": "ALTER TABLE t PARTITION (dt = 'a') RENAME TO PARTITION (dt = 'b')",
    "ALTER TABLE SET LOCATION": "ALTER TABLE t PARTITION (dt = 'a') SET LOCATION 's3://b/a/'",
    "MSCK REPAIR TABLE": "MSCK REPAIR TABLE t",
    "DROP TABLE": "DROP TABLE IF EXISTS t",
    "DROP VIEW": "DROP VIEW v",
    "DROP DATABASE": "DROP DATABASE d CASCADE",
    "SHOW DATABASES": "SHOW DATABASES",
    "SHOW TABLES": "SHOW TABLES IN d '*labels*'",
    "SHOW VIEWS": "SHOW VIEWS",
    "SHOW COLUMNS": "SHOW COLUMNS IN t",
    "SHOW PARTITIONS": "SHOW PARTITIONS t",
    "SHOW TBLPROPERTIES": "SHOW TBLPROPERTIES t('a')",
    "SHOW CREATE TABLE": "SHOW CREATE TABLE t",
    "SHOW CREATE VIEW": "SHOW CREATE VIEW v",
    "DESCRIBE": "DESCRIBE t",
    "DELETE, UPDATE, MERGE": "DELETE FROM t WHERE a = 1",
}


def section() -> str:
    """Return the section."""
    names = "\n".join(f"| {name} | `{example}` |" for name, example in STATEMENTS.items())
    statements = "\n".join(
        f"| {statement.name} | {statement.reason} |"
        for statement in sorted(left_out.STATEMENTS, key=lambda statement: statement.name)
    )
    operations = "\n".join(
        f"| {', '.join(sorted(names))} | {reason} |" for reason, names in left_out.OPERATIONS.items()
    )
    others = "\n".join(f"- {text}" for text in left_out.OTHERS)
    return f"""## Statements and operations of Athena

| statement | example |
|---|---|
{names}

EXECUTE with USING, or with the request's ExecutionParameters, runs what a workgroup has prepared. DELETE,
UPDATE and MERGE fail as on AWS: they are for Iceberg tables. Queries can name columns with table and database
(`media_lake.labels.name`), read `information_schema` (`schemata`, `tables`, `columns`, `views`),
`"labels$partitions"` and the hidden column `"$path"`. INSERT writes to tables in Parquet, delimited text and
the Hive JSON SerDe, as Athena's list of formats says as far as they are offered; CREATE TABLE AS and UNLOAD
write Parquet, JSON and text. Tables can project their partitions (enum, integer, date, injected).

Statements that Athena has and the local endpoint refuses:

| statement | why not |
|---|---|
{statements}

Operations that it refuses; all others of Athena's API are answered:

| operation | why not |
|---|---|
{operations}

Also left out:

{others}"""
