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
from include.validate.promises import EXAMPLES, Promise


def evaluate(table: Table, frame: pd.DataFrame, promises: Iterable[Promise], run_id: str) -> list[Row]:
    """Return a row of ``validation_results`` for each promise of a frame."""
    expectations = [
        ExpectationConfiguration(type=promise.type, kwargs=promise.kwargs).to_domain_obj()
        for promise in promises
    ]
    suite = gx.ExpectationSuite(name=table.name, expectations=expectations)
    batch = _asset().get_batch(batch_parameters={"dataframe": frame})
    return [_result(table, outcome, run_id) for outcome in batch.validate(suite).results]


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
