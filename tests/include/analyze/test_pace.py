from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from include.analyze.pace import CUT, Pace, SharedRate
from include.store.shared_record import SharedRecord
from tests.clocks import FakeClock
from tests.rates import LocalRate


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1000.0)


def pace(clock: FakeClock, ceiling: float, floor: float = 1.0, rate: SharedRate | None = None) -> Pace:
    return Pace(rate or LocalRate(), ceiling, floor, clock=clock, sleep=clock.sleep)


def test_first_call_goes_at_once(clock: FakeClock) -> None:
    pace(clock, 10).wait()
    assert clock.slept == []


@pytest.mark.parametrize("rate", [0.5, 1, 50, 1000])
def test_calls_go_at_the_rate(clock: FakeClock, rate: float) -> None:
    paced = pace(clock, rate, floor=0.1)
    for left in range(101, 0, -1):
        paced.wait(left)
    assert clock.now - 1000 == pytest.approx(100 / rate)


def test_an_idle_time_saves_up_no_burst(clock: FakeClock) -> None:
    paced = pace(clock, 10)
    paced.wait()
    clock.now += 3600
    began = clock.now
    for _ in range(11):
        paced.wait()
    assert clock.now - began == pytest.approx(1.0)


@pytest.mark.parametrize("tasks", [2, 5])
def test_tasks_together_go_at_the_rate(clock: FakeClock, tasks: int) -> None:
    shared = LocalRate()
    paces = [pace(clock, 50, rate=shared) for _ in range(tasks)]
    for _ in range(100):
        for paced in paces:
            paced.wait(1000)
    assert clock.now - 1000 == pytest.approx(100 * tasks / 50, rel=0.15)


def test_no_more_is_reserved_than_there_is_to_do(clock: FakeClock) -> None:
    """What a task reserves and does not use is lost for the others."""
    shared = LocalRate()
    last, other = pace(clock, 100, rate=shared), pace(clock, 100, rate=shared)
    last.wait(left=1)
    other.wait(left=1)
    assert clock.now - 1000 == pytest.approx(0.01)


def test_throttling_cuts_the_rate_by_30_percent_at_most_once_a_second(clock: FakeClock) -> None:
    paced = pace(clock, 100)
    for _ in range(16):
        paced.was_throttled()
    assert paced.rate == pytest.approx(70)
    assert paced.throttled == 16
    clock.now += 0.5
    paced.was_throttled()
    assert paced.rate == pytest.approx(71)
    clock.now += 0.5
    paced.was_throttled()
    assert paced.rate == pytest.approx(72 * CUT)


def test_one_tasks_throttling_slows_the_others(clock: FakeClock) -> None:
    shared = LocalRate()
    ours, theirs = pace(clock, 100, rate=shared), pace(clock, 100, rate=shared)
    theirs.wait(1000)
    ours.was_throttled()
    for _ in range(60):
        theirs.wait(1000)
    assert theirs.rate < 75


def test_the_rate_rises_with_time_up_to_the_ceiling(clock: FakeClock) -> None:
    paced = pace(clock, 100)
    paced.was_throttled()
    clock.now += 10
    paced.wait()
    assert paced.rate == pytest.approx(90)
    clock.now += 60
    paced.wait()
    assert paced.rate == 100


def test_the_rate_never_falls_below_the_floor(clock: FakeClock) -> None:
    paced = pace(clock, 10, floor=4)
    for _ in range(10):
        paced.was_throttled()
        clock.now += 1.01
    assert paced.rate >= 4
    assert pace(clock, 0.5).rate == 0.5


def test_a_ceiling_that_was_lowered_holds_at_once(clock: FakeClock) -> None:
    shared = LocalRate()
    pace(clock, 100, rate=shared).wait()
    lowered = pace(clock, 10, rate=shared)
    lowered.wait(1000)
    assert lowered.rate == 10


def test_threads_and_tasks_share_a_record_in_dynamodb(dynamodb: Any) -> None:
    """Every permission is handed out once: the starts that all got are a whole number of spacings apart."""
    clock = FakeClock(1000.0)
    starts: list[float] = []
    lock = threading.Lock()

    def work(paced: Pace) -> None:
        for _ in range(20):
            with lock:  # the clock stands still, so that what is reserved is seen
                paced.wait(20)
                starts.append(0)

    item = SharedRecord(dynamodb, "media-lake-ledger", "pace#DetectText")
    paces = [Pace(item, 50, clock=clock, sleep=clock.sleep) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, paces))
    assert len(starts) == 80
    assert item.read()["next_at"] - 1000 == pytest.approx(80 / 50, rel=0.3)
    assert clock.now - 1000 == pytest.approx(80 / 50, rel=0.3)
