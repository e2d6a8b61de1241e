"""Validate: audit what a run wrote with Great Expectations, before anyone can read it.

The expectations follow from :mod:`include.core.schemas`: columns in order, required columns without nulls,
values within their bounds and lists, keys unique. Each run promises more: a row for every asset and
analysis that was planned, every finding that was counted, and no finding beyond the end of its video.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.core.features import MediaType, run_tables
from include.core.schemas import TABLES, Table
from include.store.audited_tables import AuditedTable, AuditedTables, staged_objects
from include.store.objects import Row
from include.store.staged_frames import read_frames
from include.store.workspace import Workspace
from include.validate.known_results import has_columns_of, results_of_no_rows
from include.validate.promises import (
    EXAMPLES,
    Promise,
    bounded,
    counted,
    promises_of_keys,
    promises_of_rows,
    promises_of_schema,
)

log = logging.getLogger(__name__)

PAST_END_TOLERANCE_MS = 1000.0

_PAST_END = "past_end_ms"


def check(table: Table, frame: pd.DataFrame, run_id: str) -> list[Row]:
    """Check a whole table's rows and return the rows of table ``validation_results``."""
    return _check(table, frame, promises_of_schema(table), run_id)


def _check(table: Table, frame: pd.DataFrame, promises: Iterable[Promise], run_id: str) -> list[Row]:
    """Check a frame; Great Expectations is imported only if there are rows to look at."""
    promises = list(promises)
    if len(frame) == 0 and has_columns_of(list(frame.columns), promises):
        return results_of_no_rows(table, promises, run_id)
    from include.validate.expectations import evaluate

    return evaluate(table, frame, promises, run_id)


@dataclass(frozen=True)
class Audit:
    """What the audit of a run found.

    :param results: rows of ``validation_results``.
    :param failed: the failed checks in words, empty if all is well.
    :param tables: what was looked at.
    """

    results: list[Row]
    failed: str
    tables: AuditedTables


def validate(
    workspace: Workspace, media_type: MediaType, assets: int, analyses: int, planned_at: datetime
) -> Audit:
    """Check every table that a run on images or videos wrote, some rows at a time.

    :param assets: assets that were planned; ``analyses`` likewise.
    :param planned_at: when the manifest was read.
    """
    tables = run_tables(media_type)
    # Listed before they are read: what is changed meanwhile is not what is listed, and is not published.
    objects = {name: staged_objects(workspace.s3, workspace.run, name, media_type) for name in tables}

    def frames_of(name: str, columns: list[str] | None = None) -> Iterator[pd.DataFrame]:
        return read_frames(workspace.s3, name, [item.uri for item in objects[name]], columns)

    counted: Counter[str] = Counter(media_assets=assets, analyses=analyses)
    for frame in frames_of("analyses", ["findings_by_table"]):
        counted += _counted_findings(frame)
    durations = None
    if media_type == "video":
        durations = _durations(frames_of("media_assets", ["media_id", "duration_ms"]))
    rows: list[Row] = []
    audited: dict[str, AuditedTable] = {}
    for name in tables:
        found, count = _check_table(
            TABLES[name], frames_of(name), counted[name], durations, workspace.run.run_id
        )
        rows += found
        audited[name] = AuditedTable(rows=count, objects=objects[name])
    failed = [row for row in rows if not row["success"]]
    log.info("%d checks of %d tables, %d failed", len(rows), len(tables), len(failed))
    tables_audited = AuditedTables(planned_at=planned_at, audited_at=datetime.now(UTC), tables=audited)
    return Audit(rows, in_words(failed), tables_audited)


def _check_table(
    table: Table, frames: Iterable[pd.DataFrame], expected: int, durations: pd.Series | None, run_id: str
) -> tuple[list[Row], int]:
    """Check a table whose parts come one after the other; only its keys are held.

    :param expected: how many rows it should have.
    :return: the results, and how many rows it has.
    """
    parts, keys = [], []
    for frame in frames:
        rows = _check(table, frame, promises_of_rows(table), run_id)
        if durations is not None:
            rows += _check_ends(table, frame, durations, run_id)
        parts.append(rows)
        keys.append(frame.reindex(columns=list(table.unique)))
        log.info("%s: %d rows checked", table.name, sum(map(len, keys)))
    promises = [*promises_of_keys(table), counted(expected)]
    whole = pd.concat(keys, ignore_index=True)
    return merged(parts) + _check(table, whole, promises, run_id), len(whole)


def merged(parts: Iterable[list[Row]]) -> list[Row]:
    """Return the results of a table from those of the same checks of its parts."""
    results: dict[tuple[str, str | None], Row] = {}
    for rows in parts:
        for row in rows:
            name = row["expectation"], row["column_name"]
            results[name] = _sum_of(results[name], row) if name in results else row
    return list(results.values())


def _sum_of(one: Row, other: Row) -> Row:
    """Return one result for two parts: details of a part that failed, and the first examples of both."""
    shown = [json.loads(row["details"]) for row in (one, other)]
    details = shown[0] if not one["success"] else shown[1]
    if "examples" in details:
        details["examples"] = [value for each in shown for value in each["examples"]][:EXAMPLES]
    sums = {
        name: None if one[name] is None and other[name] is None else (one[name] or 0) + (other[name] or 0)
        for name in ("checked_rows", "unexpected_rows")
    }
    success = one["success"] and other["success"]
    return one | sums | {"success": success, "details": json.dumps(details, default=str, sort_keys=True)}


def _durations(assets: Iterable[pd.DataFrame]) -> pd.Series:
    """Return the durations of a day's videos, in milliseconds, by media id."""
    found = pd.concat(assets)
    return found.groupby("media_id")["duration_ms"].max().astype("float64")


def _check_ends(table: Table, frame: pd.DataFrame, durations: pd.Series, run_id: str) -> list[Row]:
    """Check that no finding lies beyond the end of its video."""
    times = [column for column in ("timestamp_ms", "end_ms") if column in frame.columns]
    if not times:
        return []
    ends = frame["media_id"].map(durations).astype("float64")
    past_end = frame[times].astype("float64").max(axis=1) - ends
    promise = bounded(_PAST_END, maximum=PAST_END_TOLERANCE_MS)
    return _check(table, pd.DataFrame({_PAST_END: past_end}), [promise], run_id)


def in_words(failed: list[Row]) -> str:
    """Return one line per failed check."""
    return "\n".join(
        f"- {'.'.join(filter(None, (row['table_name'], row['column_name'])))}: {row['expectation']}, "
        f"{row['unexpected_rows'] or 'the whole'} of {row['checked_rows'] or '?'} rows"
        for row in failed
    )


def _counted_findings(analyses: pd.DataFrame) -> Counter[str]:
    """Return the rows each finding table should have, from what normalize counted."""
    parts = pc.list_flatten(pa.array(analyses["findings_by_table"]))
    names = ("table_name", "row_count")
    counts = pa.table({name: pc.struct_field(parts, name) for name in names}).group_by("table_name")
    sums = counts.aggregate([("row_count", "sum")]).to_pydict()
    return Counter(dict(zip(sums["table_name"], sums["row_count_sum"], strict=True)))
