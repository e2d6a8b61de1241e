"""Rules of what things cost: tables ``usage`` and ``costs_daily`` of a day, and the price book.

They share nothing with what prices the usage (:mod:`include.report.pricing`). Rules of the prices themselves
are in :mod:`include.validate.price_rules`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain, product
from math import isclose

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.core.features import FEATURES, MEDIA_TYPES, RETIRED, ImageCall, VideoJob
from include.core.lake import Lake
from include.core.prices import PriceBook
from include.core.schemas import TABLES
from include.store.objects import Row
from include.store.usage_log import MODEL_TIME
from include.validate.arrow_masks import Mask, as_mask, floats, mask, outside
from include.validate.outcome_rules import CLOCK_TOLERANCE, REKOGNITION_BEGAN
from include.validate.rule_results import FailingRow, RuleResult, result_of_rows

# Dollars are kept to a billionth; a sum of floats differs a little with its order.
ROUNDING = 1e-8
RELATIVE = 1e-9

_AMOUNTS = {
    "usage": ("units", "usd", "saved_usd"),
    "costs_daily": ("analyses", "units", "usd", "reused_analyses", "reused_units", "saved_usd"),
}
_LINE = ("media_type", "feature", "operation", "price_item")
_ANALYSIS = ("analysis_key", "media_id", "run_id", "at", "reused")
_OCCASION = ["analysis_key", "price_item", "media_id", "run_id", "at", "reused"]


def cost_results(
    usage: pa.Table, costs: pa.Table, books: Mapping[str, PriceBook], lake: Lake
) -> Iterator[RuleResult]:
    """Yield the result of each rule.

    :param usage: the rows of table ``usage``; ``costs`` those of ``costs_daily``.
    :param books: the price books that the day may be priced with, by version.
    """
    tables = {"usage": usage, "costs_daily": costs}
    for name, rows in tables.items():
        for column in _AMOUNTS[name]:
            wrong = outside(floats(rows[column]), 0.0, float(np.finfo(float).max))
            yield result_of_rows("amounts_are_finite", name, rows, wrong, column)
        unknown = _not_among(rows["price_version"], books)
        yield result_of_rows("the_price_book_is_known", name, rows, unknown, "price_version")
        yield result_of_rows("the_price_line_is_of_the_feature", name, rows, _other_lines(rows, books))
        yield result_of_rows("the_payer_is_in_lake_yaml", name, rows, _other_payers(rows, lake), "source")
    reused = mask(usage["reused"])
    yield of_usage("what_is_reused_costs_nothing", usage, reused & (floats(usage["usd"]) != 0), "usd")
    yield of_usage(
        "what_is_paid_saves_nothing", usage, ~reused & (floats(usage["saved_usd"]) != 0), "saved_usd"
    )
    yield of_usage("the_time_of_use_is_possible", usage, _impossible_times(usage), "at")
    twice = usage.select(_OCCASION).to_pandas().duplicated().to_numpy()
    yield of_usage("usage_is_counted_once", usage, twice, "usage_id")
    yield from _sums(usage, costs)


def of_usage(rule: str, usage: pa.Table, broken: Mask, column: str) -> RuleResult:
    """Return what a rule found in rows of table ``usage``."""
    return result_of_rows(rule, "usage", usage, broken, column)


def _not_among(values: pa.ChunkedArray, known: Mapping[str, object]) -> Mask:
    return ~mask(pc.is_in(values, value_set=pa.array(list(known), pa.string())))


def _joined(rows: pa.Table, columns: tuple[str, ...]) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*(rows[name] for name in columns), " ")


def _other_lines(rows: pa.Table, books: Mapping[str, PriceBook]) -> Mask:
    """Which rows have a line of the price book that their feature is not billed by."""
    items = {item for book in books.values() for item in book.items}
    retired = (
        (media_type, feature.name, operation, item)
        for feature in RETIRED.values()
        for media_type, operation, item in product(MEDIA_TYPES, feature.operations, items)
    )
    lines = {" ".join(line): line for line in chain(_known_lines(), retired)}
    return _not_among(_joined(rows, _LINE), lines)


def _known_lines() -> Iterator[tuple[str, str, str, str]]:
    """Yield every line that the registry knows: media type, feature, billed operation, price item."""
    for (name, feature), media_type in product(FEATURES.items(), MEDIA_TYPES):
        if call := feature.analysis(media_type):
            for operation, item in _lines_of(call):
                yield media_type, name, operation, item
    for name, feature in FEATURES.items():
        if feature.lost_by_frames and feature.image:
            for operation, item in _lines_of(feature.image):
                yield "video", name, operation, item


def _lines_of(call: ImageCall | VideoJob) -> Iterator[tuple[str, str]]:
    operation = call.operation if isinstance(call, ImageCall) else call.start_operation
    for item in call.price_items:
        yield operation, item
    for kind in call.choice.kinds.values() if call.choice else ():
        yield operation, kind.price_item
    if isinstance(call, ImageCall) and call.hourly_price_item:
        yield MODEL_TIME, call.hourly_price_item


def _other_payers(rows: pa.Table, lake: Lake) -> Mask:
    known = {f"{source.name} {source.cost_center}": source for source in lake.sources}
    return _not_among(_joined(rows, ("source", "cost_center")), known)


def _impossible_times(usage: pa.Table) -> Mask:
    latest = datetime.now(UTC).replace(tzinfo=None) + CLOCK_TOLERANCE
    instants = usage["at"].to_pandas()
    return ~as_mask(instants.between(pd.Timestamp(REKOGNITION_BEGAN), pd.Timestamp(latest)))


def _sums(usage: pa.Table, costs: pa.Table) -> Iterator[RuleResult]:
    """Yield whether ``costs_daily`` has the keys of the usage, and its sums."""
    used = {_key(row): row for row in _summed(usage)}
    found = {_key(row): row for row in costs.to_pylist()}
    other = sorted(used.keys() ^ found.keys())
    failing = [
        FailingRow(None, None, f"{key}: {'missing' if key in used else 'nothing was used'}") for key in other
    ]
    rule = "costs_have_the_keys_of_the_usage"
    yield RuleResult(rule, "costs_daily", len(used.keys() | found.keys()), len(other), failing)
    both = sorted(used.keys() & found.keys())
    for name in _AMOUNTS["costs_daily"]:
        pairs = [(key, found[key][name], used[key][name]) for key in both]
        failing = [
            FailingRow(None, None, f"{key}: {sum_} and not {wanted}")
            for key, sum_, wanted in pairs
            if not _is_sum(sum_, wanted)
        ]
        rule = "costs_are_the_sum_of_the_usage"
        yield RuleResult(rule, "costs_daily", len(both), len(failing), failing, name)


def _is_sum(found: float | None, wanted: float | None) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return isclose(found, wanted, rel_tol=RELATIVE, abs_tol=ROUNDING)


def _summed(usage: pa.Table) -> list[Row]:
    """Return what the usage sums up to, by the key of ``costs_daily``."""
    reused = pc.fill_null(usage["reused"], False)
    nothing, none = pa.scalar(0.0), pa.scalar(0, pa.int64())
    analyses = pa.array(_one_of_each_analysis(usage))
    sums = {
        "analyses": pc.if_else(reused, none, analyses),
        "units": pc.if_else(reused, nothing, usage["units"]),
        "usd": usage["usd"],
        "reused_analyses": pc.if_else(reused, analyses, none),
        "reused_units": pc.if_else(reused, usage["units"], nothing),
        "saved_usd": usage["saved_usd"],
    }
    dated = {"usage_date": pc.cast(usage["at"], pa.date32(), safe=False)}
    keys = list(TABLES["costs_daily"].unique)
    columns = {name: dated[name] if name in dated else usage[name] for name in keys}
    grouped = pa.table(columns | sums).group_by(keys).aggregate([(name, "sum") for name in sums])
    rows = grouped.rename_columns([name.removesuffix("_sum") for name in grouped.column_names]).to_pylist()
    return list(rows)


def _one_of_each_analysis(usage: pa.Table) -> NDArray[np.int64]:
    """Return 1 for the first price line of each analysis, and 0 for its others and for the time of models."""
    lines = usage.select([*_ANALYSIS, "price_item", "operation"]).to_pandas()
    in_order = lines.sort_values("price_item", kind="stable")
    counts = ~in_order.duplicated(list(_ANALYSIS)) & (in_order["operation"] != MODEL_TIME)
    ones: NDArray[np.int64] = counts.reindex(lines.index).to_numpy().astype(np.int64)
    return ones


def _key(row: Row) -> str:
    return " ".join(str(row[name]) for name in TABLES["costs_daily"].unique)
