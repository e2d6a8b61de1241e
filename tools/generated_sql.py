"""The tables and reports of ``sql/`` that follow from the schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from include.core.schemas import PARTITION_KEY_MEANINGS, TABLES, Table
from include.core.schemas.table import catalog_comment

NOTICE = "Generated from include/core/ by `python -m tools.generate`; change it there."


def ddl(table: Table) -> str:
    """Return the statement that creates a table in Athena, with placeholders for database and bucket."""
    columns = ",\n".join(
        f"  `{column.name}` {column.type} COMMENT {_text(column.meaning)}" for column in table.columns
    )
    keys = ",\n".join(
        f"  `{key}` string COMMENT {_text(PARTITION_KEY_MEANINGS[key])}" for key in table.partition_keys
    )
    return f"""-- {NOTICE}
CREATE EXTERNAL TABLE IF NOT EXISTS `${{database}}`.`{table.name}` (
{columns}
)
COMMENT {_text(table.meaning)}
PARTITIONED BY (
{keys}
)
STORED AS PARQUET
LOCATION 's3://${{bucket}}/curated/{table.name}/'
TBLPROPERTIES ('parquet.compression' = 'ZSTD')
"""


def _text(value: str) -> str:
    """Quote a comment for Athena's DDL."""
    escaped = catalog_comment(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def table_rows() -> str:
    """Return the report that counts the rows of every table."""
    counts = union(
        f"SELECT '{name}' AS table_name, count(*) AS row_count\n"
        f'FROM "${{database}}".{name}, days WHERE dt BETWEEN first_day AND last_day'
        for name in TABLES
    )
    return f"""-- Rows of every table over a range of days. Parameters: first day, last day.
-- {NOTICE}
WITH days AS (SELECT ? AS first_day, ? AS last_day)
{counts}
"""


def union(queries: Iterable[str]) -> str:
    """Return one query with the rows of several."""
    return "\nUNION ALL\n".join(queries)


# Paths from the project's root, and the function that returns the text of each.
SQL_FILES: dict[str, Callable[[], str]] = {
    **{f"sql/ddl/{table.name}.sql": partial(ddl, table) for table in TABLES.values()},
    "sql/reports/table_rows.sql": table_rows,
}
