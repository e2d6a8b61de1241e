"""Rules between a finding table and the analyses that it is from, and among its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from include.core.features import MediaType
from include.core.lake import Lake
from include.core.schemas import Table
from include.validate.arrow_masks import (
    Mask,
    Numbers,
    as_mask,
    codes,
    encoded,
    floats,
    is_null,
    mask,
    members_of,
)
from include.validate.key_columns import ROW_HASH, mixed
from include.validate.plan_rules import GOOD
from include.validate.rule_results import KEPT_FAILURES, FailingRow, RuleResult, result_of_rows

PAST_END_TOLERANCE_MS = 1000.0
# Of a video whose header does not tell how many frames it has a second.
FRAME_RATE = 60.0
# Rekognition gives confidence in percent; a whole table of fractions is not one.
FRACTION = 1.0
# So many findings of several files do not all have one and the same score.
ALIKE_SCORES = 10

_PAIR = ("media_id", "analysis_key")
# What numbers the findings of a frame.
_NUMBERS = {"texts": "text_id", "faces": "face_index"}


class Outcomes:
    """A run's outcomes, as the rules of finding tables need them.

    :param assets: rows of ``media_assets``; ``analyses`` likewise.
    """

    def __init__(self, assets: pa.Table, analyses: pa.Table) -> None:
        self.assets = assets
        self.analyses = analyses
        self._good = mask(pc.is_in(analyses["status"], GOOD))
        self._counts = members_of(analyses["findings_by_table"])

    def counts(self, table: str) -> Numbers:
        """Return how many rows of a table each analysis counted, -1 for null; NaN if it has none there."""
        names, numbers = (pc.struct_field(self._counts.values, name) for name in ("table_name", "row_count"))
        parents = self._counts.parents
        mine = mask(pc.equal(names, table)) & self._good[parents]
        counts = np.full(len(self.analyses), np.nan)
        counts[parents[mine]] = np.asarray(pc.fill_null(numbers, -1))[mine]
        return counts


@dataclass(frozen=True)
class FindingRows:
    """A finding table's kept columns beside the analyses that the rows say they are from.

    Rows are of pairs of ``(media id, analysis key)``.
    """

    table: Table
    rows: pa.Table
    outcomes: Outcomes

    @cached_property
    def _ids(self) -> list[pa.DictionaryArray]:
        return [encoded(self.rows[name]) for name in _PAIR]

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        numbers, pairs = pd.factorize(self._code(*map(codes, self._ids)))
        return numbers, pairs

    def _code(self, media: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
        return media * (len(self._ids[1].dictionary) + 1) + keys

    @property
    def numbers(self) -> NDArray[np.int64]:
        """For each row, the number of its pair."""
        return self._pairs[0]

    @cached_property
    def keys(self) -> NDArray[np.int64]:
        """For each pair, the number of its analysis key; ``media`` likewise of its media id."""
        return self._pairs[1] % (len(self._ids[1].dictionary) + 1)

    @cached_property
    def media(self) -> NDArray[np.int64]:
        return self._pairs[1] // (len(self._ids[1].dictionary) + 1)

    @cached_property
    def analyses(self) -> NDArray[np.int64]:
        """For each pair, its row of ``analyses``; -1 if there is none."""
        analyses = self.outcomes.analyses
        media, keys = (_places(analyses[name], ids) for name, ids in zip(_PAIR, self._ids, strict=True))
        known = np.flatnonzero((media >= 0) & (keys >= 0))
        pairs = pd.Index(self._pairs[1]).get_indexer(pd.Index(self._code(media, keys)[known]))
        found = np.full(len(self._pairs[1]), -1)
        found[pairs[pairs >= 0]] = known[pairs >= 0]
        return found

    def pair(self, number: int) -> tuple[str | None, str | None]:
        """Return the media id and analysis key of a pair."""
        media, keys = self._ids
        return _text(media, self.media[number]), _text(keys, self.keys[number])

    def of_analyses(self, values: NDArray[Any], otherwise: Any) -> NDArray[Any]:
        """Return for each row the value of its analysis.

        :param otherwise: the value of rows without an analysis.
        """
        return np.append(values, otherwise)[self.analyses][self.numbers]

    def of_assets(self, column: str) -> Numbers:
        """Return for each row a number of its asset; NaN if it is not known, or 0."""
        assets = self.outcomes.assets
        known = pc.index_in(self._ids[0].dictionary, assets["media_id"])
        own = np.append(floats(assets[column].take(known)), np.nan)[self.media]
        return np.where(own == 0, np.nan, own)[self.numbers]

    def result(self, rule: str, broken: Mask, column: str | None = None) -> RuleResult:
        """Return what a rule found in the rows."""
        return result_of_rows(rule, self.table.name, self.rows, broken, column)


def _text(texts: pa.DictionaryArray, number: int) -> str | None:
    text: str | None = texts.dictionary[number].as_py() if number < len(texts.dictionary) else None
    return text


def _places(texts: Any, known: pa.DictionaryArray) -> NDArray[np.int64]:
    """Return the numbers of texts in a dictionary, null's is the one after the last; -1 if it has none."""
    words = pa.concat_arrays([known.dictionary, pa.nulls(1, known.dictionary.type)])
    return np.asarray(pc.fill_null(pc.index_in(texts, words), -1), np.int64)


def finding_results(found: FindingRows, lake: Lake, media_type: MediaType) -> Iterator[RuleResult]:
    """Yield the result of each rule."""
    yield from _belonging(found)
    yield _versions(found)
    yield _unique(found)
    yield _copies(found)
    yield from _scores(found, lake)
    if media_type == "video":
        yield from _times(found)
    if found.table.name in _NUMBERS:
        yield _numbers_in_a_frame(found, _NUMBERS[found.table.name])
    if found.table.name == "texts":
        yield _lines_of_words(found)
    if found.table.name == "segments":
        yield _shots(found)


def _belonging(found: FindingRows) -> Iterator[RuleResult]:
    """Findings are of an analysis that succeeded and fills this table, as many as it counted."""
    counted = found.outcomes.counts(found.table.name)
    strange = np.isnan(found.of_analyses(counted, np.nan))
    yield found.result("findings_are_of_an_analysis_that_succeeded", strange)
    there = np.zeros(len(counted) + 1)
    there[found.analyses] = np.bincount(found.numbers, minlength=len(found.analyses))
    is_counted = ~np.isnan(counted)
    wrong = np.flatnonzero(is_counted & (there[:-1] != counted))
    shown = wrong[:KEPT_FAILURES]
    pairs = found.outcomes.analyses.select(_PAIR).take(shown).to_pydict().values()
    failing = [
        FailingRow(media_id, key, f"{there[place]:.0f} rows, {counted[place]:.0f} counted")
        for place, media_id, key in zip(shown, *pairs, strict=True)
    ]
    yield RuleResult(
        "each_analysis_has_the_findings_counted", found.table.name, int(is_counted.sum()), len(wrong), failing
    )


def _versions(found: FindingRows) -> RuleResult:
    """Rows have the model version of their analysis, where it states one."""
    own, stated = encoded(found.rows["model_version"]), found.outcomes.analyses["model_version"]
    is_stated = found.of_analyses(~is_null(stated), False)
    differs = is_stated & (codes(own) != found.of_analyses(_places(stated, own), -1))
    return found.result("model_version_is_that_of_the_analysis", differs, "model_version")


def _unique(found: FindingRows) -> RuleResult:
    rows = mixed(np.asarray(found.rows[ROW_HASH]), found.numbers.astype(np.uint64))
    return found.result("rows_are_unique", _repeated(rows))


def _repeated(values: NDArray[Any]) -> Mask:
    """Return which values are there before; the second sort is for those that have some."""
    in_order = np.sort(values)
    repeated = np.zeros(len(values), bool)
    if (in_order[1:] == in_order[:-1]).any():
        order = np.argsort(values, kind="stable")
        repeated[order[1:]] = values[order][1:] == values[order][:-1]
    return repeated


def _copies(found: FindingRows) -> RuleResult:
    """Assets with the same bytes share an analysis, and so its findings."""
    sums = np.zeros(len(found.keys), np.uint64)
    np.add.at(sums, found.numbers, np.asarray(found.rows[ROW_HASH]))
    _, firsts, places = np.unique(found.keys, return_index=True, return_inverse=True)
    first = firsts[places]
    wrong = np.flatnonzero(sums != sums[first])
    failing = [
        FailingRow(*found.pair(number), f"other findings than {found.pair(first[number])[0]}")
        for number in wrong[:KEPT_FAILURES]
    ]
    return RuleResult("copies_have_the_same_findings", found.table.name, len(sums), len(wrong), failing)


def _scores(found: FindingRows, lake: Lake) -> Iterator[RuleResult]:
    column = found.table.score
    if column is None:
        return
    scores = floats(found.rows[column])
    features = encoded(found.outcomes.analyses["feature"])
    thresholds = [lake.min_confidence.get(feature, 0.0) for feature in features.dictionary.to_pylist()]
    least = found.of_analyses(np.append(thresholds, 0.0)[codes(features)], 0.0)
    with np.errstate(invalid="ignore"):
        yield found.result("score_is_not_below_the_threshold", scores < least, column)
    known = scores[~np.isnan(scores)]
    fractions = len(known) > 1 and known.max() <= FRACTION
    yield found.result("scores_are_in_percent", np.full(len(scores), fractions), column)
    alike = len(known) >= ALIKE_SCORES and known.min() == known.max() and len(found.keys) > 1
    yield found.result("scores_differ", np.full(len(scores), alike), column)


def _times(found: FindingRows) -> Iterator[RuleResult]:
    columns = [name for name in ("timestamp_ms", "end_ms") if name in found.rows.column_names]
    if not columns or not found.rows.num_rows:
        return
    latest = np.fmax.reduce([floats(found.rows[name]) for name in columns])
    ends, rates = (found.of_assets(name) for name in ("duration_ms", "frame_rate"))
    frames = 1000 / np.where(np.isnan(rates), FRAME_RATE, rates)
    with np.errstate(invalid="ignore"):
        past = as_mask(latest > ends + PAST_END_TOLERANCE_MS)
    yield found.result("no_finding_is_past_the_end", past, columns[-1])
    yield found.result("times_are_in_milliseconds", _too_close(found.numbers, latest, frames), columns[-1])


def _too_close(numbers: NDArray[np.int64], times: Numbers, frames: Numbers) -> Mask:
    """Seconds for milliseconds: of the different times of a video, most are within half a frame."""
    order = np.lexsort((times, numbers))
    gaps = np.diff(times[order])
    with np.errstate(invalid="ignore"):
        later = (np.diff(numbers[order]) == 0) & (gaps > 0)
    medians = pd.Series(gaps[later]).groupby(numbers[order][1:][later]).median()
    return as_mask(medians.reindex(numbers).to_numpy() < frames / 2)


def _in_a_frame(found: FindingRows, column: str) -> NDArray[np.uint64]:
    """Return for each row one number for that of a column, its frame, and its pair; images have one frame."""
    times = np.nan_to_num(floats(found.rows["timestamp_ms"]), nan=-1.0)
    numbers = mixed(floats(found.rows[column]).view(np.uint64), times.view(np.uint64))
    return mixed(numbers, found.numbers.astype(np.uint64))


def _numbers_in_a_frame(found: FindingRows, column: str) -> RuleResult:
    return found.result("numbers_in_a_frame_are_unique", _repeated(_in_a_frame(found, column)), column)


def _lines_of_words(found: FindingRows) -> RuleResult:
    """What a word is on is a line; a word is alone if its line is below the least confidence asked for."""
    is_line = mask(pc.equal(found.rows["type"], "LINE"))
    places, wanted = (_in_a_frame(found, name) for name in ("text_id", "parent_id"))
    on_a_word = pd.Series(wanted).isin(places[~is_line]) & ~pd.Series(wanted).isin(places[is_line])
    wrong = on_a_word.to_numpy() & ~is_null(found.rows["parent_id"])
    return found.result("the_line_of_a_word_is_a_line", wrong, "parent_id")


def _shots(found: FindingRows) -> RuleResult:
    """The shots of a video, by number, start one after the other, and none before the one before it ends."""
    starts, ends, numbers = (floats(found.rows[name]) for name in ("start_ms", "end_ms", "shot_index"))
    order = np.lexsort((numbers, found.numbers))
    order = order[~np.isnan(numbers[order])]
    same = np.diff(found.numbers[order]) == 0
    with np.errstate(invalid="ignore"):
        early = starts[order][1:] < ends[order][:-1]
    wrong = np.zeros(len(numbers), bool)
    wrong[order[1:][same & (early | (np.diff(numbers[order]) == 0))]] = True
    return found.result("shots_follow_one_another", wrong, "shot_index")
