"""What rules found, as rows of ``validation_results`` and ``validation_failures``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from include.core.schemas import TABLES
from include.core.validation_rules import RULES, Severity
from include.store.objects import Row

# Failing rows of one rule that are kept, and those that its result shows.
KEPT_FAILURES = 100
EXAMPLES = 5


@dataclass(frozen=True)
class FailingRow:
    """A row that breaks a rule.

    :param value: what is wrong with it, in words or as the value itself.
    """

    media_id: str | None
    analysis_key: str | None
    value: str


@dataclass(frozen=True)
class RuleResult:
    """What a rule found in a table.

    :param rule: one of :data:`include.core.validation_rules.RULES`.
    :param checked: how many rows, or other things, were looked at; None if the table was, as a whole.
    :param broken: how many of them break it; of a whole table 1 or 0.
    :param failing: some of them, ``KEPT_FAILURES`` at most.
    :param column: the column that it is about; None if it is about several.
    :param observed: the measure that was compared; None if the rows say it all.
    :param asked: what was expected, as members of an expectation or a measure's bounds.
    """

    rule: str
    table: str
    checked: int | None
    broken: int
    failing: Sequence[FailingRow] = ()
    column: str | None = None
    observed: Any = None
    asked: Mapping[str, Any] = field(default_factory=dict)

    @property
    def success(self) -> bool:
        """Whether the rule holds."""
        return self.broken == 0

    def to_row(self, run_id: str, severities: Mapping[str, Severity]) -> Row:
        """Return the row of ``validation_results``.

        :param severities: those that ``lake.yaml`` sets.
        """
        return {
            "run_id": run_id,
            "table_name": self.table,
            "expectation": self.rule,
            "column_name": self.column,
            "success": self.success,
            "checked_rows": self.checked,
            "unexpected_rows": None if self.checked is None else self.broken,
            "details": json.dumps(self._details(), default=str, sort_keys=True),
            "layer": RULES[self.rule].layer,
            "severity": severities.get(self.rule, RULES[self.rule].severity),
        }

    def failures(self, run_id: str) -> list[Row]:
        """Return rows of ``validation_failures``; none of sensitive tables."""
        if TABLES[self.table].sensitive:
            return []
        return [
            {
                "run_id": run_id,
                "table_name": self.table,
                "expectation": self.rule,
                "column_name": self.column,
                "media_id": row.media_id,
                "analysis_key": row.analysis_key,
                "value": row.value,
            }
            for row in self.failing[:KEPT_FAILURES]
        ]

    def _details(self) -> Row:
        details: Row = {"meaning": RULES[self.rule].meaning, "kwargs": dict(self.asked)}
        if self.observed is not None:
            details["observed"] = self.observed
        if not TABLES[self.table].sensitive:  # readers of the checks are not all readers of the table
            details["examples"] = [row.value for row in self.failing[:EXAMPLES]]
        return details


def result_of_rows(
    rule: str, table: str, rows: pa.Table, broken: np.ndarray, column: str | None = None
) -> RuleResult:
    """Return what a rule found in rows.

    :param broken: for each row, whether it breaks the rule.
    """
    places = np.flatnonzero(broken)
    failing = failing_rows(rows.take(places[:KEPT_FAILURES]), column) if len(places) else ()
    return RuleResult(rule, table, rows.num_rows, len(places), failing, column)


def failing_rows(rows: pa.Table, column: str | None) -> list[FailingRow]:
    """Return rows as failing ones, with their value of a column, or without it those of their key."""
    named = [name for name in ("media_id", "analysis_key") if name in rows.column_names]
    shown = [column] if column in rows.column_names else named
    return [
        FailingRow(
            row.get("media_id"), row.get("analysis_key"), ", ".join(_in_short(row[name]) for name in shown)
        )
        for row in rows.select(dict.fromkeys([*named, *shown])).to_pylist()
    ]


def merged(results: Iterable[RuleResult]) -> list[RuleResult]:
    """Return the results of a table from those of the same rules for its parts."""
    found: dict[tuple[str, ...], RuleResult] = {}
    for result in results:
        asked = json.dumps(dict(result.asked), default=str, sort_keys=True)
        key = (result.rule, result.table, result.column or "", asked)
        found[key] = _sum_of(found[key], result) if key in found else result
    return list(found.values())


def _sum_of(one: RuleResult, other: RuleResult) -> RuleResult:
    return replace(
        one,
        checked=None if one.checked is None or other.checked is None else one.checked + other.checked,
        broken=one.broken + other.broken,
        failing=[*one.failing, *other.failing][:KEPT_FAILURES],
        observed=other.observed if one.success else one.observed,
    )


def _in_short(value: Any) -> str:
    return str(value)[:200]
