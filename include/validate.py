"""Validate: audit what a run wrote with Great Expectations, before anyone can read it.

The expectations follow from :mod:`include.schemas`: columns in order, required columns without nulls, values within
their bounds and lists, keys unique. To these come the run's own promises: every asset and analysis that was planned has
its row, every finding that was counted is there, and no finding lies beyond the end of its video.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from functools import cache
from typing import Any

import awswrangler as wr
import boto3
import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.expectation import Expectation

from include.features import FEATURES, MediaType, run_tables
from include.objects import Row, list_uris
from include.run import Run
from include.schemas import TABLES, Table

log = logging.getLogger(__name__)

PAST_END_TOLERANCE_MS = 1000.0
_PAST_END = "past_end_ms"


def schema_expectations(table: Table) -> Iterator[Expectation]:
    """Yield what the schema promises of a table."""
    yield gxe.ExpectTableColumnsToMatchOrderedList(column_list=list(table.column_types))
    for column in table.columns:
        if column.required:
            yield gxe.ExpectColumnValuesToNotBeNull(column=column.name)
        if column.minimum is not None or column.maximum is not None:
            yield gxe.ExpectColumnValuesToBeBetween(
                column=column.name, min_value=column.minimum, max_value=column.maximum
            )
        if column.values:
            yield gxe.ExpectColumnValuesToBeInSet(column=column.name, value_set=list(column.values))
    if len(table.unique) == 1:
        yield gxe.ExpectColumnValuesToBeUnique(column=table.unique[0])
    elif table.unique:
        yield gxe.ExpectCompoundColumnsToBeUnique(column_list=list(table.unique))


def check(table: Table, frame: pd.DataFrame, more: list[Expectation], run_id: str) -> list[Row]:
    """Check a table's rows and return the rows of table ``validation_results``."""
    suite = gx.ExpectationSuite(name=table.name, expectations=[*schema_expectations(table)])
    results = [_batch(frame).validate(suite)]
    if more:
        results.append(
            _batch(frame).validate(gx.ExpectationSuite(name=f"{table.name}_run", expectations=more))
        )
    return [_result(table, outcome, run_id) for result in results for outcome in result.results]


def validate(
    session: boto3.Session, s3: Any, run: Run, media_type: MediaType, assets: int, analyses: int
) -> tuple[list[Row], str]:
    """Check every table that a run on images or videos wrote, one in memory at a time.

    :param assets: assets that were planned; ``analyses`` likewise.
    :return: rows of ``validation_results``, and the failed checks in words, empty if all is well.
    """
    tables = run_tables(media_type)
    counted = _counted_findings(read_frame(session, s3, run, "analyses", media_type))
    expected = {"media_assets": assets, "analyses": analyses, **counted}
    found = read_frame(session, s3, run, "media_assets", media_type)
    durations = found.groupby("media_id")["duration_ms"].max().astype("float64")
    rows: list[Row] = []
    for name in tables:
        frame = read_frame(session, s3, run, name, media_type)
        more: list[Expectation] = [gxe.ExpectTableRowCountToEqual(value=expected.get(name, 0))]
        rows += check(TABLES[name], frame, more, run.run_id)
        if media_type == "video":
            rows += _check_ends(TABLES[name], frame, durations, run.run_id)
    failed = [row for row in rows if not row["success"]]
    log.info("%d checks of %d tables, %d failed", len(rows), len(tables), len(failed))
    return rows, in_words(failed)


def _check_ends(table: Table, frame: pd.DataFrame, durations: pd.Series, run_id: str) -> list[Row]:
    """Check that no finding lies beyond the end of its video.

    :param durations: of the videos, in milliseconds, by media id.
    """
    times = [column for column in ("timestamp_ms", "end_ms") if column in frame.columns]
    if not times:
        return []
    ends = frame["media_id"].map(durations).astype("float64")
    past_end = frame[times].astype("float64").max(axis=1) - ends
    promise = gxe.ExpectColumnValuesToBeBetween(column=_PAST_END, max_value=PAST_END_TOLERANCE_MS)
    suite = gx.ExpectationSuite(name=f"{table.name}_end", expectations=[promise])
    outcome = _batch(pd.DataFrame({_PAST_END: past_end})).validate(suite)
    return [_result(table, result, run_id) for result in outcome.results]


def in_words(failed: list[Row]) -> str:
    """Return one line per failed check."""
    return "\n".join(
        f"- {row['table_name']}{'.' + row['column_name'] if row['column_name'] else ''}: {row['expectation']}, "
        f"{row['unexpected_rows'] or 'the whole'} of {row['checked_rows'] or '?'} rows"
        for row in failed
    )


def read_frame(
    session: boto3.Session, s3: Any, run: Run, name: str, media_type: MediaType | None
) -> pd.DataFrame:
    """Return what the run wrote of a table; an empty frame with its columns if nothing."""
    table = TABLES[name]
    uris = list_uris(s3, run.staged_uri(name, media_type))
    if not uris:
        return table.arrow_schema.empty_table().to_pandas(types_mapper=pd.ArrowDtype)
    return wr.s3.read_parquet(uris, boto3_session=session, dtype_backend="pyarrow")


def _counted_findings(analyses: pd.DataFrame) -> dict[str, int]:
    """Return the rows each finding table should have, from what normalize counted."""
    counted: dict[str, int] = {}
    for feature, rows in analyses.groupby("feature")["findings"].sum().items():
        (table,) = FEATURES[str(feature)].tables
        counted[table] = counted.get(table, 0) + int(rows)
    return counted


@cache
def _asset() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("staged")
    return source.add_dataframe_asset("frame").add_batch_definition_whole_dataframe("whole")


def _batch(frame: pd.DataFrame) -> Any:
    return _asset().get_batch(batch_parameters={"dataframe": frame})


def _result(table: Table, outcome: Any, run_id: str) -> Row:
    configuration, result = outcome.expectation_config, outcome.result or {}
    details = {"kwargs": configuration.kwargs, "observed": result.get("observed_value")}
    if outcome.exception_info and outcome.exception_info.get("raised_exception"):
        details["exception"] = outcome.exception_info.get("exception_message")
    if not table.sensitive:  # readers of the checks are not all readers of the table
        details["examples"] = result.get("partial_unexpected_list", [])[:5]
    return {
        "run_id": run_id,
        "table_name": table.name,
        "expectation": configuration.type,
        "column_name": configuration.kwargs.get("column"),
        "success": bool(outcome.success),
        "checked_rows": result.get("element_count"),
        "unexpected_rows": result.get("unexpected_count"),
        "details": json.dumps(details, default=str, sort_keys=True),
    }
