"""Great Expectations at work: it checks promises, and its outcomes become rows of ``validation_results``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from include.core.schemas import Table
from include.store.objects import Row
from include.validate.known_results import result_of_kept
from include.validate.promises import EXAMPLES, Promise

# In an expectation's meta data: which of the promises it is. Great Expectations groups them by column.
_NUMBER = "promise"


def evaluate(table: Table, frame: pd.DataFrame, promises: Iterable[Promise], run_id: str) -> list[Row]:
    """Return a row of ``validation_results`` for each promise of a frame.

    A first look gets verdicts only; promises that are broken are looked at again, for counts and examples.
    """
    promises = list(promises)
    batch = _asset().get_batch(batch_parameters={"dataframe": frame})
    verdicts = batch.validate(_suite(table, promises), result_format="BOOLEAN_ONLY").results
    kept = {verdict.expectation_config.meta[_NUMBER] for verdict in verdicts if verdict.success}
    rows = [result_of_kept(table, promises[number], run_id, len(frame)) for number in sorted(kept)]
    broken = [promise for number, promise in enumerate(promises) if number not in kept]
    return rows + (report(table, frame, broken, run_id) if broken else [])


def report(table: Table, frame: pd.DataFrame, promises: Iterable[Promise], run_id: str) -> list[Row]:
    """Return what :func:`evaluate` does, with all promises looked at for counts and examples."""
    batch = _asset().get_batch(batch_parameters={"dataframe": frame})
    outcomes = batch.validate(_suite(table, promises), result_format="SUMMARY").results
    return [_result(table, outcome, run_id) for outcome in outcomes]


def _suite(table: Table, promises: Iterable[Promise]) -> gx.ExpectationSuite:
    expectations = [
        ExpectationConfiguration(
            type=promise.type, kwargs=promise.kwargs, meta={_NUMBER: number}
        ).to_domain_obj()
        for number, promise in enumerate(promises)
    ]
    return gx.ExpectationSuite(name=table.name, expectations=expectations)


@cache
def _asset() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("staged")
    return source.add_dataframe_asset("frame").add_batch_definition_whole_dataframe("whole")


def _result(table: Table, outcome: Any, run_id: str) -> Row:
    configuration, result = outcome.expectation_config, outcome.result or {}
    details = {"kwargs": configuration.kwargs, "observed": result.get("observed_value")}
    if outcome.exception_info and outcome.exception_info.get("raised_exception"):
        details["exception"] = outcome.exception_info.get("exception_message")
    if not table.sensitive:  # readers of the checks are not all readers of the table
        details["examples"] = result.get("partial_unexpected_list", [])[:EXAMPLES]
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
