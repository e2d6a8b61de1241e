"""The folders in which sources keep the media of their days, and whether two of them are one."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, timedelta

# What strftime may put into the folder of a day. The others are about times of day, or are none.
_DAY_DIRECTIVES = frozenset("aAbBCdDeFgGhjmuUVwWyY%")
_YEAR = re.compile(r"[0-9]{4}")
_DIRECTIVE = re.compile(r"%[-_0^#]?(.?)")

# Days whose folders are compared, of twenty years.
DAYS = tuple(date(2015, 1, 1) + timedelta(days) for days in range(20 * 365 + 5))


def names_days_only(pattern: str) -> bool:
    """Whether a strftime pattern is made of text and directives of days."""
    return pattern.isprintable() and _DAY_DIRECTIVES.issuperset(_DIRECTIVE.findall(pattern))


def separates_days(prefix: str, pattern: str) -> bool:
    """Whether each day has a folder of its own. A prefix that names the year has the days of one year."""
    days = DAYS[: 365 if _YEAR.search(prefix) else 3 * 365]
    return len({day.strftime(pattern) for day in days}) == len(days)


def some_within(outer: Collection[str], prefixes: Collection[str]) -> bool:
    """Whether one of some prefixes begins with one of the outer ones; each is empty or ends in a slash."""
    return any(
        prefix[:end] in outer
        for prefix in prefixes
        for end in (0, *(place + 1 for place, each in enumerate(prefix) if each == "/"))
    )
