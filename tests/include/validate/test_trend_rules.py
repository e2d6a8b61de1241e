"""Days that are unlike those before, each found by its rule, and ordinary days that are not."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from include.store.day_profiles import AnalysisFigures, DayProfile, FindingFigures
from include.validate.trend_rules import trend_results

WHOLE, VOLUME = "the_day_did_not_fail_as_a_whole", "volume_is_as_usual"
FAILURES, EMPTY = "failures_are_as_usual", "empty_answers_are_as_usual"
CONFIDENCE, MIX = "confidence_is_as_usual", "the_mix_is_as_usual"

WORDS = {"Person": 30, "Car": 20, "Dog": 15, "Tree": 15, "Building": 10, "Food": 5, "Boat": 3, "Bird": 2}
TURNED = dict(zip(WORDS, [*WORDS.values()][::-1], strict=True))


@dataclass(frozen=True)
class Kind:
    """What a made-up day is drawn from."""

    assets: int = 200
    failed: float = 0.02
    empty: float = 0.1
    confidence: float = 85.0
    words: dict[str, int] = field(default_factory=lambda: WORDS)
    version: str = "3.0"
    source: str = "sample"


def a_day(seed: int, kind: Kind = Kind()) -> DayProfile:
    """Draw a day; its number of assets is off by up to 30 %."""
    chance = random.Random(seed)
    assets = round(kind.assets * chance.uniform(0.7, 1.3))
    failed = sum(chance.random() < kind.failed for _ in range(assets))
    empty = sum(chance.random() < kind.empty for _ in range(assets - failed))
    count = 6 * (assets - failed - empty)
    names = Counter(chance.choices([*kind.words], [*kind.words.values()], k=count))
    scores = [min(100.0, chance.gauss(kind.confidence, 10)) for _ in range(count)]
    name = kind.source
    return DayProfile(
        assets={name: assets},
        analyses=[
            AnalysisFigures(
                source=name, feature="labels", model_version=kind.version,
                answered=assets - failed, empty=empty, failed=0,
            ),
            AnalysisFigures(
                source=name, feature="labels", model_version=None, answered=0, empty=0, failed=failed
            ),
        ],
        findings=[
            FindingFigures(
                source=name, table="labels", model_version=kind.version,
                scores=count, score_sum=sum(scores), names=dict(names),
            )
        ],
    )  # fmt: skip


def unusual(today: DayProfile, before: list[DayProfile], sources: tuple[str, ...] = ("sample",)) -> set[str]:
    return {result.rule for result in trend_results(today, before, "image", sources) if not result.success}


def days_before(number: int, kind: Kind = Kind()) -> list[DayProfile]:
    return [a_day(1000 + seed, kind) for seed in range(number)]


@pytest.mark.parametrize("number", [0, 1, 2, 3, 14])
@pytest.mark.parametrize("assets", [3, 12, 25, 60, 400])
def test_ordinary_days_are_not_unusual(number: int, assets: int) -> None:
    kind = Kind(assets=assets)
    before = days_before(number, kind)
    assert [seed for seed in range(15) if unusual(a_day(seed, kind), before)] == []


@pytest.mark.parametrize("number", [2, 5, 14])
@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        pytest.param(Kind(assets=15), VOLUME, id="a tenth"),
        pytest.param(Kind(assets=2000), VOLUME, id="ten times as many"),
        pytest.param(Kind(failed=0.9), FAILURES, id="most failed"),
        pytest.param(Kind(failed=0.5), FAILURES, id="half failed"),
        pytest.param(Kind(failed=1.0), FAILURES, id="all failed"),
        pytest.param(Kind(failed=1.0), WHOLE, id="all failed, as a whole"),
        pytest.param(Kind(empty=1.0), EMPTY, id="no findings"),
        pytest.param(Kind(empty=0.7), EMPTY, id="few findings"),
        pytest.param(Kind(confidence=42.0), CONFIDENCE, id="confidence halved"),
        pytest.param(Kind(confidence=0.85), CONFIDENCE, id="fractions for percent"),
        pytest.param(Kind(words=TURNED), MIX, id="mix turned over"),
        pytest.param(Kind(words={"Person": 1}), MIX, id="one label for all"),
        pytest.param(Kind(words={"Perro": 1, "Coche": 2}), MIX, id="another language"),
    ],
)
def test_an_unusual_day_is_found(number: int, kind: Kind, rule: str) -> None:
    assert rule in unusual(a_day(7, kind), days_before(number))


def test_a_source_without_a_single_asset_is_missed_as_long_as_it_is_in_lake_yaml() -> None:
    today = DayProfile(assets={}, analyses=[], findings=[])
    assert unusual(today, days_before(5)) == {VOLUME}
    assert unusual(today, days_before(5), sources=()) == set()


@pytest.mark.parametrize("change", [{"version": "4.0"}, {"source": "other"}])
def test_only_days_of_the_same_source_and_version_are_compared(change: dict[str, Any]) -> None:
    today = a_day(7, Kind(confidence=42.0, words=TURNED, empty=0.7, **change))
    assert unusual(today, days_before(14), sources=("other",)) == set()


def test_a_whole_day_that_failed_is_found_without_a_day_before() -> None:
    assert unusual(a_day(7, Kind(failed=1.0)), []) == {WHOLE}
    assert unusual(a_day(7, Kind(failed=1.0, assets=10)), []) == set()


def test_what_varies_much_may_vary_as_much_again() -> None:
    """A source with busy and quiet days is not unusual on either; a day beyond both is."""
    before = [a_day(seed, Kind(assets=100 if seed % 2 else 600)) for seed in range(14)]
    assert unusual(a_day(50, Kind(assets=100)), before) == set()
    assert unusual(a_day(50, Kind(assets=600)), before) == set()
    beyond = a_day(50, Kind(assets=600)).model_copy(update={"assets": {"sample": 1_000_000}})
    assert unusual(beyond, before) == {VOLUME}


def test_a_result_says_what_is_unusual_and_how_many_groups_were_judged() -> None:
    results = trend_results(a_day(7, Kind(confidence=42.0)), days_before(3), "image", ["sample"])
    found = {(result.rule, result.table): result for result in results}
    broken = found[CONFIDENCE, "labels"]
    assert (broken.checked, broken.broken) == (1, 1)
    assert broken.failing[0].value.startswith("sample labels 3.0: 42")
    assert "(3 days)" in broken.failing[0].value
    assert found[CONFIDENCE, "texts"].checked == 0
    assert found[VOLUME, "media_assets"].checked == 1


@pytest.mark.parametrize("shift", [lambda names: names, lambda names: {"": sum(names.values())}])
def test_labels_beyond_the_kept_ones_are_compared_together(
    shift: Callable[[dict[str, int]], dict[str, int]],
) -> None:
    def shifted(day: DayProfile) -> DayProfile:
        found = [each.model_copy(update={"names": shift(each.names)}) for each in day.findings]
        return day.model_copy(update={"findings": found})

    assert unusual(shifted(a_day(7)), [shifted(day) for day in days_before(4)]) == set()
