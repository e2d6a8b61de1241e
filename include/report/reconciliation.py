"""Compare the lake's usage with AWS's bill: every difference above a tolerance gets its cause, or none.

The rules, for what the bill has more than the lake:

===============  =========================================================================================
cause            when
===============  =========================================================================================
credits          the bill has lines of credits or refunds: their dollars
other users      the price books lack the usage type, which is another region's or another feature's; or the
                 lake never had it in these days; or the account is shared, and more was billed than the other
                 causes account for
late usage       the bill or the lake is not complete yet; or a day beside this one has as much more or less
missing usage    the bill has more, and analyses that were done have no line in the usage log: theirs
rounding         the bill has more minutes, at most those of the day's analyses each rounded up
repeated calls   the bill has more images, at most :data:`MOST_REPEATED` of the day's: calls whose answer was
                 lost on the way are made again
free tier        the dollars lack the price of the month's first, free units
price            the dollars have the same proportion to the price book's on another day of the usage type; or
                 the bill has lines of discounts
===============  =========================================================================================

Dollars that follow from units go with the cause of the units, also where units of earlier days have moved the
month's tiers. What is left is unexplained.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from include.report.bill_lines import BookOn, Line, LinePrices

# Share of a day's images that may be billed again because an answer was lost on the way.
MOST_REPEATED = 0.05

# Proportions of the bill's dollars to the price book's that are taken for the same.
_SAME_PROPORTION = 0.001
# Units that sums of minutes may differ by.
_EXACT = 1e-6


class Cause(StrEnum):
    """Why the bill differs from the lake."""

    REPEATED_CALLS = "repeated calls"
    OTHER_USERS = "other users"
    ROUNDING = "rounding"
    LATE_USAGE = "late usage"
    PRICE = "price"
    FREE_TIER = "free tier"
    CREDITS = "credits"
    MISSING_USAGE = "missing usage"


class Part(NamedTuple):
    """A part of a difference: units and dollars that the bill has more, and why."""

    cause: Cause
    units: float
    usd: float
    reason: str


@dataclass(frozen=True)
class Policy:
    """What counts as a difference, and what is known of the bill.

    :ivar usd: dollars of a day and usage type that may differ; ``share`` likewise, of the lake's dollars.
    :ivar complete_until: last day of which the bill was complete when it was read.
    :ivar shared_account: whether others of the account use Rekognition as well.
    """

    usd: float
    share: float
    complete_until: date
    shared_account: bool = False


class Compared(NamedTuple):
    """What came of a line: its causes, and what has none."""

    line: Line
    parts: tuple[Part, ...]
    unexplained_units: float = 0.0
    unexplained_usd: float = 0.0

    @property
    def status(self) -> str:
        if self.unexplained_units or self.unexplained_usd:
            return "unexplained"
        return "explained" if self.parts else "agrees"


def reconcile(lines: Iterable[Line], book_on: BookOn, policy: Policy) -> Iterator[Compared]:
    """Yield what came of each line, by usage type and day.

    :param lines: one for each day and usage type that the lake or the bill has, of whole months from their
        first day on.
    :param book_on: gives the price book of a day.
    """
    by_type: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_type[line.usage_type].append(line)
    for _, found in sorted(by_type.items()):
        yield from _UsageType(sorted(found, key=lambda line: line.usage_date), book_on, policy).compared()


class _UsageType:
    """The lines of one usage type, oldest first."""

    def __init__(self, lines: Sequence[Line], book_on: BookOn, policy: Policy) -> None:
        self._lines = lines
        self._policy = policy
        self._prices = LinePrices(lines, book_on)
        self._by_day = {line.usage_date: line for line in lines}
        self._never_used = not any(line.lake_units or line.missing_units for line in lines)
        # By month, why its billed units differ from the lake's so far.
        self._moved: dict[tuple[int, int], Cause] = {}

    def compared(self) -> Iterator[Compared]:
        return map(self._compare, self._lines)

    def _compare(self, line: Line) -> Compared:
        known = [part for part in _of_other_records(line) if abs(part.usd) > self._policy.usd]
        if not line.price_items:
            return Compared(line, (*known, *_of_others(line)))
        units, unexplained_units = self._explain_units(line)
        units = self._with_dollars(line, units)
        rest = line.usage_usd - line.lake_usd - sum(part.usd for part in units)
        if unexplained_units:
            return Compared(line, (*units, *known), unexplained_units, rest)
        dollars, unexplained_usd = self._explain_usd(line, rest)
        return Compared(line, (*units, *known, *dollars), 0.0, unexplained_usd)

    def _tolerance(self, line: Line) -> float:
        return max(self._policy.usd, self._policy.share * line.lake_usd)

    def _allowed_units(self, line: Line) -> float:
        """Return the units that are worth the tolerance."""
        return self._tolerance(line) / float(self._prices.first_item(line).tiers[0].usd)

    def _explain_units(self, line: Line) -> tuple[list[Part], float]:
        """Return the causes of the units, still without dollars, and the units that have none."""
        more, allowed = line.more_units, self._allowed_units(line)
        if abs(more) <= allowed:
            return [], 0.0
        if late := self._late(line):
            return [Part(Cause.LATE_USAGE, more, 0.0, late)], 0.0
        if more < 0:
            return [], more
        missing = min(line.missing_units, more)
        parts = [Part(Cause.MISSING_USAGE, missing, 0.0, _NO_LINE)] if missing else []
        if more - missing <= allowed:
            return parts, 0.0
        bounded = self._bounded(line, more - missing)
        return [*parts, *bounded], 0.0 if bounded else more - missing

    def _late(self, line: Line) -> str:
        """Return why a day has other units than its bill, if only the time differs."""
        if line.more_units < 0 and line.usage_date > self._policy.complete_until:
            return f"the bill is complete until {self._policy.complete_until}"
        for days in (1, -1):
            other = self._by_day.get(line.usage_date + timedelta(days=days))
            if other and other.more_units * line.more_units < 0:
                margin = max(self._allowed_units(line), self._allowed_units(other))
                if abs(other.more_units + line.more_units) <= margin:
                    return f"the difference is made up on {other.usage_date}"
        return ""

    def _bounded(self, line: Line, more: float) -> list[Part]:
        """Explain units by the cause that accounts for so many and no more, or else by others or the time.

        :return: nothing if none does.
        """
        bound = self._bound(line)
        if bound and more <= bound.units + _EXACT:
            return [bound._replace(units=more)]
        if self._never_used or self._policy.shared_account:
            return [Part(Cause.OTHER_USERS, more, 0.0, "more than the lake's usage accounts for")]
        if line.usage_date > self._policy.complete_until:
            return [Part(Cause.LATE_USAGE, more, 0.0, "the lake may report more of the day")]
        return []

    def _bound(self, line: Line) -> Part | None:
        """Return a cause and the most units that it accounts for."""
        if not line.lake_units:
            return None
        if self._prices.first_item(line).unit == "image":
            most = math.ceil(MOST_REPEATED * line.lake_units)
            reason = f"calls whose answer is lost are billed again, at most {most} of the day's"
            return Part(Cause.REPEATED_CALLS, most, 0.0, reason)
        most_minutes = line.rounded_units - line.lake_units
        reason = f"each analysis rounded up makes at most {most_minutes:.6g} more"
        return Part(Cause.ROUNDING, most_minutes, 0.0, reason)

    def _with_dollars(self, line: Line, parts: list[Part]) -> list[Part]:
        """Give causes of units the dollars that follow from them, or from those of earlier days."""
        usd = self._prices.expected_usd(line) - line.lake_usd
        if parts:
            self._moved.setdefault(line.month, parts[0].cause)
            return [part._replace(usd=_own_usd(line, part, usd)) for part in parts]
        if line.month in self._moved and abs(line.more_units) <= self._allowed_units(line):
            moved = Part(self._moved[line.month], 0.0, usd, "earlier days have moved the month's tier")
            return [moved] if abs(usd) > self._tolerance(line) else []
        return []

    def _explain_usd(self, line: Line, usd: float) -> tuple[list[Part], float]:
        """Return the cause of dollars that do not follow from units, and the dollars that have none."""
        if abs(usd) <= self._tolerance(line):
            return [], 0.0
        found = self._free_tier(line, usd) or self._other_price(line, usd)
        return ([found], 0.0) if found else ([], usd)

    def _free_tier(self, line: Line, usd: float) -> Part | None:
        free = self._prices.free_usd(line)
        if not free or abs(usd + free) > self._tolerance(line):
            return None
        return Part(Cause.FREE_TIER, 0.0, usd, "the first units of the month are free")

    def _other_price(self, line: Line, usd: float) -> Part | None:
        own = self._proportion(line)
        alike = [
            other.usage_date
            for other in self._lines
            if other is not line and abs(self._proportion(other) - own) <= _SAME_PROPORTION * own
        ]
        if not own or not alike:
            return None
        reason = f"the bill has {own:.4g} times the price of the book, as on {alike[-1]}"
        return Part(Cause.PRICE, 0.0, usd, reason)

    def _proportion(self, line: Line) -> float:
        expected = self._prices.expected_usd(line)
        return line.usage_usd / expected if expected else 0.0


_NO_LINE = "analyses that were done have no line in the usage log"


def _of_other_records(line: Line) -> Iterator[Part]:
    if line.credits_usd:
        yield Part(Cause.CREDITS, 0.0, line.credits_usd, "the bill has lines of credits or refunds")
    if line.discounts_usd:
        yield Part(Cause.PRICE, 0.0, line.discounts_usd, "the bill has lines of discounts")


def _of_others(line: Line) -> Iterator[Part]:
    if line.bill_units or line.usage_usd:
        yield Part(Cause.OTHER_USERS, line.bill_units, line.usage_usd, "the lake uses nothing like it")


def _own_usd(line: Line, part: Part, usd: float) -> float:
    """Return a part's dollars: by its own price where the usage type has several, else its share of all.

    :param usd: dollars that follow from all units of the line that the bill has more.
    """
    if len(line.price_items) > 1 and part.cause == Cause.MISSING_USAGE:
        return line.missing_usd * part.units / line.missing_units
    if len(line.price_items) > 1 and part.cause == Cause.ROUNDING:
        return (line.rounded_usd - line.lake_usd) * part.units / (line.rounded_units - line.lake_units)
    return usd * part.units / line.more_units
