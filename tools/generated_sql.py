"""The tables, checks and reports of ``sql/`` that follow from the schemas."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from functools import partial

from include.core.schemas import FINDING_TABLES, PARTITION_KEY_MEANINGS, TABLES, Table
from include.core.schemas.table import catalog_comment

NOTICE = "Generated from include/core/ by `python -m tools.generate`; change it there."

_WIDTH = 105


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


def duplicates() -> str:
    """Return the check that counts keys that occur more than once.

    Where a table has no key, rows that agree in every plain column are duplicates.
    """
    return f"""-- Keys that occur more than once in a partition; a sound lake gives no row.
-- {NOTICE}
{union(_duplicates_of(table) for table in TABLES.values())}
"""


def _duplicates_of(table: Table) -> str:
    key = table.unique or tuple(column.name for column in table.columns if "<" not in column.type)
    columns = textwrap.indent(textwrap.fill(", ".join((*table.partition_keys, *key)), _WIDTH), "    ")
    return f"""SELECT '{table.name}' AS table_name, dt, count(*) AS duplicates
FROM (
  SELECT
{columns}
  FROM "${{database}}".{table.name}
  GROUP BY
{columns}
  HAVING count(*) > 1
) AS {table.name}_keys
GROUP BY dt"""


def orphan_findings() -> str:
    """Return the check that counts findings without their media asset."""
    found = union(
        f"SELECT '{name}' AS table_name, dt, media_type, media_id\nFROM \"${{database}}\".{name}"
        for name in FINDING_TABLES
    )
    return f"""-- Findings without a media asset in the same partition of media_assets; a sound lake has none.
-- {NOTICE}
SELECT found.table_name, found.dt, found.media_type, count(*) AS orphans
FROM (
{textwrap.indent(found, "  ")}
) AS found
LEFT JOIN "${{database}}".media_assets AS assets
  ON assets.dt = found.dt AND assets.media_type = found.media_type AND assets.media_id = found.media_id
WHERE assets.media_id IS NULL
GROUP BY found.table_name, found.dt, found.media_type
"""


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
    "sql/checks/duplicates.sql": duplicates,
    "sql/checks/orphan_findings.sql": orphan_findings,
    "sql/reports/table_rows.sql": table_rows,
}
