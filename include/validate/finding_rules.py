"""Rules between a finding table and the analyses that it is from, and among its rows."""

from __future__ import annotations

from collections import defaultdict
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
from include.validate.arrow_masks import Mask, Numbers, as_mask, floats, is_null, mask
from include.validate.key_columns import ROW_HASH, mixed
from include.validate.plan_rules import GOOD
from include.validate.rule_results import FailingRow, RuleResult, result_of_rows

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


_Pair = tuple[str | None, str | None]


class Outcomes:
    """What the rules of finding tables need of a run's outcomes.

    :ivar features: ``(media id, analysis key)`` to the feature of the analysis; ``versions`` likewise.
    :ivar counts: finding table to ``(media id, analysis key)`` to the rows that are counted there, of
        analyses that succeeded.
    :ivar durations: media id to milliseconds, ``frame_rates`` to frames a second; null where unknown.
    """

    def __init__(self, assets: pa.Table, analyses: pa.Table) -> None:
        media_ids = assets["media_id"].to_pylist()
        self.durations = dict(zip(media_ids, assets["duration_ms"].to_pylist(), strict=True))
        self.frame_rates = dict(zip(media_ids, assets["frame_rate"].to_pylist(), strict=True))
        pairs = self._pairs(analyses)
        self.features = dict(zip(pairs, analyses["feature"].to_pylist(), strict=True))
        self.versions = dict(zip(pairs, analyses["model_version"].to_pylist(), strict=True))
        self.counts: defaultdict[str, dict[_Pair, int]] = defaultdict(dict)
        done = analyses.filter(pc.is_in(analyses["status"], GOOD))
        counted = done["findings_by_table"].combine_chunks()
        pairs, parts = self._pairs(done), pc.list_flatten(counted)
        for place, table, rows in zip(
            pc.list_parent_indices(counted).to_pylist(),
            pc.struct_field(parts, "table_name").to_pylist(),
            pc.struct_field(parts, "row_count").to_pylist(),
            strict=True,
        ):
            self.counts[table][pairs[place]] = rows

    @staticmethod
    def _pairs(analyses: pa.Table) -> list[_Pair]:
        return list(zip(*(analyses[name].to_pylist() for name in _PAIR), strict=True))


@dataclass(frozen=True)
class FindingRows:
    """A finding table's kept columns beside the analyses that the rows say they are from."""

    table: Table
    rows: pa.Table
    outcomes: Outcomes

    @cached_property
    def _pairs(self) -> tuple[list[_Pair], NDArray[np.int64]]:
        if not self.rows.num_rows:
            return [], np.empty(0, np.int64)
        media, keys = (self.rows[name].combine_chunks() for name in ("media_id", "analysis_key"))
        width = len(keys.dictionary) + 1
        codes = _codes(media) * width + _codes(keys)
        unique, numbers = np.unique(codes, return_inverse=True)
        ids, names = [*media.dictionary.to_pylist(), None], [*keys.dictionary.to_pylist(), None]
        return [(ids[code // width], names[code % width]) for code in unique.tolist()], numbers

    @property
    def pairs(self) -> list[_Pair]:
        """The ``(media id, analysis key)`` that rows have, each once."""
        return self._pairs[0]

    @property
    def numbers(self) -> NDArray[np.int64]:
        """For each row, which of the pairs it has."""
        return self._pairs[1]

    def of_pairs(self, values: list[Any]) -> NDArray[Any]:
        """Return for each row the value of its pair."""
        return np.array(values)[self.numbers] if values else np.empty(0)

    def result(self, rule: str, broken: Mask, column: str | None = None) -> RuleResult:
        """Return what a rule found in the rows."""
        return result_of_rows(rule, self.table.name, self.rows, broken, column)


def _codes(words: Any) -> NDArray[np.int64]:
    """Return the numbers of words in their dictionary; null is the one after the last."""
    return np.asarray(pc.fill_null(words.indices, len(words.dictionary)), np.int64)


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
    counted = found.outcomes.counts[found.table.name]
    counts = np.bincount(found.numbers, minlength=len(found.pairs)).tolist()
    strange = found.of_pairs([pair not in counted for pair in found.pairs]).astype(bool)
    yield found.result("findings_are_of_an_analysis_that_succeeded", strange)
    there = dict(zip(found.pairs, counts, strict=True))
    wrong = [
        FailingRow(*pair, f"{there.get(pair, 0)} rows, {count} counted")
        for pair, count in counted.items()
        if there.get(pair, 0) != count
    ]
    yield RuleResult(
        "each_analysis_has_the_findings_counted", found.table.name, len(counted), len(wrong), wrong
    )


def _versions(found: FindingRows) -> RuleResult:
    """Rows have the model version of their analysis, where it states one."""
    own = found.rows["model_version"].combine_chunks()
    known = {version: code for code, version in enumerate(own.dictionary.to_pylist())}
    stated = [found.outcomes.versions.get(pair) for pair in found.pairs]
    wanted = found.of_pairs([known.get(version, -1) for version in stated])
    is_stated = found.of_pairs([version is not None for version in stated]).astype(bool)
    differs = is_stated & (_codes(own) != wanted)
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
    sums = np.zeros(len(found.pairs), np.uint64)
    np.add.at(sums, found.numbers, np.asarray(found.rows[ROW_HASH]))
    first: dict[str | None, int] = {}
    wrong = [
        FailingRow(media_id, key, f"other findings than {found.pairs[place][0]}")
        for number, (media_id, key) in enumerate(found.pairs)
        if (place := first.setdefault(key, number)) != number and sums[place] != sums[number]
    ]
    return RuleResult("copies_have_the_same_findings", found.table.name, len(found.pairs), len(wrong), wrong)


def _scores(found: FindingRows, lake: Lake) -> Iterator[RuleResult]:
    column = found.table.score
    if column is None:
        return
    scores = floats(found.rows[column])
    features = [found.outcomes.features.get(pair) for pair in found.pairs]
    least = found.of_pairs([lake.min_confidence.get(feature or "", 0.0) for feature in features])
    with np.errstate(invalid="ignore"):
        yield found.result("score_is_not_below_the_threshold", scores < least, column)
    known = scores[~np.isnan(scores)]
    fractions = len(known) > 1 and known.max() <= FRACTION
    yield found.result("scores_are_in_percent", np.full(len(scores), fractions), column)
    alike = len(known) >= ALIKE_SCORES and known.min() == known.max() and len(found.pairs) > 1
    yield found.result("scores_differ", np.full(len(scores), alike), column)


def _times(found: FindingRows) -> Iterator[RuleResult]:
    columns = [name for name in ("timestamp_ms", "end_ms") if name in found.rows.column_names]
    if not columns or not found.rows.num_rows:
        return
    latest = np.fmax.reduce([floats(found.rows[name]) for name in columns])
    videos = [media_id for media_id, _ in found.pairs]
    ends = found.of_pairs([found.outcomes.durations.get(video) or np.nan for video in videos])
    frames = found.of_pairs(
        [1000 / (found.outcomes.frame_rates.get(video) or FRAME_RATE) for video in videos]
    )
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


def _frames(found: FindingRows) -> NDArray[np.float64]:
    """Return for each row the time of its frame; images have one frame."""
    return np.nan_to_num(floats(found.rows["timestamp_ms"]), nan=-1.0)


def _numbers_in_a_frame(found: FindingRows, column: str) -> RuleResult:
    numbers, frames = floats(found.rows[column]).view(np.uint64), _frames(found).view(np.uint64)
    places = mixed(mixed(numbers, frames), found.numbers.astype(np.uint64))
    return found.result("numbers_in_a_frame_are_unique", _repeated(places), column)


def _lines_of_words(found: FindingRows) -> RuleResult:
    """What a word is on is a line; a word is alone if its line is below the least confidence asked for."""
    parents, ids = floats(found.rows["parent_id"]), floats(found.rows["text_id"])
    frames, is_line = _frames(found), mask(pc.equal(_plain(found.rows["type"]), "LINE"))
    kinds = dict(
        zip(
            zip(found.numbers.tolist(), frames.tolist(), ids.tolist(), strict=True),
            is_line.tolist(),
            strict=True,
        )
    )
    wanted = zip(found.numbers.tolist(), frames.tolist(), parents.tolist(), strict=True)
    wrong = np.array([kinds.get(key) is False for key in wanted], bool)
    return found.result(
        "the_line_of_a_word_is_a_line", wrong & ~is_null(found.rows["parent_id"]), "parent_id"
    )


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


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(column, pa.string()) if pa.types.is_dictionary(column.type) else column
