"""Great Expectations at work: it checks promises, and its outcomes become results of rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import great_expectations as gx
import pandas as pd
import pyarrow as pa
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from include.core.schemas import Table
from include.store.staged_frames import frame_of
from include.validate.promises import Promise
from include.validate.rule_results import KEPT_FAILURES, FailingRow, RuleResult

# Columns that say which row it is that breaks a promise.
_KEYS = ("media_id", "analysis_key")


def report(table: Table, rows: pa.Table, promises: Iterable[Promise]) -> list[RuleResult]:
    """Return a result for each promise of rows, with how many break it, and which."""
    frame = frame_of(rows)
    batch = _asset().get_batch(batch_parameters={"dataframe": frame})
    form = {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": [name for name in _KEYS if name in frame.columns],
        "include_unexpected_rows": False,
    }
    outcomes = batch.validate(_suite(table, promises), result_format=form).results
    return [_result(table, outcome) for outcome in outcomes]


def _suite(table: Table, promises: Iterable[Promise]) -> gx.ExpectationSuite:
    expectations = [
        ExpectationConfiguration(type=promise.type, kwargs=promise.kwargs).to_domain_obj()
        for promise in promises
    ]
    return gx.ExpectationSuite(name=table.name, expectations=expectations)


@cache
def _asset() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("staged")
    return source.add_dataframe_asset("frame").add_batch_definition_whole_dataframe("whole")


def _result(table: Table, outcome: Any) -> RuleResult:
    configuration, result = outcome.expectation_config, outcome.result or {}
    asked = {name: value for name, value in configuration.kwargs.items() if name != "batch_id"}
    exception = outcome.exception_info or {}
    broken = result.get("unexpected_count") or 0
    return RuleResult(
        rule=configuration.type,
        table=table.name,
        checked=result.get("element_count"),
        broken=0 if outcome.success else max(1, broken),
        failing=_failing(result, asked.get("column")),
        column=asked.get("column"),
        observed=exception.get("exception_message") or result.get("observed_value"),
        asked=asked,
    )


def _failing(result: Mapping[str, Any], column: str | None) -> Sequence[FailingRow]:
    found = result.get("unexpected_index_list") or []
    return tuple(
        FailingRow(
            _text(row.get("media_id")),
            _text(row.get("analysis_key")),
            str(row[column] if column else {name: row[name] for name in row if name not in _KEYS} or row),
        )
        for row in found[:KEPT_FAILURES]
        if isinstance(row, Mapping)
    )


def _text(value: Any) -> str | None:
    """Return a key as text; pandas has values of its own for null."""
    return None if pd.isna(value) else str(value)
