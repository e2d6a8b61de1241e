from __future__ import annotations

from itertools import pairwise

import pytest

from include.analyze.circuit_breaker import FAILURES, LONGEST_PAUSE, Breaker
from tests.clocks import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(0.0)


def opened(clock: FakeClock, patience: float = 300) -> Breaker:
    breaker = Breaker(patience, clock, clock.sleep)
    for _ in range(FAILURES):
        breaker.failed()
    return breaker


def test_a_service_that_is_up_is_never_waited_for(clock: FakeClock) -> None:
    breaker = Breaker(300, clock, clock.sleep)
    for _ in range(5):
        for _ in range(FAILURES - 1):
            breaker.failed()
        breaker.succeeded()
    breaker.wait()
    assert (clock.now, breaker.is_open) == (0, False)


def test_while_it_is_down_one_call_at_a_time_looks_whether_it_is_back(clock: FakeClock) -> None:
    breaker = opened(clock)
    assert breaker.is_open
    tries = []
    for _ in range(8):
        breaker.wait()
        tries.append(clock.now)
        breaker.failed()
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert tries[0] == 1
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


def test_a_success_closes_it_and_the_next_outage_begins_anew(clock: FakeClock) -> None:
    breaker = opened(clock)
    breaker.wait()
    breaker.succeeded()
    began = clock.now
    breaker.wait()
    assert (clock.now, breaker.is_open) == (began, False)
    for _ in range(FAILURES):
        breaker.failed()
    breaker.wait()
    assert clock.now == began + 1


def test_patience_ends(clock: FakeClock) -> None:
    breaker = opened(clock, patience=20)
    while not breaker.gave_up:
        breaker.wait()
        breaker.failed()
    assert 20 < clock.now < 20 + LONGEST_PAUSE + 1
    breaker.wait()
