"""The views of ``sql/views`` that follow from the features and the schemas."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from include.core.features import FEATURES, MEDIA_TYPES, features_for
from include.core.schemas import FINDING_TABLES, TABLES, Moment, Table
from tools.generated_sql import NOTICE, union

_WIDTH = 105

# Two detections of one thing in a video belong together if this many milliseconds, or fewer, lie between.
_GAP_MS = 1000
# Reasons of media_assets by which an object is not what the lake would find now.
UNFINISHED = "Uploading"
NOT_CURRENT = ("Overwritten", "Deleted", "ObjectReplaced", UNFINISHED)

# What a detection without an end counts for.
_DETECTION_MS = 500


def _header(about: str, columns: Mapping[str, str], example: str) -> str:
    """Return the comment that a view begins with.

    :param columns: names of columns, separated by commas, to what they are.
    """
    listed = (
        textwrap.fill(f"{names}: {meaning}", _WIDTH, initial_indent="  ", subsequent_indent="    ")
        for names, meaning in columns.items()
    )
    text = "\n".join(
        [textwrap.fill(about, _WIDTH), "", "Columns:", *listed, "Example:", textwrap.indent(example, "  ")]
    )
    commented = "\n".join(f"-- {line}".rstrip() for line in text.splitlines())
    return f"{commented}\n-- {NOTICE}"


_ASSETS = TABLES["media_assets"]


def _asset_columns(is_current: str) -> dict[str, str]:
    names = (*_ASSETS.column_types, *_ASSETS.partition_keys)
    return {
        ", ".join(names): "as in media_assets",
        "s3_uri": "address of the object",
        "is_current": is_current,
    }


def asset_versions() -> str:
    """Return the view that tells current files from those that were replaced since.

    The reasons that say so are given by the stages discover and analyze.
    """
    header = _header(
        "Which files does the lake know, and which of them were replaced since? One row per version of a "
        "file and day. A version is current if none of the same bucket and key was written later, and "
        "nothing says that it was replaced or deleted. Views about content show current versions only; read "
        "this one with WHERE NOT is_current to see the others.",
        _asset_columns("whether it is the newest version that the lake knows"),
        "SELECT s3_uri, last_modified, dt FROM asset_versions WHERE NOT is_current",
    )
    gone = ", ".join(f"'{reason}'" for reason in NOT_CURRENT)
    return f"""{header}
CREATE OR REPLACE VIEW "${{database}}".asset_versions AS
SELECT
  assets.*,
  concat('s3://', assets.bucket, '/', assets.key) AS s3_uri,
  newest.media_id = assets.media_id
    AND coalesce(assets.reason_code, '') NOT IN ({gone}) AS is_current
FROM "${{database}}".media_assets AS assets
JOIN (
  SELECT
    bucket,
    key,
    media_id,
    row_number() OVER (
      PARTITION BY bucket, key
      ORDER BY coalesce(reason_code = '{UNFINISHED}', false), last_modified DESC, dt DESC, media_id
    ) AS place
  FROM "${{database}}".media_assets
) AS newest
  ON newest.bucket = assets.bucket AND newest.key = assets.key AND newest.place = 1
"""


def current_assets() -> str:
    """Return the view of the files as they are now."""
    header = _header(
        "Which files are in the lake as they are now? One row per file and day, without versions that were "
        "replaced later (see asset_versions).",
        _asset_columns("true"),
        "SELECT source, media_type, count(*) AS files FROM current_assets GROUP BY source, media_type",
    )
    return f"""{header}
CREATE OR REPLACE VIEW "${{database}}".current_assets AS
SELECT *
FROM "${{database}}".asset_versions
WHERE is_current
"""


def findings_by_file() -> str:
    """Return the view with a column for each feature."""
    columns = "\n".join(
        f"  max(CASE WHEN analyses.feature = '{name}' THEN analyses.findings END) AS {name},"
        for name in FEATURES
    )
    header = _header(
        "How many findings did each feature give for each file? One row per file. A column is null where the "
        "source does not ask for the feature, or where the analysis failed or was rejected (see coverage).",
        {
            "media_id, key, source, s3_uri, media_type, status, dt": "the file, as in current_assets",
            ", ".join(FEATURES): "rows that the feature gave in its table",
        },
        "SELECT key, labels, text FROM findings_by_file WHERE dt = '2026-11-20' ORDER BY key",
    )
    return f"""{header}
CREATE OR REPLACE VIEW "${{database}}".findings_by_file AS
SELECT
  assets.media_id,
  assets.key,
  assets.source,
  assets.s3_uri,
  assets.media_type,
  assets.status,
{columns}
  assets.dt
FROM "${{database}}".current_assets AS assets
LEFT JOIN "${{database}}".analyses AS analyses
  ON analyses.dt = assets.dt AND analyses.media_type = assets.media_type
  AND analyses.media_id = assets.media_id AND analyses.status IN ('succeeded', 'reused')
GROUP BY
  assets.dt, assets.media_type, assets.media_id, assets.key, assets.source, assets.s3_uri, assets.status
"""


def coverage() -> str:
    """Return the view with a row for each asset and feature, asked for or not."""
    offered = ",\n".join(
        f"    ('{media_type}', '{feature.name}')"
        for media_type in MEDIA_TYPES
        for feature in features_for(media_type)
    )
    header = _header(
        "Which files were analyzed for a feature, and which were not asked for it? One row per file and "
        "feature that its kind of media offers. A file without an analysis is *not yet* analyzed if its "
        "source asks for the feature, which its newest day shows, and *not asked* otherwise. Days that were "
        "discovered but never published are not in the tables, so they are not here.",
        {
            "media_id, key, source, s3_uri, media_type, dt": "the file, as in current_assets",
            "feature": "feature of the registry",
            "state": "done, failed, rejected (the file cannot be analyzed), not yet, not asked",
            "error_code, error_message, model_version, findings, completed_at": "as in analyses",
        },
        "SELECT feature, state, count(*) AS files FROM coverage\n"
        "WHERE source = 'archive' GROUP BY feature, state",
    )
    return f"""{header}
CREATE OR REPLACE VIEW "${{database}}".coverage AS
SELECT
  assets.media_id,
  assets.key,
  assets.source,
  assets.s3_uri,
  assets.media_type,
  features.feature,
  CASE
    WHEN analyses.status IN ('succeeded', 'reused') THEN 'done'
    WHEN analyses.status IN ('failed', 'rejected') THEN analyses.status
    WHEN analyses.status = 'stopped' OR asked.feature IS NOT NULL THEN 'not yet'
    ELSE 'not asked'
  END AS state,
  analyses.error_code,
  analyses.error_message,
  analyses.model_version,
  analyses.findings,
  analyses.completed_at,
  assets.dt
FROM "${{database}}".current_assets AS assets
JOIN (
  VALUES
{offered}
) AS features (media_type, feature)
  ON features.media_type = assets.media_type
LEFT JOIN "${{database}}".analyses AS analyses
  ON analyses.dt = assets.dt AND analyses.media_type = assets.media_type
  AND analyses.media_id = assets.media_id AND analyses.feature = features.feature
LEFT JOIN (
  SELECT source, media_type, feature
  FROM (
    SELECT
      assets.source,
      assets.media_type,
      analyses.feature,
      max(assets.dt) AS last_day,
      max(max(assets.dt)) OVER (PARTITION BY assets.source, assets.media_type) AS newest_day
    FROM "${{database}}".media_assets AS assets
    JOIN "${{database}}".analyses AS analyses
      ON analyses.dt = assets.dt AND analyses.media_type = assets.media_type
      AND analyses.media_id = assets.media_id
    GROUP BY assets.source, assets.media_type, analyses.feature
  ) AS days
  WHERE last_day = newest_day
) AS asked
  ON asked.source = assets.source AND asked.media_type = assets.media_type
  AND asked.feature = features.feature
"""


def asset_findings(view: str, sensitive: bool) -> str:
    """Return the view of all findings of an asset, of images and videos, about people or about all else.

    A table without moments appears with its name alone.
    """
    shown = [
        (table, moment)
        for table in map(TABLES.__getitem__, FINDING_TABLES)
        if table.sensitive == sensitive
        for moment in table.moments or (Moment(table.name, f"'{table.name}'"),)
    ]
    kinds = ", ".join(moment.kind for _, moment in shown)
    about = (
        "Who was found in a file, image or video? Sensitive, as are the tables that it reads; all else is in "
        "asset_findings."
        if sensitive
        else "What was found in a file, image or video? People are in people_findings."
    )
    header = _header(
        f"{about} One row per finding, also of versions that were replaced since: leave them out with WHERE "
        "is_current.",
        {
            "media_id, key, source, s3_uri, media_type, is_current, dt": "the file, as in asset_versions",
            "kind": f"one of: {kinds}",
            "what": "the finding in words, such as the name of a label or the text of a line",
            "confidence": "confidence or similarity in percent; null where there is none",
            "start_ms, end_ms": "when in a video, in milliseconds from its start; null for images, and "
            "end_ms unless the API gives spans",
            "model_version": "version of the Rekognition model, where the API reports one",
        },
        f"SELECT kind, what, confidence, start_ms FROM {view}\n"
        "WHERE s3_uri = 's3://media-lake/raw/cat.png' ORDER BY kind, start_ms",
    )
    return f"""{header}
CREATE OR REPLACE VIEW "${{database}}".{view} AS
SELECT
  assets.media_id,
  assets.key,
  assets.source,
  assets.s3_uri,
  assets.media_type,
  assets.is_current,
  found.kind,
  found.what,
  found.confidence,
  found.start_ms,
  found.end_ms,
  found.model_version,
  assets.dt
FROM (
{textwrap.indent(union(_moments(table, moment) for table, moment in shown), "  ")}
) AS found
JOIN "${{database}}".asset_versions AS assets
  ON assets.dt = found.dt AND assets.media_type = found.media_type AND assets.media_id = found.media_id
"""


def _moments(table: Table, moment: Moment) -> str:
    """Return the query that turns rows of a table into findings in words."""
    start = _start_of(table)
    score = moment.score or table.score or "CAST(NULL AS double)"
    columns = {
        "kind": f"'{moment.kind}'",
        "what": moment.what,
        "confidence": f"max({score})" if moment.per_time else score,
        "start_ms": start,
        "end_ms": "end_ms" if "end_ms" in table.column_types else "CAST(NULL AS bigint)",
        "model_version": "model_version",
    }
    selected = (value if value == name else f"{value} AS {name}" for name, value in columns.items())
    where = f"\nWHERE {moment.where}" if moment.where else ""
    group = f"\nGROUP BY dt, media_type, media_id, model_version, {start}" if moment.per_time else ""
    return f"""SELECT
  dt,
  media_type,
  media_id,
{_listed(selected)}
FROM "${{database}}".{table.name}{where}{group}"""


def _start_of(table: Table) -> str:
    times = [name for name in ("timestamp_ms", "start_ms") if name in table.column_types]
    if not times:
        return "CAST(NULL AS bigint)"
    return times[0] if len(times) == 1 else f"coalesce({', '.join(times)})"


def spans(view: str, table: Table, what: str, question: str, note: str = "") -> str:
    """Return the view that merges the detections of one thing in a video.

    :param what: name of the column that names the thing.
    """
    end = "coalesce(end_ms, timestamp_ms + {0})" if "end_ms" in table.column_types else "timestamp_ms + {0}"
    header = _header(
        f"{question} One row per span. Detections with {_GAP_MS} ms or less between them are one span; one "
        f"without an end counts for {_DETECTION_MS} ms, but not past the end of the video.{note}",
        {
            "media_id, key, source, s3_uri, dt": "the video, as in current_assets",
            what: f"{table.name}.name",
            "start_ms, end_ms": "when, in milliseconds from the start",
            "seconds": "length of the span; add them up for a whole video",
            "detections": "number of detections in the span",
            "confidence": "greatest confidence of them in percent",
            "model_version": "version of the Rekognition model, where the API reports one",
        },
        f"SELECT key, {what}, sum(seconds) AS seconds FROM {view} GROUP BY key, {what}",
    )
    return f"""{header}
CREATE OR REPLACE VIEW "${{database}}".{view} AS
SELECT
  assets.media_id,
  assets.key,
  assets.source,
  assets.s3_uri,
  spans.name AS {what},
  spans.start_ms,
  least(spans.end_ms, coalesce(assets.duration_ms, spans.end_ms)) AS end_ms,
  (least(spans.end_ms, coalesce(assets.duration_ms, spans.end_ms)) - spans.start_ms) / 1e3 AS seconds,
  spans.detections,
  spans.confidence,
  spans.model_version,
  assets.dt
FROM (
  SELECT
    dt,
    media_type,
    media_id,
    name,
    min(start_ms) AS start_ms,
    max(end_ms) AS end_ms,
    count(*) AS detections,
    max(confidence) AS confidence,
    max(model_version) AS model_version
  FROM (
    SELECT
      *,
      sum(begins) OVER (PARTITION BY dt, media_type, media_id, name ORDER BY start_ms, end_ms) AS place
    FROM (
      SELECT
        *,
        CASE
          WHEN start_ms <= {_GAP_MS} + max(end_ms) OVER (
            PARTITION BY dt, media_type, media_id, name
            ORDER BY start_ms, end_ms
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
          ) THEN 0
          ELSE 1
        END AS begins
      FROM (
        SELECT
          dt,
          media_type,
          media_id,
          name,
          {_start_of(table)} AS start_ms,
          {end.format(_DETECTION_MS)} AS end_ms,
          confidence,
          model_version
        FROM "${{database}}".{table.name}
        WHERE media_type = 'video'
      ) AS detections
    ) AS marked
  ) AS numbered
  GROUP BY dt, media_type, media_id, name, place
) AS spans
JOIN "${{database}}".current_assets AS assets
  ON assets.dt = spans.dt AND assets.media_type = spans.media_type AND assets.media_id = spans.media_id
"""


def published_partitions() -> str:
    """Return the view of when each partition was published, which its files' paths tell."""
    partitions = union(
        _partitions(table) for table in TABLES.values() if not (table.sensitive or table.grows)
    )
    header = _header(
        "How fresh is the lake: when was each day published, and with how many rows? One row per table and "
        "partition that has rows; tables about people are left out, so that everybody may read this. The "
        "time is that of the published version, in the path of its files; publications has all versions.",
        {
            "table_name": "the table",
            "dt, media_type": "the partition; media_type is null where a table has none",
            "published_at": "when the version that readers see was published, in UTC",
            "row_count, files": "how many rows and files it has",
        },
        "SELECT dt, max(published_at) AS published_at FROM published_partitions\n"
        "WHERE table_name = 'media_assets' GROUP BY dt ORDER BY dt DESC",
    )
    return f"""{header}
CREATE OR REPLACE VIEW "${{database}}".published_partitions AS
SELECT
  table_name,
  dt,
  media_type,
  date_parse(regexp_extract(max(path), '/version=([0-9]{{8}}T[0-9]{{6}})', 1), '%Y%m%dT%H%i%s')
    AS published_at,
  count(*) AS row_count,
  count(DISTINCT path) AS files
FROM (
{textwrap.indent(partitions, "  ")}
) AS files
GROUP BY table_name, dt, media_type
"""


def _partitions(table: Table) -> str:
    kind = "media_type" if "media_type" in table.partition_keys else "CAST(NULL AS varchar) AS media_type"
    return f"""SELECT '{table.name}' AS table_name, dt, {kind}, "$$path" AS path
FROM "${{database}}".{table.name}"""


def _listed(columns: Iterable[str]) -> str:
    return ",\n".join(f"  {column}" for column in columns)


# Paths from the project's root, and the function that returns the text of each.
VIEW_FILES: dict[str, Callable[[], str]] = {
    "sql/views/asset_versions.sql": asset_versions,
    "sql/views/current_assets.sql": current_assets,
    "sql/views/asset_findings.sql": partial(asset_findings, "asset_findings", sensitive=False),
    "sql/views/people_findings.sql": partial(asset_findings, "people_findings", sensitive=True),
    "sql/views/coverage.sql": coverage,
    "sql/views/findings_by_file.sql": findings_by_file,
    "sql/views/label_spans.sql": partial(
        spans, "label_spans", TABLES["labels"], "label", "When, and for how long, is a label seen in a video?"
    ),
    "sql/views/celebrity_spans.sql": partial(
        spans,
        "celebrity_spans",
        TABLES["celebrities"],
        "celebrity",
        "When, and for how long, is a celebrity seen in a video?",
        " Sensitive, as is the table that it reads.",
    ),
    "sql/views/published_partitions.sql": published_partitions,
}
