"""Report days: price all usage of the months that they touch, and publish what changes.

First the days are registered with their months. Then every day is priced whose prices no longer follow from
what the months have, again and again until there is none. So reports that run at the same time, in whatever
order, end with the same tables: whoever ends last has seen what all have registered.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from include.core.errors import TerminalError, TransientError
from include.core.prices import PriceBooks
from include.core.schemas import TABLES
from include.report.account_volume import DAY_MS, Daily
from include.report.pricing import curves_of, daily_costs, price_usage
from include.report.volumes import Volumes, curve_of
from include.store.month_volumes import (
    EARLIER,
    ChangedMeanwhileError,
    Curve,
    DayVolume,
    MonthIndex,
    MonthVolumes,
    Priced,
)
from include.store.parquet import table_file

log = logging.getLogger(__name__)

# Rounds after which other reports are taken to never come to an end.
ROUNDS = 20


OthersUsed = Callable[[str, Daily], Mapping[str, Curve]]


class RestlessMonthError(TransientError, TimeoutError):
    """Other reports change the same months again and again."""


@dataclass(frozen=True)
class DayUsage:
    """What a day of the lake used, as its usage log says.

    :param read_at: when reading began.
    :param load: returns the rows, with the columns :data:`include.report.usage_rows.USED`.
    """

    read_at: datetime
    load: Callable[[], pa.Table]


@dataclass(frozen=True)
class DayCosts:
    """The cost tables of a day, priced.

    :param day: of the lake.
    :param is_own: whether the day was to be reported, and not only the month that it is in.
    :param planned_at: when the months were read that the prices follow from.
    """

    day: str
    usage: pa.Table
    costs: pa.Table
    is_own: bool
    planned_at: datetime

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The data file of each table that has rows."""
        tables = {"usage": self.usage, "costs_daily": self.costs}
        return {name: table_file(TABLES[name], rows) for name, rows in tables.items() if len(rows)}

    @cached_property
    def digest(self) -> str:
        """Of the files."""
        digest = blake2b(digest_size=16)
        for body in self.files.values():
            digest.update(body)
        return digest.hexdigest()


@dataclass(frozen=True)
class Figures:
    """What a day used: rows of table ``usage``, dollars paid, and dollars that re-use saved."""

    rows: int
    usd: float
    saved_usd: float


class PublishedCosts(Protocol):
    """What readers have of the cost tables."""

    def days_of(self, month: str) -> list[str]:
        """Return the days of the lake that have usage of a month."""

    def location(self, day: str) -> str | None:
        """Return where the usage of a day is; None if nothing is published."""

    def usage(self, day: str) -> pa.Table:
        """Return the published usage of a day, with the columns :data:`include.report.usage_rows.USED`."""

    def check(self, costs: DayCosts) -> None:
        """Check the costs of a day.

        :raises include.core.errors.TerminalError: if readers must not get them.
        """

    def publish(self, costs: DayCosts) -> str | None:
        """Give readers the costs of a day.

        :return: where its usage is; None if readers have something newer.
        """


class MonthReport:
    """Reports days.

    :param others_used: gives what other users of the account used in a month, by price item, from what the
        lake used; None if they are not to be counted.
    :ivar reported: what the days used that were reported, by day.
    :ivar errors: why a day could not be reported, by day.
    """

    def __init__(
        self,
        store: MonthVolumes,
        books: PriceBooks,
        readers: PublishedCosts,
        others_used: OthersUsed | None = None,
    ) -> None:
        self.reported: dict[str, Figures] = {}
        self.errors: dict[str, TerminalError] = {}
        self._store = store
        self._books = books
        self._readers = readers
        self._others_used = others_used
        self._own: dict[str, DayUsage] = {}

    def report(self, days: Mapping[str, DayUsage]) -> None:
        """Price days, and all other days whose prices change by them.

        :raises RestlessMonthError: if other reports change the months all the time.
        """
        self._own = dict(days)
        months = sorted({month for day, usage in days.items() for month in self._register(day, usage)})
        for month in months:
            self._complete(month)
            self._count_others(month)
        for _ in range(ROUNDS):
            with suppress(ChangedMeanwhileError):
                if self._round(months):
                    return
        raise RestlessMonthError(f"other reports change {', '.join(months)} again and again; try again")

    def _register(self, day: str, usage: DayUsage) -> tuple[str, ...]:
        """Note what a day used with each of its months, and return these."""
        curves = curves_of(usage.load())
        months = tuple(sorted({month for month, _ in curves}))
        for month in months:
            of_month = {item: curve for (name, item), curve in curves.items() if name == month}
            self._store.register(month, day, usage.read_at, of_month, months)
        return months

    def _complete(self, month: str) -> None:
        """Register what earlier versions published of a month, once."""
        index = self._store.read(month)
        if index.is_complete:
            return
        unknown = [day for day in self._readers.days_of(month) if day not in index.days]
        locations = {day: self._readers.location(day) for day in unknown}
        for day in unknown:
            curves = curves_of(self._readers.usage(day))
            of_month = {item: curve for (name, item), curve in curves.items() if name == month}
            months = tuple(sorted({name for name, _ in curves}))
            self._store.register(month, day, EARLIER, of_month, months)

        published = {
            day: Priced(read_at=EARLIER, inputs="", rows="", location=location)
            for day, location in locations.items()
            if location
        }
        self._store.change(
            month, lambda index: _noted(index, published).model_copy(update={"is_complete": True})
        )

    def _count_others(self, month: str) -> None:
        """Register what other users of the account used, if that is to be counted."""
        if self._others_used is None:
            return
        lake: defaultdict[str, Counter[int]] = defaultdict(Counter)
        for volume in self._store.read(month).days.values():
            for item, line in volume.lines.items():
                curve = self._store.curve(line)
                daily = curve_of(curve.at // DAY_MS, curve.units)
                lake[item].update(dict(zip(daily.at.tolist(), daily.units.tolist(), strict=True)))
        self._store.set_others(month, self._others_used(month, lake))

    def _round(self, months: Iterable[str]) -> bool:
        """Price the days whose prices do not follow from what the months have now.

        :return: whether there was none.
        """
        planned_at = datetime.now(UTC)
        now = self._read(months)
        found: dict[str, Priced] = {}
        days = list(self._to_price(now))
        for day in days:
            try:
                priced = self._price(day, now, planned_at)
            except TerminalError as error:
                log.error("%s is not reported: %s", day, error)
                self.errors[day] = error
                continue
            if priced:
                found[day] = priced
        for month, index in now.indexes.items():
            of_month = {day: priced for day, priced in found.items() if day in index.days}
            if of_month:
                self._store.change(month, lambda index, priced=of_month: _noted(index, priced))  # type: ignore[misc]
        return not days

    def _read(self, months: Iterable[str]) -> _Now:
        """Read the months, and those others that their days also have."""
        indexes = {month: self._store.read(month) for month in months}
        days = {day: volume for index in indexes.values() for day, volume in index.days.items()}
        for month in sorted({month for volume in days.values() for month in volume.months} - set(indexes)):
            self._complete(month)
            indexes[month] = self._store.read(month)
        return _Now(indexes, days, Volumes(self._store, indexes))

    def _to_price(self, now: _Now) -> Iterator[str]:
        for day in sorted({*now.days, *self._own}):
            if day in self.errors:
                continue
            is_first = day in self._own and day not in self.reported
            if is_first or (self._has_rows(day, now) and not self._is_settled(day, now)):
                yield day

    def _has_rows(self, day: str, now: _Now) -> bool:
        """Whether this report has the rows that are registered: others are with the report that read them."""
        volume = now.days.get(day)
        if volume is None:
            return False
        own = self._own.get(day)
        is_published = volume.priced is not None and volume.priced.read_at == volume.read_at
        return is_published or (own is not None and own.read_at == volume.read_at)

    def _is_settled(self, day: str, now: _Now) -> bool:
        volume = now.days[day]
        priced = volume.priced
        if priced is None or priced.read_at != volume.read_at or priced.inputs != self._inputs(day, now):
            return False
        return priced.location == self._readers.location(day)

    def _inputs(self, day: str, now: _Now) -> str:
        digest = blake2b(now.volumes.inputs(day).encode(), digest_size=16)
        digest.update(self._books.digest.encode())
        return digest.hexdigest()

    def _price(self, day: str, now: _Now, planned_at: datetime) -> Priced | None:
        """Price a day and publish it if its rows change; return how, or None if readers have newer rows."""
        own, volume = self._own.get(day), now.days.get(day)
        is_registered = volume is None or own is None or own.read_at == volume.read_at
        if not is_registered and day in self.reported:
            # Another report has read the day later: it is priced as the days that nobody reports here.
            own, is_registered = None, True
        rows = own.load() if own else self._readers.usage(day)
        usage = price_usage(
            rows, self._books, lambda month, item, at: now.volumes.before(month, item, day, at)
        )
        costs = DayCosts(day, usage, daily_costs(usage), own is not None, planned_at)
        known = volume.priced if volume else None
        location = self._readers.location(day)
        is_same = known is not None and (known.rows, known.location) == (costs.digest, location)
        if own or not is_same:
            self._readers.check(costs)
        if own:
            self.reported[day] = _figures(usage)
        if not is_registered:
            return None
        if not is_same and not (volume is None and self._is_empty(day, location)):
            location = self._readers.publish(costs)
        if location is None or volume is None:
            return None
        return Priced(
            read_at=volume.read_at, inputs=self._inputs(day, now), rows=costs.digest, location=location
        )

    def _is_empty(self, day: str, location: str | None) -> bool:
        """Whether readers have the tables of a day, without a row."""
        return location is not None and not len(self._readers.usage(day))


@dataclass(frozen=True)
class _Now:
    """Months as they were read.

    :param days: of the months that a report touches.
    """

    indexes: Mapping[str, MonthIndex]
    days: Mapping[str, DayVolume]
    volumes: Volumes


def _noted(index: MonthIndex, priced: Mapping[str, Priced]) -> MonthIndex:
    """Return the index with how days were priced, unless they were registered anew."""
    for day, result in priced.items():
        volume = index.days[day]
        if volume.read_at == result.read_at:
            index = index.with_day(day, volume.model_copy(update={"priced": result}))
    return index


def _figures(usage: pa.Table) -> Figures:
    usd, saved = (float(pc.sum(usage[name]).as_py() or 0.0) for name in ("usd", "saved_usd"))
    return Figures(len(usage), usd, saved)
