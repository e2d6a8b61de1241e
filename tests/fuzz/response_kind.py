"""Responses of every operation that has a normalizer: the kept ones, with members gone, odd or extreme."""

from __future__ import annotations

from collections import Counter
from functools import cache
from random import Random
from typing import Any, NamedTuple

from include.normalize import NORMALIZERS
from tests.fuzz.mutations import changed_value, odd_value
from tests.include.normalize.responses import pages_of, tables

_OPERATIONS = sorted(NORMALIZERS)


class Pages(NamedTuple):
    """What an operation answered."""

    operation: str
    pages: list[Any]


@cache
def _kept(operation: str) -> list[Any]:
    return pages_of(operation)


def make(random: Random) -> Pages:
    """Return changed pages of an operation, at times with a page that is something else."""
    operation = random.choice(_OPERATIONS)
    rate = random.choice((0.005, 0.02, 0.1))
    pages = [changed_value(page, random, rate) for page in _kept(operation)]
    if random.random() < 0.1:
        pages.insert(random.randrange(len(pages) + 1), odd_value(random))
    return Pages(operation, pages)


def check(answered: Pages) -> None:
    """Normalize the pages; every row has to fit its table."""
    anomalies: Counter[str] = Counter()
    tables(answered.operation, *answered.pages, anomalies=anomalies)
    assert all(count > 0 for count in anomalies.values())
