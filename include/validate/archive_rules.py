"""Rules that hold what a run wrote against the responses that it came from.

Of a day with much, part is read, chosen at random by the name of the run: the same part at every attempt. The
bounds are in :mod:`include.validate.archived_places`; a result says how many analyses were looked at.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.core.features import MediaType, run_tables
from include.core.schemas import FINDING_TABLES, TABLES, Table
from include.store.objects import Row
from include.store.parquet import arrow_rows
from include.store.workspace import Workspace
from include.validate.archived_answers import (
    KEPT_FINDINGS,
    ORIGIN,
    PAGES,
    READABLE,
    Answer,
    AnswerReader,
)
from include.validate.archived_places import find_places, within_bytes
from include.validate.arrow_masks import mask, texts_that
from include.validate.key_columns import ROW_HASH, KeyColumns, row_hashes
from include.validate.plan_rules import GOOD
from include.validate.rule_results import KEPT_FAILURES, FailingRow, RuleResult, failing_rows

EXISTS = "the_archived_response_exists"
COUNTED = "the_archive_has_the_findings_counted"
SAME_ROWS = "rows_are_those_of_the_response"

# Analyses of each table whose responses are normalized again.
SAMPLED = 20

# Operation and responses to the rows of each table, as ``include.normalize.normalize`` gives them.
Normalize = Callable[[str, Iterable[Row]], Iterator[tuple[str, Row]]]

_USED = [
    "media_id", "analysis_key", "feature", "operation", "model_version", "response_uri", "findings_by_table",
    "units",
]  # fmt: skip


def archive_results(
    workspace: Workspace,
    media_type: MediaType,
    analyses: pa.Table,
    keys: KeyColumns,
    normalize: Normalize,
) -> Iterator[RuleResult]:
    """Yield the result of each rule.

    :param analyses: rows of ``analyses``.
    :param keys: has the rows of the finding tables.
    :param normalize: turns responses into rows; stages do not import each other.
    """
    chance = random.Random(f"{workspace.run.token}/{workspace.run.partition}")
    good = analyses.filter(pc.is_in(analyses["status"], GOOD)).select(_USED)
    good = good.filter(pc.and_(pc.is_valid(good["response_uri"]), pc.is_valid(good["analysis_key"])))
    places, looked_for = find_places(workspace.s3, good["response_uri"].unique().to_pylist(), chance)
    yield _existence(good, looked_for, looked_for - places.keys())
    chosen = within_bytes(places.values(), chance)
    by_place = _by_place(_archived_in(good, [place.uri for place in chosen]))
    sample = _sample([row for rows in by_place.values() for row in rows.values()], chance)
    reader = AnswerReader(workspace.s3, media_type, workspace.lake.min_confidence, sample)
    check = _ArchiveCheck(_StagedRows(keys, sample), normalize, workspace.lake.min_confidence)
    for place in chosen:
        for answer in reader.read(place, by_place[place.uri]):
            check.add(answer)
    yield from check.results([name for name in run_tables(media_type) if name in FINDING_TABLES], len(good))


def _archived_in(analyses: pa.Table, uris: Iterable[str]) -> pa.Table:
    return analyses.filter(pc.is_in(analyses["response_uri"], pa.array(uris, pa.string())))


def _existence(analyses: pa.Table, looked_for: set[str], gone: set[str]) -> RuleResult:
    lost = _archived_in(analyses, gone)
    return RuleResult(
        EXISTS,
        "analyses",
        len(_archived_in(analyses, looked_for)),
        len(lost),
        failing_rows(lost.slice(0, KEPT_FAILURES), "response_uri"),
        "response_uri",
        observed={"analyses": len(analyses)},
    )


def _by_place(analyses: pa.Table) -> dict[str, dict[str, Row]]:
    """Return rows by where their responses are and by analysis key; of copies the first."""
    found: defaultdict[str, dict[str, Row]] = defaultdict(dict)
    for row in analyses.to_pylist():
        found[row["response_uri"]].setdefault(row["analysis_key"], row)
    return found


def _sample(analyses: Iterable[Row], chance: random.Random) -> set[str]:
    """Choose the keys of some analyses for each table that they fill."""
    by_table: defaultdict[str, list[str]] = defaultdict(list)
    for row in analyses:
        for table in _counts(row):
            by_table[table].append(row["analysis_key"])
    chosen: set[str] = set()
    for _, keys in sorted(by_table.items()):
        chosen |= set(chance.sample(sorted(keys), min(SAMPLED, len(keys))))
    return chosen


def _counts(analysis: Row) -> dict[str, int]:
    """Return how many findings of an analysis were counted, by table."""
    counts = {each["table_name"]: each["row_count"] for each in analysis["findings_by_table"] or ()}
    return {table: counts[table] for table in FINDING_TABLES if table in counts}


class _StagedRows:
    """The staged rows of some analyses, each as one number."""

    def __init__(self, keys: KeyColumns, wanted: set[str]) -> None:
        self._keys = keys
        self._wanted = pa.array(wanted, pa.string())
        self._by_table: dict[str, defaultdict[tuple[str, str], list[int]]] = {}

    def of(self, table: str, analysis: Row) -> list[int]:
        """Return the numbers of the rows of an analysis in a table."""
        if table not in self._by_table:
            self._by_table[table] = self._read(self._keys.of(table))
        return self._by_table[table][analysis["media_id"], analysis["analysis_key"]]

    def _read(self, rows: pa.Table) -> defaultdict[tuple[str, str], list[int]]:
        wanted = texts_that(lambda keys: mask(pc.is_in(keys, self._wanted)), rows["analysis_key"])
        mine = rows.select(["media_id", "analysis_key", ROW_HASH]).take(np.flatnonzero(wanted))
        found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for media_id, key, number in zip(*mine.to_pydict().values(), strict=True):
            found[media_id, key].append(number)
        return found


@dataclass
class _Tally:
    """How many analyses were looked at, and those that break a rule."""

    checked: int
    failing: list[FailingRow]

    def add(self, analysis: Row, mistake: str | None) -> None:
        self.checked += 1
        if mistake:
            self.failing.append(FailingRow(analysis["media_id"], analysis["analysis_key"], mistake))


@dataclass(frozen=True)
class _Expected:
    """The rows of a table that a response gives.

    :param whole: whether they are all.
    """

    analysis: Row
    rows: list[Row]
    whole: bool

    def difference(self, expected: list[int], staged: list[int]) -> str | None:
        """Say how the staged rows differ from these; both are given as numbers."""
        missing = Counter(expected) - Counter(staged)
        others = Counter(staged) - Counter(expected) if self.whole else Counter()
        if not missing and not others:
            return None
        shown = next((row for row, value in zip(self.rows, expected, strict=True) if value in missing), {})
        first = {name: value for name, value in shown.items() if value not in (None, [])}
        return (
            f"{missing.total()} of {len(self.rows)} rows of its response are not in the table, "
            f"{others.total()} others are; the first of them: {first}"
        )


class _ArchiveCheck:
    """What answers say about the tables."""

    def __init__(self, staged: _StagedRows, normalize: Normalize, thresholds: Mapping[str, float]) -> None:
        self._staged = staged
        self._normalize = normalize
        self._thresholds = thresholds
        self._expected: defaultdict[str, list[_Expected]] = defaultdict(list)
        self._tallies: defaultdict[tuple[str, str], _Tally] = defaultdict(lambda: _Tally(0, []))

    def add(self, answer: Answer) -> None:
        """Look into an answer."""
        for rule in (READABLE, ORIGIN, PAGES):
            self._tallies[rule, "analyses"].add(answer.analysis, answer.mistakes.get(rule))
        if READABLE in answer.mistakes:
            return
        if answer.counts is not None:
            self._compare_counts(answer, answer.counts)
        if answer.pages:
            self._expect_rows(answer)

    def results(self, tables: Iterable[str], analyses: int) -> Iterator[RuleResult]:
        """Yield what was found.

        :param tables: the finding tables of the run.
        :param analyses: how many analyses have a response.
        """
        for table, expected in self._expected.items():
            self._compare_rows(TABLES[table], expected)
        about = [(rule, "analyses") for rule in (READABLE, ORIGIN, PAGES)]
        about += [(rule, table) for table in tables for rule in (COUNTED, SAME_ROWS)]
        for rule, table in about:
            tally = self._tallies[rule, table]
            observed = {"analyses": analyses}
            yield RuleResult(rule, table, tally.checked, len(tally.failing), tally.failing, observed=observed)

    def _compare_counts(self, answer: Answer, counts: Counter[str]) -> None:
        for table, said in _counts(answer.analysis).items():
            found = counts[table]
            mistake = None if said == found else f"{said} rows were counted, its response has {found}"
            self._tallies[COUNTED, table].add(answer.analysis, mistake)

    def _expect_rows(self, answer: Answer) -> None:
        try:
            rows, whole = self._normalized(answer)
        except ValueError as error:
            self._tallies[READABLE, "analyses"].add(answer.analysis, str(error))
            return
        for table in _counts(answer.analysis):
            self._expected[table].append(_Expected(answer.analysis, rows[table], whole))

    def _compare_rows(self, table: Table, expected: Sequence[_Expected]) -> None:
        """Compare the rows of all analyses of a table: Arrow takes many as fast as a few."""
        rows = arrow_rows(table, [row for each in expected for row in each.rows])
        hashes = iter(row_hashes(rows).tolist())
        for each in expected:
            own = list(islice(hashes, len(each.rows)))
            mistake = each.difference(own, self._staged.of(table.name, each.analysis))
            self._tallies[SAME_ROWS, table.name].add(each.analysis, mistake)

    def _normalized(self, answer: Answer) -> tuple[defaultdict[str, list[Row]], bool]:
        """Return the first rows of a response by table, and whether they are all."""
        analysis = answer.analysis
        least = self._thresholds.get(analysis["feature"], 0.0)
        rows: defaultdict[str, list[Row]] = defaultdict(list)
        found = list(islice(self._normalize(analysis["operation"], answer.pages), KEPT_FINDINGS + 1))
        for table, row in found[:KEPT_FINDINGS]:
            if not _is_below(TABLES[table], row, least):
                version = row["model_version"] or analysis["model_version"]
                ids = {name: analysis[name] for name in ("media_id", "analysis_key")}
                rows[table].append({**ids, **row, "model_version": version})
        return rows, answer.whole and len(found) <= KEPT_FINDINGS


def _is_below(table: Table, row: Row, least: float) -> bool:
    """Whether a row is below the threshold; rows without a score never are."""
    score = row[table.score] if table.score else None
    return score is not None and score < least
