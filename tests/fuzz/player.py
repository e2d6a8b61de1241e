"""Plays inputs of every kind for its share of the time, each made from its seed and number alone.

``python -m tests.fuzz.player KINDS SEED FIRST STEP SECONDS PLACE [KIND NUMBER]`` plays the numbers FIRST,
FIRST + STEP and so on of each kind, or goes on with a number of one kind and the kinds after it. A line of
JSON says what came of each kind. The file PLACE has the kind and the number that is being played, for those
who find this process dead.
"""

from __future__ import annotations

import importlib
import itertools
import json
import logging
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

SLOW_SECONDS = 5.0


class Kind(NamedTuple):
    """A kind of input.

    :param make: returns an input, the same for the same chance.
    :param check: reads an input as the project does. Whatever it raises is an escape: an error other than
        those that the reader documents, or a promise that is broken.
    :param share: of the time, among all kinds.
    """

    make: Callable[[Random], Any]
    check: Callable[[Any], None]
    share: float


@dataclass
class Tally:
    """What came of the inputs of a kind.

    :ivar escapes: ``[number, what happened]`` of each.
    :ivar slowest: CPU seconds of the slowest input, and its number.
    :ivar peak_mebibytes: the most memory that a process had at a time.
    """

    inputs: int = 0
    escapes: list[tuple[int, str]] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)
    peak_mebibytes: float = 0.0

    def add(self, other: Tally) -> None:
        """Add what came of other inputs."""
        self.inputs += other.inputs
        self.escapes += other.escapes
        self.slowest = max(self.slowest, tuple(other.slowest))
        self.peak_mebibytes = max(self.peak_mebibytes, other.peak_mebibytes)


def play(kind: Kind, name: str, seed: int, number: int, tally: Tally) -> None:
    """Play one input."""
    given = kind.make(Random(f"{seed}/{name}/{number}"))
    began = _cpu_seconds()
    try:
        kind.check(given)
    except Exception:
        tally.escapes.append((number, traceback.format_exc()))
    took = _cpu_seconds() - began
    if took >= SLOW_SECONDS:
        tally.escapes.append((number, f"it took {took:.1f} CPU seconds"))
    tally.slowest = max(tally.slowest, (took, number))
    tally.inputs += 1


def _cpu_seconds() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def silence() -> None:
    """Leave out what readers log and warn of; it is expected of such inputs."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


def main(
    kinds: str, seed: str, first: str, step: str, seconds: str, place: str, kind: str = "", number: str = ""
) -> None:
    silence()
    found = importlib.import_module(kinds).KINDS
    names = list(found)[list(found).index(kind) if kind else 0 :]
    whole = sum(each.share for each in found.values())
    with Path(place).open("w", encoding="ascii") as current:
        for name in names:
            tally = Tally()
            until = time.monotonic() + float(seconds) * found[name].share / whole
            for played in itertools.count(int(number if name == kind else first), int(step)):
                if time.monotonic() >= until:
                    break
                current.seek(0)
                current.write(f"{name} {played:20}")
                current.flush()
                play(found[name], name, int(seed), played, tally)
            usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
            tally.peak_mebibytes = max(usage.ru_maxrss for usage in usages) / 1024
            print(json.dumps({"kind": name, **asdict(tally)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
