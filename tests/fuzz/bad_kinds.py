"""Kinds of input whose reader fails, to see that this is noticed."""

from __future__ import annotations

import os
import signal
from random import Random

from tests.fuzz.player import Kind


def make(random: Random) -> int:
    """Return one of ten numbers."""
    return random.randrange(10)


def raise_an_error(number: int) -> None:
    if number == 7:
        raise ZeroDivisionError(f"{number} is escaping")


def end_the_process(number: int) -> None:
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)


KINDS = {"raising": Kind(make, raise_an_error, 1), "dying": Kind(make, end_the_process, 1)}
