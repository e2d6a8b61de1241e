"""The files of ``sql/`` that follow from the features and the schemas."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from functools import partial

from include.core.features import FEATURES
from include.core.schemas import FINDING_TABLES, PARTITION_KEY_MEANINGS, TABLES, Moment, Table

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
    """Quote a comment for Athena's DDL; some readers of it end a statement at any semicolon."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace(";", ",")
    return f"'{escaped}'"


def duplicates() -> str:
    """Return the check that counts keys that occur more than once.

    Where a table has no key, rows that agree in every plain column are duplicates.
    """
    return f"""-- Keys that occur more than once in a partition; a sound lake gives no row.
-- {NOTICE}
{_union(_duplicates_of(table) for table in TABLES.values())}
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
    found = _union(
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
    counts = _union(
        f"SELECT '{name}' AS table_name, count(*) AS row_count\n"
        f'FROM "${{database}}".{name}, days WHERE dt BETWEEN first_day AND last_day'
        for name in TABLES
    )
    return f"""-- Rows of every table over a range of days. Parameters: first day, last day.
-- {NOTICE}
WITH days AS (SELECT ? AS first_day, ? AS last_day)
{counts}
"""


def findings_by_file() -> str:
    """Return the view with a column for each feature."""
    columns = "\n".join(
        f"  max(CASE WHEN analyses.feature = '{name}' THEN analyses.findings END) AS {name},"
        for name in FEATURES
    )
    return f"""-- How many findings each feature gave for each file. A column is null where the source does
-- not ask for the feature, or where the analysis failed or was rejected (see table analyses). Read it with
-- ORDER BY key.
-- {NOTICE}
CREATE OR REPLACE VIEW "${{database}}".findings_by_file AS
SELECT
  assets.key,
  assets.media_type,
  assets.status,
{columns}
  assets.dt
FROM "${{database}}".media_assets AS assets
LEFT JOIN "${{database}}".analyses AS analyses
  ON analyses.dt = assets.dt AND analyses.media_type = assets.media_type
  AND analyses.media_id = assets.media_id AND analyses.status IN ('succeeded', 'reused')
GROUP BY assets.dt, assets.media_type, assets.media_id, assets.key, assets.status
"""


def video_moments() -> str:
    """Return the view of one time line with all findings but those about people."""
    about = "What was found in videos, on one time line; people are in people_moments."
    return _time_line("video_moments", about, sensitive=False, named="what")


def people_moments() -> str:
    """Return the view of one time line with the findings about people."""
    about = "People found in videos, on one time line. Sensitive, as are the tables that it reads."
    return _time_line("people_moments", about, sensitive=True, named="who")


def _time_line(view: str, about: str, sensitive: bool, named: str) -> str:
    shown = [
        (table, moment)
        for table in TABLES.values()
        if table.sensitive == sensitive
        for moment in table.moments
    ]
    spans = any("end_ms" in table.column_types for table, _ in shown)
    kinds = ", ".join(moment.kind for _, moment in shown)
    comment = textwrap.fill(
        f"{about} Column kind is one of: {kinds}. Read it with ORDER BY media_id, start_ms.", _WIDTH
    )
    moments = _union(_moments(table, moment, named, spans) for table, moment in shown)
    columns = ["start_ms", *(["end_ms"] if spans else []), "kind", named, "confidence", "dt"]
    return f"""{textwrap.indent(comment, "-- ")}
-- {NOTICE}
CREATE OR REPLACE VIEW "${{database}}".{view} AS
SELECT
  moments.media_id,
  assets.key,
{_listed(f"moments.{column}" for column in columns)}
FROM (
{textwrap.indent(moments, "  ")}
) AS moments
JOIN "${{database}}".media_assets AS assets
  ON assets.dt = moments.dt AND assets.media_type = 'video' AND assets.media_id = moments.media_id
"""


def _moments(table: Table, moment: Moment, named: str, spans: bool) -> str:
    """Return the query that turns rows of a table into moments."""
    times = [name for name in ("timestamp_ms", "start_ms") if name in table.column_types]
    start = times[0] if len(times) == 1 else f"coalesce({', '.join(times)})"
    end = "end_ms" if "end_ms" in table.column_types else "CAST(NULL AS bigint)"
    score = moment.score or table.score or "CAST(NULL AS double)"
    columns = {
        "start_ms": start,
        **({"end_ms": end} if spans else {}),
        "kind": f"'{moment.kind}'",
        named: moment.what,
        "confidence": f"max({score})" if moment.per_time else score,
    }
    selected = (value if value == name else f"{value} AS {name}" for name, value in columns.items())
    conditions = " AND ".join(filter(None, ("media_type = 'video'", moment.where)))
    group = f"\nGROUP BY dt, media_id, {start}" if moment.per_time else ""
    return f"""SELECT
  dt,
  media_id,
{_listed(selected)}
FROM "${{database}}".{table.name}
WHERE {conditions}{group}"""


def _listed(columns: Iterable[str]) -> str:
    return ",\n".join(f"  {column}" for column in columns)


def _union(queries: Iterable[str]) -> str:
    return "\nUNION ALL\n".join(queries)


# Paths from the project's root, and the function that returns the text of each.
SQL_FILES: dict[str, Callable[[], str]] = {
    **{f"sql/ddl/{table.name}.sql": partial(ddl, table) for table in TABLES.values()},
    "sql/checks/duplicates.sql": duplicates,
    "sql/checks/orphan_findings.sql": orphan_findings,
    "sql/reports/table_rows.sql": table_rows,
    "sql/views/findings_by_file.sql": findings_by_file,
    "sql/views/video_moments.sql": video_moments,
    "sql/views/people_moments.sql": people_moments,
}
