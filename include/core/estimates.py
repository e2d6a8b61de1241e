"""Estimates: what planned analyses cost at least, likely and at most, and how long they take.

``likely`` is what is booked if all goes well: every analysis once, at the tiers that the month's volume has
reached. ``high`` is a bound that the bill does not pass:

- every unit at the highest price of its line, whatever tier the month has reached;
- minutes of film rounded up for each job and line, because AWS does not say how parts of minutes are billed.
  A job that failed is not billed: AWS counts minutes that are "successfully processed"
  (https://aws.amazon.com/rekognition/faqs/);
- the calls that may be made and billed again, which the analysis counts and stops at (:func:`repeats`);
- models that run while others start, while calls go at their slowest, and while tasks are tried again.

``low`` is ``likely`` less what is left of the month's free units, which AWS grants in an account's first
year.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from include.core.features import FEATURES, ImageCall, MediaType, price_items
from include.core.prices import PriceBook

# How many calls of a plan may be billed again because their answer was lost, or because a task ended before
# it had recorded them: so many, and this share of all calls; no more than this often for one call.
SPARE_CALLS, REPEATED_SHARE, MOST_REPEATS = 500, 0.1, 6

# Rekognition runs so many jobs at once (a default quota,
# https://docs.aws.amazon.com/general/latest/gr/rekognition.html), and we take a job to last as long as its
# film.
JOBS_AT_ONCE = 20

# Models. We assume that one inference unit takes five images a second. It depends on the model and the images
# ("Inference units", https://docs.aws.amazon.com/rekognition/latest/customlabels-dg/running-model.html).
IMAGES_PER_SECOND = 5.0
# From the moment that a model runs to the first call, and from the last call until it is stopped.
IDLE_SECONDS = 30.0
# For how long a run waits for all of its models, some of which may run meanwhile.
LONGEST_START_SECONDS = 2 * 3600.0
# The delays of all attempts at a task, and the minutes that each of them waits for a service that is down.
RETRIES_SECONDS = 3600.0
# Throttling brings the pace of an operation down to this many calls a second.
SLOWEST_CALLS_PER_SECOND = 1.0


def repeats(calls: int) -> int:
    """Return how many image calls may be billed again besides so many that are planned. Jobs never are."""
    return min(MOST_REPEATS * calls, SPARE_CALLS + math.ceil(calls * REPEATED_SHARE))


@dataclass(frozen=True)
class Throughput:
    """How fast analyses can go.

    :param calls_per_second: the lake's share of the account's quota of each image operation.
    :param inference_units: units that a model is started with.
    """

    calls_per_second: Mapping[str, float] = field(default_factory=dict)
    inference_units: int = 1

    def calls_of(self, operation: str) -> float:
        return self.calls_per_second.get(operation, SLOWEST_CALLS_PER_SECOND)


# Images, minutes or hours, by line of the price book.
Units = defaultdict[str, float]


class Place(NamedTuple):
    """Whose analyses, and which."""

    source: str
    cost_center: str
    media_type: MediaType
    feature: str


class Model(NamedTuple):
    """A model that has to run while a day's images are analyzed."""

    day: str
    arn: str


@dataclass
class Use:
    """What is planned at one place.

    :ivar calls: analyses: images, video jobs, or videos by their frames.
    :ivar images: images and frames, each of them a call.
    :ivar image_items: the lines of the price book that these are billed by.
    :ivar minutes: of film, each film once for each of its jobs.
    :ivar units: what is billed, by line of the price book.
    :ivar most_units: the same with the minutes of each job rounded up.
    """

    calls: int = 0
    images: float = 0.0
    minutes: float = 0.0
    units: Units = field(default_factory=lambda: defaultdict(float))
    most_units: Units = field(default_factory=lambda: defaultdict(float))
    image_items: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class EstimateLine:
    """What the analyses of one place cost, in dollars; members as in :class:`Use`.

    :ivar model_hours: hours in which models run, times their inference units.
    """

    place: Place
    calls: int
    minutes: float
    model_hours: float
    low: float
    likely: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """What a plan costs.

    :ivar seconds: how long its calls and jobs take at the quotas, if nothing else uses the account.
    """

    lines: tuple[EstimateLine, ...]
    seconds: float = 0.0

    @property
    def low(self) -> float:
        return _sum(line.low for line in self.lines)

    @property
    def likely(self) -> float:
        return _sum(line.likely for line in self.lines)

    @property
    def high(self) -> float:
        return _sum(line.high for line in self.lines)

    def __add__(self, other: Estimate) -> Estimate:
        """Return both together, side by side."""
        return Estimate((*self.lines, *other.lines), max(self.seconds, other.seconds))

    def by(self, member: str) -> dict[str, dict[str, float]]:
        """Return ``{low, likely, high}`` for each value of a member of the places, such as ``source``."""
        groups: defaultdict[str, list[EstimateLine]] = defaultdict(list)
        for line in self.lines:
            groups[getattr(line.place, member)].append(line)
        return {name: Estimate(tuple(lines)).usd for name, lines in sorted(groups.items())}

    @property
    def usd(self) -> dict[str, float]:
        return {"low": self.low, "likely": self.likely, "high": self.high}


class Planned:
    """Collects analyses that are to be paid for; they may be taken away again."""

    def __init__(self) -> None:
        self._uses: defaultdict[Place, Use] = defaultdict(Use)
        self._models: defaultdict[Model, Counter[Place]] = defaultdict(Counter)

    def __bool__(self) -> bool:
        return any(use.calls for use in self._uses.values())

    def add(
        self,
        place: Place,
        parameters: Mapping[str, Any],
        duration_ms: int | None = None,
        times: int = 1,
        day: str = "",
        frames: int | None = None,
    ) -> None:
        """Add analyses of one kind, or take them away if ``times`` is below zero.

        :param parameters: members of the request; what is billed follows from them.
        :param duration_ms: of the film, or of all films together.
        :param frames: of the film, or of all films together, that are analyzed as images; None for jobs.
        """
        use = self._uses[place]
        call = FEATURES[place.feature].analysis(place.media_type, by_frames=frames is not None)
        assert call is not None
        use.calls += times
        if isinstance(call, ImageCall):
            amount = most = math.copysign(abs(times) if frames is None else frames, times)
            use.images += amount
            if call.model_parameter:
                self._models[Model(day, parameters[call.model_parameter])][place] += times
        else:
            amount = math.copysign((duration_ms or 0) / 60_000, times)
            use.minutes += amount
            most = _rounded_up(abs(amount), times)
        for item in price_items(call, parameters):
            use.units[item] += amount
            use.most_units[item] += most
            if isinstance(call, ImageCall):
                use.image_items.add(item)

    def places(self) -> list[Place]:
        """Return the places at which something is to be paid for."""
        return [place for place, use in self._uses.items() if use.calls]

    def models(self) -> dict[str, Counter[Place]]:
        """Return the models that have to run, by ARN, with the calls of each place."""
        return {model.arn: +calls for model, calls in self._models.items() if calls.total()}

    @property
    def units(self) -> dict[str, float]:
        """What is billed per analysis, by line of the price book; hours of models are not in it."""
        return _together(*(use.units for use in self._uses.values()))

    def repeats(self) -> int:
        """Return how many calls may be billed again."""
        return sum(repeats(round(use.images)) for use in self._uses.values())

    def image_operations(self) -> frozenset[str]:
        """Return the operations on images that are to be paid for."""
        return frozenset(self._image_calls())

    def _image_calls(self) -> Counter[str]:
        """Return the calls for images and frames, by operation."""
        calls: Counter[str] = Counter()
        for place, use in self._uses.items():
            call = FEATURES[place.feature].image
            if use.images and call is not None:
                calls[call.operation] += round(use.images)
        return calls

    def estimate(
        self, book: PriceBook, used: Mapping[str, float], throughput: Throughput = Throughput()
    ) -> Estimate:
        """Price what was added.

        :param used: units already billed this month, by line of the price book.
        :raises include.core.prices.PriceError: if the book lacks a line.
        """
        volume = defaultdict(float, used)
        hours = self._model_hours(throughput)
        lines = []
        for place in sorted(self._uses):
            use, model_hours = self._uses[place], hours[place]
            low, likely = Decimal(0), Decimal(0)
            for item, amount in sorted(_together(use.units, model_hours).items()):
                free = min(amount, max(0.0, book.item(item).free_monthly_units - volume[item]))
                low += book.exact_usd(item, amount - free, volume[item] + free)
                likely += book.exact_usd(item, amount, volume[item])
                volume[item] += amount
            line = EstimateLine(
                place, use.calls, use.minutes, sum(model_hours.values()),
                float(low), float(likely), self.most_usd(book, throughput, place),
            )  # fmt: skip
            lines += [line] if use.calls else []
        return Estimate(tuple(lines), self._seconds(throughput))

    def most_usd(self, book: PriceBook, throughput: Throughput, *places: Place) -> float:
        """Return the upper bound of some places."""
        hours = self._model_hours(throughput, most=True)
        return _sum(
            float(_top_price(book, item) * Decimal(str(amount)))
            for place in places
            for item, amount in _together(self._most_units(place), hours[place]).items()
        )

    def _most_units(self, place: Place) -> dict[str, float]:
        """Return the units of a place with those that may be billed again."""
        use = self._uses[place]
        again = repeats(round(use.images))
        return {
            item: amount + (again if item in use.image_items else 0)
            for item, amount in use.most_units.items()
        }

    def _model_hours(self, throughput: Throughput, most: bool = False) -> defaultdict[Place, Units]:
        """Return hours of models by place and line of the price book.

        Places share the time of a model by their calls. At most, each of them needs all of it.
        """
        hours: defaultdict[Place, Units] = defaultdict(lambda: defaultdict(float))
        a_day = Counter(model.day for model, calls in self._models.items() if calls.total())
        for model, calls in self._models.items():
            for place, number in (+calls).items():
                call = FEATURES[place.feature].image
                assert call is not None
                assert call.hourly_price_item is not None
                pace = throughput.calls_of(call.operation)
                minutes = (
                    _longest_session(calls.total(), pace, alone=a_day[model.day] == 1)
                    if most
                    else _likely_session(calls.total(), pace, throughput.inference_units)
                    * (number / calls.total())
                )
                hours[place][call.hourly_price_item] += minutes / 60 * throughput.inference_units
        return hours

    def _seconds(self, throughput: Throughput) -> float:
        """Return how long calls and jobs take: operations go side by side, and so do jobs."""
        minutes = sum(use.minutes for use in self._uses.values())
        calls = self._image_calls().items()
        images = [number / throughput.calls_of(operation) for operation, number in calls]
        return max([minutes * 60 / JOBS_AT_ONCE, *images])


def _likely_session(calls: int, calls_per_second: float, inference_units: int) -> int:
    """Return the whole minutes in which a model runs if all goes well."""
    pace = min(calls_per_second, IMAGES_PER_SECOND * inference_units)
    return max(1, math.ceil((IDLE_SECONDS + calls / pace) / 60))


def _longest_session(calls: int, calls_per_second: float, alone: bool) -> int:
    """Return the whole minutes in which a model runs at most.

    :param alone: whether it is the only one, so that it does not wait for others.
    """
    every = calls + repeats(calls)
    pace = min(SLOWEST_CALLS_PER_SECOND, calls_per_second)
    start = 0.0 if alone else LONGEST_START_SECONDS
    return math.ceil((start + RETRIES_SECONDS + every / pace) / 60)


def _rounded_up(minutes: float, times: int) -> float:
    """Return minutes of film rounded up for each job; of several, only their sum is known."""
    return math.copysign(math.ceil(minutes) if abs(times) == 1 else minutes + abs(times), times)


def _together(*several: Mapping[str, float]) -> dict[str, float]:
    """Return the sums of units, without lines that have none."""
    sums: Units = defaultdict(float)
    for units in several:
        for item, amount in units.items():
            sums[item] += amount
    return {item: amount for item, amount in sums.items() if amount > 0}


def _top_price(book: PriceBook, item: str) -> Decimal:
    return max(usd for _, _, usd in book.item(item).bands())


def _sum(dollars: Iterable[float]) -> float:
    return float(sum((Decimal(str(value)) for value in dollars), Decimal(0)))
