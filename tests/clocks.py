"""A clock for tests: its time passes only when a test says so, or by sleeping."""

from __future__ import annotations

import threading


class FakeClock:
    """Gives the time when called, and sleeps without waiting; for all threads alike.

    :param now: seconds.
    """

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.now += seconds
