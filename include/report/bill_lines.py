"""A day of a usage type, as the lake counted it and as AWS billed it, and what its units cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from include.core.prices import PriceBook, PriceItem

BookOn = Callable[[date], PriceBook]


@dataclass(frozen=True)
class Line:
    """A day of a usage type, in units of the price book.

    :ivar price_items: the lines of the price book that are billed as the usage type; none if it has none.
    :ivar rounded_units: the lake's units if the minutes of each analysis are rounded up, and their dollars.
    :ivar missing_units: units of analyses that were done and are not in the usage log, and their dollars.
    :ivar usage_usd: what the bill charges for usage; credits and discounts apart.
    """

    usage_date: date
    usage_type: str
    price_items: tuple[str, ...] = ()
    lake_units: float = 0.0
    lake_usd: float = 0.0
    rounded_units: float = 0.0
    rounded_usd: float = 0.0
    missing_units: float = 0.0
    missing_usd: float = 0.0
    bill_units: float = 0.0
    usage_usd: float = 0.0
    credits_usd: float = 0.0
    discounts_usd: float = 0.0

    @property
    def bill_usd(self) -> float:
        return self.usage_usd + self.credits_usd + self.discounts_usd

    @property
    def more_units(self) -> float:
        """Units that the bill has more than the lake."""
        return self.bill_units - self.lake_units

    @property
    def month(self) -> tuple[int, int]:
        return self.usage_date.year, self.usage_date.month


class LinePrices:
    """Prices the lines of one usage type.

    Tiers count the billed units of a calendar month. A usage type of several price lines, such as minutes of
    video, has prices without tiers: the mean of what the lake paid on the day.

    :param lines: of whole months from their first day on, oldest first.
    :param book_on: gives the price book of a day.
    """

    def __init__(self, lines: Iterable[Line], book_on: BookOn) -> None:
        self._book_on = book_on
        self._billed_before = dict(_billed_before(lines))

    def first_item(self, line: Line) -> PriceItem:
        return self._book_on(line.usage_date).item(line.price_items[0])

    def expected_usd(self, line: Line) -> float:
        """Return what the billed units cost by the price book, after those of the month before them."""
        return self._usd(line, max(line.bill_units, 0.0))

    def free_usd(self, line: Line) -> float:
        """Return the price of those billed units that are among the month's first, free ones."""
        left = self.first_item(line).free_monthly_units - self._billed_before[line.usage_date]
        return self._usd(line, max(0.0, min(line.bill_units, left)))

    def _usd(self, line: Line, units: float) -> float:
        if len(line.price_items) == 1 or not line.lake_units:
            before = self._billed_before[line.usage_date]
            return self._book_on(line.usage_date).usd(line.price_items[0], units, before)
        return units * line.lake_usd / line.lake_units


def _billed_before(lines: Iterable[Line]) -> Iterator[tuple[date, float]]:
    """Yield the units billed earlier in its month, by the day of each line."""
    totals: defaultdict[tuple[int, int], float] = defaultdict(float)
    for line in lines:
        yield line.usage_date, totals[line.month]
        totals[line.month] += max(line.bill_units, 0.0)
