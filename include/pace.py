"""Pace: how fast calls may go, shared by the threads of one task.

A token bucket whose rate rises by steps while calls succeed and is cut when AWS throttles (additive increase,
multiplicative decrease), so that several tasks, Dags and other users of the account settle on fair shares of a quota
that none of them knows exactly (Chiu and Jain, 1989; the same scheme as TCP's, RFC 5681).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable


class Pace:
    """Hands out permissions to call.

    :param ceiling: most calls per second.
    :param floor: least calls per second that throttling can bring it down to.
    :param clock: seconds, monotonic.
    """

    def __init__(
        self,
        ceiling: float,
        floor: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ceiling = ceiling
        self._floor = min(floor, ceiling)
        self._clock = clock
        self._sleep = sleep
        self._rate = ceiling
        self._next = clock()
        self._cut_at = -math.inf
        self._lock = threading.Lock()
        self.throttled = 0

    @property
    def rate(self) -> float:
        """Calls per second at present."""
        return self._rate

    def wait(self) -> None:
        """Return when the next call may be made."""
        with self._lock:
            now = self._clock()
            at = max(self._next, now)
            self._next = at + 1 / self._rate
        if at > now:
            self._sleep(at - now)

    def succeeded(self) -> None:
        """Note a call that was not throttled: the rate rises by about 2% of the ceiling a second."""
        if self._rate < self._ceiling:
            with self._lock:
                self._rate = min(self._ceiling, self._rate + 0.02 * self._ceiling / self._rate)

    def was_throttled(self) -> None:
        """Note a throttled call: the rate is cut by 30%, at most once a second."""
        with self._lock:
            self.throttled += 1
            now = self._clock()
            if now - self._cut_at >= 1:
                self._rate = max(self._floor, self._rate * 0.7)
                self._cut_at = now
