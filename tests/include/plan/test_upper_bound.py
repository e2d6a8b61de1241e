"""The plans of random lakes against what is booked, priced apart: likely to the cent, and never above high.

A lake has random sources, features, request members, models, files and volume of the month. If all goes well,
each analysis is booked once. If not, minutes are rounded up, calls are made again as often as the
analysis lets them, and models run for longer.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core.analysis_keys import wanted_analyses
from include.core.estimates import Estimate, Throughput, repeats
from include.core.features import FEATURES, MEDIA_TYPES, MediaType, features_for
from include.core.frame_sampling import FrameSampling
from include.core.lake import Lake
from include.core.prices import load_price_book
from include.core.run import Run
from include.plan.plan_figures import PlanFigures
from include.plan.planner import Planner
from include.store.ledger import Entry
from include.store.objects import Row
from include.store.usage_log import payer_of, usage_lines
from tests.include.plan.planning import a_video, an_asset

BOOK = load_price_book("us-east-1")
RUN = Run("media-lake", "enrich_images", "r-1", "2026-11-20")
ARN = "arn:aws:rekognition:us-east-1:123456789012:project/p{}/version/v1/1700000000000"
# Members that change the bill, or have to be set.
MEMBERS: dict[str, list[Row]] = {
    "labels": [{}, {"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]}, {"MaxLabels": 5}],
    "segments": [{}, {"SegmentTypes": ["SHOT"]}, {"SegmentTypes": ["TECHNICAL_CUE"]}],
    "face_search": [{"CollectionId": "staff"}],
    "custom_labels": [{"ProjectVersionArn": ARN.format(number)} for number in (1, 2)],
}
VIDEO_MEMBERS = {name: MEMBERS[name] for name in ("segments", "face_search")}
ITEMS = sorted(BOOK.items)


class PaidBefore:
    """A ledger in which some analyses are done."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def lookup(self, keys: Iterable[str]) -> dict[str, Entry]:
        return {key: Entry(key, "done") for key in keys if self._chance.random() < 0.2}

    def erased(self, content_ids: Iterable[str]) -> set[str]:
        return set()


def a_random_lake(chance: random.Random) -> Lake:
    def features(media_type: MediaType) -> dict[str, Row]:
        # One feature may ask for properties in a request of its own, or beside labels.
        offered = [feature.name for feature in features_for(media_type) if feature.name != "image_properties"]
        names = chance.sample(offered, chance.randint(1, 4))
        if media_type == "video":
            return {name: route(name) or chance.choice(VIDEO_MEMBERS.get(name, [{}])) for name in names}
        return {name: chance.choice(MEMBERS.get(name, [{}])) for name in names}

    def route(name: str) -> Row:
        """Return how frames of a video are taken, or nothing for a job."""
        if FEATURES[name].lost_by_frames is None or chance.random() < 0.3:
            return {}
        frames = chance.choice([{"scene_changes": True}, {"frames_per_second": chance.choice([0.5, 2.0])}])
        return {"route": chance.choice(["frames", "auto"]), **frames}

    return Lake.model_validate(
        {
            "cost_centers": {"team-a": {"title": "A"}, "team-b": {"title": "B"}},
            "sources": [
                {
                    "name": name,
                    "prefix": f"raw/{name}/",
                    "cost_center": chance.choice(["team-a", "team-b"]),
                    "features": {kind: features(kind) for kind in MEDIA_TYPES},
                }
                for name in ("one", "two")
            ],
        }
    )


def random_assets(chance: random.Random, lake: Lake, media_type: MediaType) -> list[Row]:
    """Return files, some of which share their content, and some of which Rekognition refuses."""
    make = an_asset if media_type == "image" else a_video
    assets = []
    for number in range(chance.randint(0, 30)):
        source = chance.choice(lake.sources)
        changes: Row = {"source": source.name, "cost_center": source.cost_center}
        if media_type == "video":
            changes["duration_ms"] = chance.randint(1, 300_000)
        if chance.random() < 0.1:
            changes["format"] = "GIF"
        assets.append(make(f"{chance.randint(0, 20) if media_type == 'image' else number}", **changes))
    return assets


def planned(
    chance: random.Random, lake: Lake, media_type: MediaType, used: dict[str, float], pace: Throughput
) -> tuple[Estimate, list[tuple[Row, Row]], list[str]]:
    """Return the estimate, the analyses that are paid for with their assets, and the models."""
    assets = random_assets(chance, lake, media_type)
    wants = {source.name: wanted_analyses(lake, source.name, media_type) for source in lake.sources}
    figures = PlanFigures(media_type, RUN.partition)
    ledger: Any = PaidBefore(chance)
    repeated = [asset["content_id"] for asset in assets]
    rows = list(Planner(ledger, wants, set(repeated), None, figures, BOOK).rows([assets]))  # type: ignore[arg-type]
    paid = [
        (row["asset"], analysis)
        for row in rows
        for analysis in row["analyses"]
        if analysis["state"] == "planned" and not analysis.get("duplicate")
    ]
    return figures.planned.estimate(BOOK, used, pace), paid, list(figures.planned.models())


def booked_units(
    media_type: MediaType, asset: Row, analysis: Row, amount: float
) -> Iterator[tuple[str, float]]:
    """Yield lines of the price book and units, as the usage log has them."""
    payer, parameters = payer_of(RUN, asset, media_type), analysis["parameters"]
    lines = usage_lines(
        payer, analysis["analysis_key"], analysis["feature"], parameters, amount, "2026-11-20T10:00:00",
        reused=False, by_frames="frames" in analysis,
    )  # fmt: skip
    yield from ((line["price_item"], line["units"]) for line in lines)


def price(units: Iterable[tuple[str, float]], used: dict[str, float]) -> Decimal:
    """Return the price of units in their order, a slice of a tier at a time."""
    volume = {item: Decimal(str(amount)) for item, amount in used.items()}
    dollars = Decimal(0)
    for item, amount in units:
        left, at = Decimal(str(amount)), volume.get(item, Decimal(0))
        for _, end, usd in BOOK.item(item).bands():
            part = left if end is None else max(Decimal(0), min(left, end - at))
            dollars, left, at = dollars + part * usd, left - part, at + part
        volume[item] = at
    return dollars


def model_units(
    paid: list[tuple[Row, Row]], models: list[str], seconds: Any, units: int
) -> Iterator[tuple[str, float]]:
    """Yield the hours of each model as they are booked; ``seconds`` says how long it runs for its calls."""
    calls = Counter(analysis["parameters"].get("ProjectVersionArn") for _, analysis in paid)
    for arn in models:
        yield "custom-labels-inference-hours", math.ceil(seconds(calls[arn]) / 60) / 60 * units


def units_of(media_type: MediaType, asset: Row, analysis: Row) -> float:
    """Return the images, frames or minutes of an analysis."""
    if "frames" in analysis:
        return float(FrameSampling.from_json(analysis["frames"]).most_frames(asset["duration_ms"]))
    return 1.0 if media_type == "image" else asset["duration_ms"] / 60_000


@given(seed=st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_likely_is_what_is_booked_and_high_is_never_passed(seed: int) -> None:
    chance = random.Random(seed)
    media_type = chance.choice(MEDIA_TYPES)
    lake = a_random_lake(chance)
    used = {item: float(chance.choice([0, 10, 999_990, 4_999_995, 40_000_000])) for item in ITEMS}
    pace = Throughput({"DetectCustomLabels": chance.choice([5.0, 50.0])}, chance.randint(1, 5))
    estimate, paid, models = planned(chance, lake, media_type, used, pace)
    amounts = [units_of(media_type, asset, analysis) for asset, analysis in paid]

    well = [
        unit
        for (asset, analysis), amount in zip(paid, amounts, strict=True)
        for unit in booked_units(media_type, asset, analysis, amount)
    ]
    rate = min(pace.calls_of("DetectCustomLabels"), 5 * pace.inference_units)
    well += model_units(paid, models, lambda calls: 30 + calls / rate, pace.inference_units)
    chance.shuffle(well)
    assert float(price(well, used)) == pytest.approx(estimate.likely, abs=0.005)
    assert estimate.low <= estimate.likely <= estimate.high

    badly = list(bad_luck(chance, media_type, paid, amounts))
    waits = chance.uniform(0, 3600 if len(models) == 1 else 3 * 3600)
    badly += model_units(
        paid, models, lambda calls: waits + (calls + repeats(calls)) / 1.0, pace.inference_units
    )
    assert float(price(badly, used)) <= estimate.high + 1e-6


def bad_luck(
    chance: random.Random, media_type: MediaType, paid: list[tuple[Row, Row]], amounts: list[float]
) -> Iterator[tuple[str, float]]:
    """Yield what is booked if minutes are rounded up and as many calls as may be are made again."""
    groups: dict[tuple[str, str], list[tuple[Row, Row, float]]] = {}
    for (asset, analysis), amount in zip(paid, amounts, strict=True):
        groups.setdefault((asset["source"], analysis["feature"]), []).append((asset, analysis, amount))
    for members in groups.values():
        calls = [each for each in members if media_type == "image" or "frames" in each[1]]
        for _ in range(repeats(round(sum(amount for *_, amount in calls)))):
            yield from booked_units(media_type, *chance.choice(calls)[:2], 1.0)
        for asset, analysis, amount in members:
            yield from booked_units(media_type, asset, analysis, math.ceil(amount))
