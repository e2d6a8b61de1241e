"""Validate: audit what a run wrote, before anyone can read it.

The layers, each in modules of its own, and their rules in :mod:`include.core.validation_rules`:

- columns: what the schema promises, by Great Expectations, and what each row keeps by itself;
- relations: findings, analyses, assets and the run's plan tell the same story;
- archive: the archived responses tell it too;
- trend: the day is about what the days before were.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from include.core.features import MediaType, run_tables
from include.core.schemas import FINDING_TABLES, TABLES, Table
from include.core.validation_rules import Severity
from include.store.audited_tables import AuditedTable, AuditedTables, staged_objects
from include.store.day_profiles import DayProfile, trailing_profiles, write_profile
from include.store.objects import Row
from include.store.plan_columns import planned_columns
from include.store.staged_file import UnfitFileError
from include.store.staged_frames import read_encoded_parts, read_parts
from include.store.workspace import Workspace
from include.validate.archive_rules import Normalize, archive_results
from include.validate.column_rules import check_promises
from include.validate.day_figures import DayFigures
from include.validate.finding_rules import FindingRows, Outcomes, finding_results
from include.validate.key_columns import KeyColumns
from include.validate.outcome_rules import outcome_results
from include.validate.plan_rules import plan_results
from include.validate.promises import (
    COLUMNS,
    Promise,
    counted,
    promises_of_keys,
    promises_of_rows,
)
from include.validate.review_text import found_in_words
from include.validate.row_rules import RowRule, row_rules
from include.validate.rule_results import FailingRow, RuleResult, merged, result_of_rows
from include.validate.table_rules import TABLE_RULES
from include.validate.trend_rules import LEARNED_DAYS, WITHIN_DAYS, trend_results

log = logging.getLogger(__name__)

_OUTCOMES = ("media_assets", "analyses")


@dataclass(frozen=True)
class Audit:
    """What the audit of a run found.

    :param results: rows of ``validation_results``, but for when.
    :param failures: rows of ``validation_failures`` likewise.
    :param tables: what was looked at.
    """

    results: list[Row]
    failures: list[Row]
    tables: AuditedTables

    @property
    def failed(self) -> str:
        """What holds the day back, in words; empty if nothing does."""
        return found_in_words(self.broken("fail"), self.failures)

    def broken(self, severity: Severity) -> list[Row]:
        """Return the results of rules of a severity that do not hold."""
        return [row for row in self.results if not row["success"] and row["severity"] == severity]


def validate(
    workspace: Workspace,
    media_type: MediaType,
    assets: int,
    analyses: int,
    planned_at: datetime,
    normalize: Normalize,
) -> Audit:
    """Check every table that a run on images or videos wrote, some rows at a time, and keep its profile.

    :param assets: assets that were planned; ``analyses`` likewise.
    :param planned_at: when the manifest was read.
    :param normalize: ``include.normalize.normalize``, for a second look at some responses.
    """
    staged = _StagedTables(workspace, media_type)
    results = list(staged.check(assets, analyses))
    if staged.unfit.isdisjoint(_OUTCOMES):
        results += _relations(workspace, media_type, staged.keys, staged.unfit)
        profile = staged.figures.profile(staged.keys.of("analyses"))
        found = archive_results(workspace, media_type, staged.keys.of("analyses"), staged.keys, normalize)
        results += [result for result in found if result.table not in staged.unfit]
        results += _trend(workspace, media_type, profile)
    broken = sum(not result.success for result in results)
    log.info("%d checks of %d tables, %d found something", len(results), len(staged.objects), broken)
    run_id, severities = workspace.run.run_id, workspace.lake.validation_severity
    return Audit(
        [result.to_row(run_id, severities) for result in results],
        [row for result in results for row in result.failures(run_id)],
        AuditedTables(planned_at=planned_at, audited_at=datetime.now(UTC), tables=staged.audited()),
    )


class _StagedTables:
    """The staged tables of a run, and what is kept of them as they are checked.

    :ivar objects: table to its files.
    :ivar keys: what rules between tables need, once :meth:`check` has ended; ``figures`` likewise of the day.
    :ivar unfit: tables that have a file which does not fit them.
    """

    def __init__(self, workspace: Workspace, media_type: MediaType) -> None:
        self._s3 = workspace.s3
        self._media_type = media_type
        # Listed before they are read: what is changed meanwhile is not what is listed, and is not published.
        self.objects = {
            name: staged_objects(workspace.s3, workspace.run, name, media_type)
            for name in run_tables(media_type)
        }
        self.keys = KeyColumns()
        self.unfit: set[str] = set()
        self._rows: Counter[str] = Counter()

    def check(self, assets: int, analyses: int) -> Iterator[RuleResult]:
        """Yield what is found in each table by itself.

        :param assets: how many rows ``media_assets`` should have; ``analyses`` likewise.
        """
        yield from self._check("media_assets", assets)
        yield from self._check("analyses", analyses)
        self.figures = DayFigures(self.keys.of("media_assets"))
        counted = _counted_findings(self.keys.of("analyses"))
        for name in self.objects:
            if name in FINDING_TABLES:
                yield from self._check(name, counted[name])

    def _check(self, name: str, promised: int) -> Iterator[RuleResult]:
        check = _TableCheck(TABLES[name], self._media_type, self.keys)
        try:
            for part in self._parts_of(name):
                check.add(part)
                if name in FINDING_TABLES:
                    self.figures.add(TABLES[name], part)
            yield from check.results(promised)
        except UnfitFileError as error:
            self.unfit.add(name)
            yield from _results_of_unfit(TABLES[name], error)
        self._rows[name] = check.rows

    def audited(self) -> dict[str, AuditedTable]:
        """Return what was looked at, by table."""
        return {
            name: AuditedTable(rows=self._rows[name], objects=objects)
            for name, objects in self.objects.items()
        }

    def _parts_of(self, name: str) -> Iterator[pa.Table]:
        read = read_encoded_parts if name in FINDING_TABLES else read_parts
        return read(self._s3, name, [item.uri for item in self.objects[name]])


class _TableCheck:
    """The check of a table whose parts come one after the other; only key columns are held.

    :param keys: takes what rules between tables need.
    :ivar rows: how many rows came.
    """

    def __init__(self, table: Table, media_type: MediaType, keys: KeyColumns) -> None:
        self.rows = 0
        self._table = table
        self._keys = keys
        self._results: list[RuleResult] = []
        self._unique: list[pa.Table] = []
        self._rules = _rules_of(table, media_type)

    def add(self, part: pa.Table) -> None:
        """Check the next rows."""
        found = check_promises(self._table, part, promises_of_rows(self._table))
        found += [
            result_of_rows(rule.name, self._table.name, part, rule.broken(part), rule.column)
            for rule in self._rules
        ]
        self._results = merged([*self._results, *found])
        # A table without a key is counted by its first column.
        self._unique.append(part.select(self._table.unique or part.column_names[:1]))
        self.rows += len(part)
        self._keys.add(self._table, part)
        log.info("%s: %d rows checked", self._table.name, self.rows)

    def results(self, expected: int) -> list[RuleResult]:
        """Return what was found.

        :param expected: how many rows the table should have.
        """
        promises = [*promises_of_keys(self._table), counted(expected)]
        return [*self._results, *check_promises(self._table, pa.concat_tables(self._unique), promises)]


def _rules_of(table: Table, media_type: MediaType) -> Sequence[RowRule]:
    if table.name not in FINDING_TABLES:
        return ()
    return (*row_rules(table, media_type), *TABLE_RULES.get(table.name, ()))


def _results_of_unfit(table: Table, error: UnfitFileError) -> list[RuleResult]:
    """Return the results of a table that cannot be checked further."""
    failing = [
        FailingRow(None, None, f"{error.uri}: {name}: {text}") for name, text in error.mistakes.items()
    ]
    promise = Promise(COLUMNS, {"column_list": list(table.column_types)})
    return [
        RuleResult("files_fit_the_schema", table.name, None, 1, failing),
        *check_promises(table, pa.table({name: [] for name in error.columns}), [promise]),
    ]


def _relations(
    workspace: Workspace, media_type: MediaType, keys: KeyColumns, unfit: set[str]
) -> Iterator[RuleResult]:
    """Yield the results of the rules between tables, for tables whose files fit their schema."""
    assets, analyses = (keys.of(name) for name in _OUTCOMES)
    planned = planned_columns(workspace.s3, workspace.run, media_type)
    yield from plan_results(*planned, assets, analyses)
    yield from outcome_results(assets, analyses, media_type, workspace.lake)
    outcomes = Outcomes(assets, analyses)
    for name in run_tables(media_type):
        if name in FINDING_TABLES and name not in unfit:
            yield from finding_results(
                FindingRows(TABLES[name], keys.of(name), outcomes), workspace.lake, media_type
            )


def _trend(workspace: Workspace, media_type: MediaType, profile: DayProfile) -> Iterator[RuleResult]:
    """Keep the profile of the run, and yield the results of the rules that compare it with days before."""
    s3, run = workspace.s3, workspace.run
    write_profile(s3, run, media_type, profile)
    before = trailing_profiles(s3, run, media_type, LEARNED_DAYS, WITHIN_DAYS)
    yield from trend_results(profile, before, media_type, [source.name for source in workspace.lake.sources])


def _counted_findings(analyses: pa.Table) -> Counter[str]:
    """Return the rows each finding table should have, from what normalize counted."""
    tables = pc.list_flatten(analyses["findings_by_table"].combine_chunks())
    rows = pa.table({name: pc.struct_field(tables, name) for name in ("table_name", "row_count")})
    sums = rows.group_by("table_name").aggregate([("row_count", "sum")]).to_pydict()
    return Counter(dict(zip(sums["table_name"], sums["row_count_sum"], strict=True)))
