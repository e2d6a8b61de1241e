"""Rules that compare a day with the days before it: those that readers have, of the same source and version.

Up to 14 published days of the last 28 are learned from; with fewer than 2 nothing is judged. What is usual is
the median of these days, and the spread their median absolute deviation, times 1.4826, by which it is the
standard deviation of what is normally distributed. A day is unusual if it is off by more than four times the
spread, and by more than a tolerance of its own for each measure:

- volume: the number of assets of a source; four times as many, or a quarter. Compared as logarithms.
- failures: the share of analyses of a source and feature that failed; 20 points more, and three standard
  errors of a share of so many.
- empty answers: the share of answers of a source, feature and model version without findings; 30 points more
  or less, and three standard errors.
- confidence: the mean of a source, table and model version; 10 points more or less.
- mix: the total variation distance between the shares of labels on the day and those of all days before
  together: half the sum of the differences, 0 if they are the same, 1 if no label is among both. What is
  usual is the distance of each day before from all of them. 0.4 more.

Small numbers vary much. A share is judged from 20 analyses on, and only days with as many are learned from; a
mean and a mix from 100 findings on, of a source with 20 assets; a volume if today or usually there are 20.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from include.core.features import MediaType, run_tables
from include.core.schemas import FINDING_TABLES
from include.store.day_profiles import AnalysisFigures, DayProfile, FindingFigures
from include.validate.rule_results import KEPT_FAILURES, FailingRow, RuleResult

LEARNED_DAYS = 14
WITHIN_DAYS = 28
LEAST_DAYS = 2
LEAST_ASSETS = 20
LEAST_ANALYSES = 20
LEAST_FINDINGS = 100

_SPREADS = 4.0
_TO_STANDARD_DEVIATION = 1.4826
_STANDARD_ERRORS = 3.0
_VOLUME_TIMES = 4.0
_FAILURES, _EMPTY, _POINTS, _DISTANCE = 0.2, 0.3, 10.0, 0.4

# Source, feature or table, model version, as far as they matter.
_Group = tuple[str | None, ...]
_Shares = Mapping[str, float]


class _Share(NamedTuple):
    part: int
    whole: int


@dataclass(frozen=True)
class _Comparison:
    """A measure of one group, of the day and of days before.

    :param tolerance: how far it may be off at least.
    :param only_more: whether less is no matter.
    """

    group: _Group
    today: float
    before: Sequence[float]
    tolerance: float
    only_more: bool = False

    @property
    def usual(self) -> float:
        return median(self.before)

    @property
    def allowed(self) -> float:
        spread = median(abs(value - self.usual) for value in self.before) * _TO_STANDARD_DEVIATION
        return max(_SPREADS * spread, self.tolerance)

    @property
    def is_unusual(self) -> bool:
        off = self.today - self.usual
        return (off if self.only_more else abs(off)) > self.allowed

    def in_words(self, shown: Callable[[float], float]) -> str:
        """Return it with its values as readers want them."""
        name = " ".join(part for part in self.group if part)
        return f"{name}: {shown(self.today):.4g}, usual is {shown(self.usual):.4g} ({len(self.before)} days)"


def trend_results(
    today: DayProfile, before: Sequence[DayProfile], media_type: MediaType, sources: Iterable[str]
) -> Iterator[RuleResult]:
    """Yield the result of each rule.

    :param before: the profiles of the days before.
    :param sources: those of ``lake.yaml``: what others had before is not missed.
    """
    yield _whole_day(today)
    yield _result("volume_is_as_usual", "media_assets", _volumes(today, before, sources), math.exp)
    yield _result("failures_are_as_usual", "analyses", _shares(today, before, _failures, _FAILURES, True))
    yield _result("empty_answers_are_as_usual", "analyses", _shares(today, before, _empty, _EMPTY, False))
    confidences, mixes = [*_confidences(today, before)], [*_mixes(today, before)]
    for table in run_tables(media_type):
        if table in FINDING_TABLES:
            yield _result("confidence_is_as_usual", table, _of_table(confidences, table))
            yield _result("the_mix_is_as_usual", table, _of_table(mixes, table))


def _whole_day(today: DayProfile) -> RuleResult:
    answered = sum(figures.answered for figures in today.analyses)
    failed = sum(figures.failed for figures in today.analyses)
    as_a_whole = answered == 0 and failed >= LEAST_ANALYSES
    failing = [FailingRow(None, None, f"all {failed} analyses failed")] if as_a_whole else []
    return RuleResult("the_day_did_not_fail_as_a_whole", "analyses", None, int(as_a_whole), failing)


def _result(
    rule: str,
    table: str,
    comparisons: Iterable[_Comparison],
    shown: Callable[[float], float] = float,
) -> RuleResult:
    """Return the result of a rule; what has too few days to learn from is not judged."""
    judged = [each for each in comparisons if len(each.before) >= LEAST_DAYS]
    unusual = [each.in_words(shown) for each in judged if each.is_unusual]
    failing = [FailingRow(None, None, words) for words in unusual[:KEPT_FAILURES]]
    return RuleResult(rule, table, len(judged), len(unusual), failing)


def _of_table(comparisons: Iterable[_Comparison], table: str) -> Iterator[_Comparison]:
    return (each for each in comparisons if each.group[1] == table)


def _volumes(
    today: DayProfile, before: Sequence[DayProfile], sources: Iterable[str]
) -> Iterator[_Comparison]:
    for source in sources:
        counts = [profile.assets.get(source, 0) for profile in before if source in profile.assets]
        count = today.assets.get(source, 0)
        if counts and max(count, median(counts)) >= LEAST_ASSETS:
            logarithms = [math.log(each) for each in counts]
            yield _Comparison((source,), math.log(max(count, 0.5)), logarithms, math.log(_VOLUME_TIMES))


def _failures(figures: AnalysisFigures) -> tuple[_Group, _Share]:
    """Failures have no version."""
    return (figures.source, figures.feature), _Share(figures.failed, figures.failed + figures.answered)


def _empty(figures: AnalysisFigures) -> tuple[_Group, _Share]:
    group = figures.source, figures.feature, figures.model_version
    return group, _Share(figures.empty, figures.answered)


def _shares(
    today: DayProfile,
    before: Sequence[DayProfile],
    share_of: Callable[[AnalysisFigures], tuple[_Group, _Share]],
    tolerance: float,
    only_more: bool,
) -> Iterator[_Comparison]:
    earlier = [_large_shares(profile, share_of) for profile in before]
    for group, share in _large_shares(today, share_of).items():
        values = [shares[group].part / shares[group].whole for shares in earlier if group in shares]
        if values:
            error = _STANDARD_ERRORS * _standard_error(median(values), share.whole)
            yield _Comparison(group, share.part / share.whole, values, tolerance + error, only_more)


def _large_shares(
    profile: DayProfile, share_of: Callable[[AnalysisFigures], tuple[_Group, _Share]]
) -> dict[_Group, _Share]:
    """Return the shares of a profile, by group, that are of enough analyses."""
    parts: Counter[_Group] = Counter()
    wholes: Counter[_Group] = Counter()
    for figures in profile.analyses:
        group, share = share_of(figures)
        parts[group] += share.part
        wholes[group] += share.whole
    return {group: _Share(parts[group], whole) for group, whole in wholes.items() if whole >= LEAST_ANALYSES}


def _standard_error(share: float, count: int) -> float:
    return math.sqrt(share * (1 - share) / count)


def _findings_of(profile: DayProfile) -> dict[_Group, FindingFigures]:
    """Return the findings of the sources that have enough assets."""
    return {
        (figures.source, figures.table, figures.model_version): figures
        for figures in profile.findings
        if profile.assets.get(figures.source, 0) >= LEAST_ASSETS
    }


def _confidences(today: DayProfile, before: Sequence[DayProfile]) -> Iterator[_Comparison]:
    earlier = [_means(profile) for profile in before]
    for group, mean in _means(today).items():
        yield _Comparison(group, mean, [means[group] for means in earlier if group in means], _POINTS)


def _means(profile: DayProfile) -> dict[_Group, float]:
    return {
        group: figures.score_sum / figures.scores
        for group, figures in _findings_of(profile).items()
        if figures.scores >= LEAST_FINDINGS
    }


def _mixes(today: DayProfile, before: Sequence[DayProfile]) -> Iterator[_Comparison]:
    earlier: defaultdict[_Group, list[Counter[str]]] = defaultdict(list)
    for profile in before:
        for group, names in _names(profile).items():
            earlier[group].append(names)
    for group, names in _names(today).items():
        together = _shares_of(sum(earlier[group], Counter()))
        distances = [_distance(_shares_of(each), together) for each in earlier[group]]
        yield _Comparison(group, _distance(_shares_of(names), together), distances, _DISTANCE, True)


def _names(profile: DayProfile) -> dict[_Group, Counter[str]]:
    return {
        group: Counter(figures.names)
        for group, figures in _findings_of(profile).items()
        if sum(figures.names.values()) >= LEAST_FINDINGS
    }


def _shares_of(names: Counter[str]) -> _Shares:
    total = names.total()
    return {name: count / total for name, count in names.items()}


def _distance(one: _Shares, other: _Shares) -> float:
    """Return the total variation distance of two distributions."""
    return sum(abs(one.get(name, 0) - other.get(name, 0)) for name in one.keys() | other.keys()) / 2
