"""A circuit breaker: while a service is down, calls wait, and one at a time looks whether it is back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

FAILURES = 10
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0


class Breaker:
    """Shared by the threads that call a service.

    It opens after so many failures without a success between them. Then it lets one call through after each
    pause, which doubles, until a call succeeds.

    :param patience: seconds after which it gives up.
    :param clock: seconds, monotonic.
    """

    def __init__(
        self,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._next_try = 0.0
        self._pause = FIRST_PAUSE

    @property
    def is_open(self) -> bool:
        return self._opened_at is not None

    @property
    def gave_up(self) -> bool:
        """Whether the service has been down for longer than its callers want to wait."""
        return self._opened_at is not None and self._clock() - self._opened_at > self._patience

    def wait(self) -> None:
        """Return when a call may be made: at once while the service is up, else in its turn to try."""
        while not self.gave_up:
            with self._lock:
                if self._opened_at is None:
                    return
                now = self._clock()
                if now >= self._next_try:
                    self._next_try = now + self._pause
                    self._pause = min(LONGEST_PAUSE, 2 * self._pause)
                    return
                rest = self._next_try - now
            self._sleep(min(rest, FIRST_PAUSE))

    def succeeded(self) -> None:
        """Note an answer of the service, whatever it said."""
        if self._failures:
            with self._lock:
                if self._opened_at is not None:
                    log.info("the service answers again after %.0f s", self._clock() - self._opened_at)
                self._failures, self._opened_at, self._pause = 0, None, FIRST_PAUSE

    def failed(self) -> None:
        """Note a call that the service did not answer, or answered with a fault of its own."""
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES and self._opened_at is None:
                self._opened_at = self._clock()
                self._next_try = self._opened_at + self._pause
                log.warning(
                    "the service is down: %d calls failed one after another; waiting for it", FAILURES
                )
