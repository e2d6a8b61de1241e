from __future__ import annotations

import threading

import pytest

from include.pace import Pace


class Clock:
    """Time that passes only by sleeping, for all threads alike."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def pace(clock: Clock, ceiling: float, floor: float = 1.0) -> Pace:
    return Pace(ceiling, floor, clock=clock, sleep=clock.sleep)


def test_first_call_goes_at_once(clock: Clock) -> None:
    pace(clock, 10).wait()
    assert clock.slept == []


@pytest.mark.parametrize("rate", [0.5, 1, 50, 1000])
def test_calls_go_at_the_rate(clock: Clock, rate: float) -> None:
    paced = pace(clock, rate)
    for _ in range(101):
        paced.wait()
    assert clock.now - 1000 == pytest.approx(100 / rate)


def test_an_idle_time_saves_up_no_burst(clock: Clock) -> None:
    paced = pace(clock, 10)
    paced.wait()
    clock.now += 3600
    began = clock.now
    for _ in range(11):
        paced.wait()
    assert clock.now - began == pytest.approx(1.0)


def test_throttling_cuts_the_rate_by_30_percent_at_most_once_a_second(clock: Clock) -> None:
    paced = pace(clock, 100)
    clock.now += 1
    for _ in range(16):
        paced.was_throttled()
    assert paced.rate == pytest.approx(70)
    assert paced.throttled == 16
    clock.now += 0.999
    paced.was_throttled()
    assert paced.rate == pytest.approx(70)
    clock.now += 0.001
    paced.was_throttled()
    assert paced.rate == pytest.approx(49)


def test_a_throttle_at_the_first_call_counts(clock: Clock) -> None:
    paced = pace(clock, 100)
    paced.wait()
    paced.was_throttled()
    assert paced.rate == pytest.approx(70)


def test_the_rate_never_falls_below_the_floor(clock: Clock) -> None:
    paced = pace(clock, 100, floor=5)
    for _ in range(100):
        clock.now += 1
        paced.was_throttled()
    assert paced.rate == 5


def test_a_floor_above_the_ceiling_is_the_ceiling(clock: Clock) -> None:
    paced = pace(clock, 0.2)
    clock.now += 1
    paced.was_throttled()
    assert paced.rate == pytest.approx(0.2)


def test_success_brings_the_rate_back_by_about_2_percent_of_the_ceiling_a_second(clock: Clock) -> None:
    paced = pace(clock, 100)
    clock.now += 1
    paced.was_throttled()
    began = clock.now
    while clock.now - began < 5:
        paced.wait()
        paced.succeeded()
    assert paced.rate == pytest.approx(80, abs=0.5)
    while clock.now - began < 20:
        paced.wait()
        paced.succeeded()
    assert paced.rate == 100


def test_the_rate_settles_near_a_quota_nobody_told_it(clock: Clock) -> None:
    paced, quota, window, in_window, accepted = pace(clock, 100), 30, int(clock.now), 0, 0
    for _ in range(6000):
        paced.wait()
        if int(clock.now) != window:
            window, in_window = int(clock.now), 0
        in_window += 1
        if in_window > quota:
            paced.was_throttled()
        else:
            accepted += 1
            paced.succeeded()
    assert accepted / (clock.now - 1000) > 0.7 * quota
    assert paced.throttled < 0.25 * 6000


def test_threads_share_one_rate_and_no_two_get_one_moment() -> None:
    """The clock stands still: each thread is told to wait for a slot of its own."""
    slept: list[float] = []
    paced = Pace(10, clock=lambda: 0.0, sleep=slept.append)
    threads = [threading.Thread(target=lambda: [paced.wait() for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(slept) == pytest.approx([number / 10 for number in range(1, 400)])


def test_notes_of_many_threads_are_all_counted() -> None:
    paced = Pace(100, clock=lambda: 0.0, sleep=lambda _: None)
    threads = [threading.Thread(target=lambda: [paced.was_throttled() for _ in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paced.throttled == 4000
