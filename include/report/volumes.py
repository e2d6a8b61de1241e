"""The units that a month had before each use, over all days of the lake.

AWS prices what an account uses in a calendar month by how much came before, whichever day of the lake it is
booked to. Uses are in the order of their instants; at one instant, in the order of the days of the lake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from include.store.month_volumes import Curve, Integers, Line, MonthIndex, MonthVolumes

# Curves of so many price lines are held at a time: 16 bytes for each instant of days that overlap.
_HELD = 16

# Whatever else uses the account comes after all days of the lake.
_OTHERS = "others"


@dataclass(frozen=True)
class Span:
    """Days whose uses of a price line overlap those of a day, so that their order has to be looked at.

    :param start: units of the days that had ended before.
    :param days: with their lines, in the order of the days.
    """

    start: int
    days: tuple[tuple[str, Line], ...]

    @property
    def digest(self) -> str:
        """Of everything that the prices within the span follow from."""
        return f"{self.start} " + " ".join(f"{day}={line.digest}" for day, line in self.days)


def spans_of(lines: Mapping[str, Line]) -> dict[str, Span]:
    """Return the span of each day: the days that overlap it in time, with itself.

    :param lines: of one price line and month, by day.
    """
    in_order = sorted(lines.items())
    return {
        day: Span(
            start=sum(other.units for _, other in in_order if other.last < line.first),
            days=tuple(
                each for each in in_order if each[1].last >= line.first and each[1].first <= line.last
            ),
        )
        for day, line in in_order
    }


def curve_of(at: Integers, units: Integers) -> Curve:
    """Return the curve of uses in any order."""
    instants, places = np.unique(at, return_inverse=True)
    sums = np.zeros(len(instants), np.int64)
    np.add.at(sums, places, units)
    return Curve(instants, sums)


@dataclass(frozen=True)
class _Merged:
    """Uses of all days of a span in order.

    :param keys: their instants times the number of days, plus the place of the day.
    :param before: units before each of them, and of all.
    """

    keys: Integers
    before: Integers
    curves: tuple[Curve, ...]


class Volumes:
    """What was used of each price line of some months, as it was when their indexes were read."""

    def __init__(self, store: MonthVolumes, indexes: Mapping[str, MonthIndex]) -> None:
        self._store = store
        self._spans = {
            (month, item): spans_of(lines)
            for month, index in indexes.items()
            for item, lines in _by_item(index).items()
        }
        self._merged = lru_cache(maxsize=_HELD)(self._merge)

    def inputs(self, day: str) -> str:
        """Return a digest of everything that the prices of a day follow from, apart from the price books."""
        found = (
            f"{month} {item} {spans[day].digest}"
            for (month, item), spans in sorted(self._spans.items())
            if day in spans
        )
        return blake2b("\n".join(found).encode(), digest_size=16).hexdigest()

    def before(self, month: str, item: str, day: str, at: Integers) -> Integers:
        """Return the billionths of a unit that others than a day used before instants of the day.

        :param at: milliseconds since the epoch.
        :raises include.store.month_volumes.ChangedMeanwhileError: if a day was reported meanwhile.
        """
        span = self._spans[month, item][day]
        if len(span.days) == 1:
            return np.full(len(at), span.start, np.int64)
        merged = self._merged(span)
        place = next(place for place, (name, _) in enumerate(span.days) if name == day)
        own = merged.curves[place]
        earlier = merged.before[np.searchsorted(merged.keys, at * len(span.days) + place)]
        own_earlier = _sums_before(own.units)[np.searchsorted(own.at, at)]
        before: Integers = span.start + earlier - own_earlier
        return before

    def _merge(self, span: Span) -> _Merged:
        curves = tuple(self._store.curve(line) for _, line in span.days)
        keys = np.concatenate([curve.at * len(curves) + place for place, curve in enumerate(curves)])
        order = np.argsort(keys)
        units = np.concatenate([curve.units for curve in curves])[order]
        return _Merged(keys[order], _sums_before(units), curves)


def _sums_before(units: Integers) -> Integers:
    """Return the sum before each number, and of all."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(units)])


def _by_item(index: MonthIndex) -> dict[str, dict[str, Line]]:
    """Return the lines of a month by price item, and by who used them."""
    found: dict[str, dict[str, Line]] = {}
    users = [*((day, volume.lines) for day, volume in index.days.items()), (_OTHERS, index.others)]
    for user, lines in users:
        for item, line in lines.items():
            found.setdefault(item, {})[user] = line
    return found
