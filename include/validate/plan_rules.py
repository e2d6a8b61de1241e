"""Rules between the plan of a run and what became of it: tables ``media_assets`` and ``analyses``.

The plan has what ``lake.yaml`` asked for when it was made, and the facts of the day's manifest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.core.budgets import BUDGET_REACHED
from include.store.plan_columns import FACTS
from include.validate.arrow_masks import Mask, as_mask, differ, is_null, mask
from include.validate.rule_results import FailingRow, RuleResult, result_of_rows

GOOD = pa.array(["succeeded", "reused"])


def plan_results(
    facts: pa.Table, asked: pa.Table, assets: pa.Table, analyses: pa.Table
) -> Iterator[RuleResult]:
    """Yield the result of each rule.

    :param facts: the assets of the run's plan, and ``asked`` its analyses, from
        :func:`include.store.plan_columns.planned_columns`.
    :param assets: the rows of ``media_assets``; ``analyses`` likewise.
    """
    places = _places(assets["media_id"], facts["media_id"])
    yield _same("assets_are_those_planned", "media_assets", assets, facts, places)
    yield from _facts(assets.filter(places >= 0), facts.take(places[places >= 0]))
    places = _places(_analysis_ids(analyses), _analysis_ids(asked))
    yield _same("analyses_are_those_planned", "analyses", analyses, asked, places)
    done, wanted = analyses.filter(places >= 0), asked.take(places[places >= 0])

    def result(rule: str, broken: Mask, column: str) -> RuleResult:
        return result_of_rows(rule, "analyses", done, broken, column)

    other_key = differ(done["analysis_key"], wanted["analysis_key"])
    yield result("analyses_have_the_key_planned", other_key, "analysis_key")
    yield result("the_outcome_follows_from_the_plan", _ended_otherwise(done, wanted), "status")
    other_operation = differ(done["operation"], wanted["operation"])
    yield result("the_operation_is_that_of_the_feature", other_operation, "operation")
    yield result(
        "findings_are_counted_by_the_tables_asked_for",
        _counts_other_tables(done, wanted),
        "findings_by_table",
    )


def _places(found: Any, planned: Any) -> NDArray[np.int64]:
    """Return where what was found is in the plan; -1 if it is not there."""
    return np.asarray(pc.fill_null(pc.index_in(found, planned), -1), np.int64)


def _analysis_ids(rows: pa.Table) -> Any:
    return pc.binary_join_element_wise(rows["media_id"], rows["feature"], " ")


def _same(rule: str, table: str, found: pa.Table, planned: pa.Table, places: NDArray[np.int64]) -> RuleResult:
    extra = found.filter(places < 0)
    absent = np.ones(len(planned), bool)
    absent[places[places >= 0]] = False
    failing = [
        *_described(extra, "is not planned"),
        *_described(planned.filter(absent), "is planned, and missing"),
    ]
    return RuleResult(rule, table, len(found), len(failing), failing)


def _described(rows: pa.Table, what: str) -> Iterator[FailingRow]:
    names = [name for name in ("media_id", "analysis_key", "feature") if name in rows.column_names]
    for row in rows.select(names).to_pylist():
        subject = row.get("feature") or row["media_id"]
        yield FailingRow(row["media_id"], row.get("analysis_key"), f"{subject} {what}")


def _facts(assets: pa.Table, planned: pa.Table) -> Iterator[RuleResult]:
    for field in FACTS:
        own = assets[field.name].cast(field.type, safe=False)
        broken = differ(own, planned[field.name])
        yield result_of_rows("facts_are_those_of_the_manifest", "media_assets", assets, broken, field.name)


def _ended_otherwise(done: pa.Table, planned: pa.Table) -> Mask:
    """Rejected is what the plan rejected; stopped is what it left out, or what a budget had no money for.

    What was paid for before is reused.
    """
    status, state = done["status"], planned["state"]
    rejected = mask(pc.equal(status, "rejected"))
    wrong = rejected != mask(pc.equal(state, "rejected"))
    wrong |= rejected & differ(done["error_code"], planned["code"])
    left_out = np.where(mask(pc.equal(done["error_code"], BUDGET_REACHED)), "planned", "not_selected")
    wrong |= mask(pc.equal(status, "stopped")) & differ(state, pa.array(left_out))
    return as_mask(wrong | (mask(pc.equal(state, "reused")) & ~mask(pc.is_in(status, GOOD))))


def _counts_other_tables(done: pa.Table, planned: pa.Table) -> Mask:
    """What succeeded counts its findings in each table that its request fills, and their sum."""
    counts = done["findings_by_table"].combine_chunks()
    parents, parts = np.asarray(pc.list_parent_indices(counts)), pc.list_flatten(counts)
    rows = pc.fill_null(pc.struct_field(parts, "row_count"), -1)
    numbers = np.asarray(rows)
    sums = np.bincount(parents, numbers, len(done))
    wrong = sums != np.asarray(pc.fill_null(done["findings"], -1))
    wrong[parents[numbers < 0]] = True
    names = pa.ListArray.from_arrays(counts.offsets, pc.struct_field(counts.values, "table_name"))
    wrong |= differ(pc.binary_join(names, " "), planned["tables"])
    return as_mask(wrong & mask(pc.is_in(done["status"], GOOD)) & ~is_null(counts))
