"""The money of one hard budget as one task sees it: taken before each call, in chunks from what all share."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from include.core.budgets import Budget, month_at, month_end
from include.store.budget_records import BudgetRecord
from include.store.budget_recovery import recover_expired
from include.store.ledger import Ledger

CHUNK_CALLS = 100
# A chunk takes at most this share of what is left: near the limit, many tasks share the last dollars.
CHUNK_SHARE = 64
# A chunk with less of its lease left is replaced, so that what is noted is in time.
LEASE_SHARE_LEFT = 0.5
WAIT_SECONDS = 0.5


class Chunk:
    """Money that one task has reserved for its next calls. Its threads share it.

    :param until: when it is to be replaced, in seconds since the epoch.
    """

    def __init__(self, record: BudgetRecord, token: str, micros: int, until: float) -> None:
        self.record = record
        self._token = token
        self._micros = micros
        self._until = until
        self._lock = threading.Lock()
        self._noting = threading.Lock()
        self._open = True
        self._spent = 0
        self._asked = 0
        self._noted = 0
        self._written = 0

    def spend(self, micros: int, now: float) -> bool:
        """Note that a call is going to be made, and return whether there is the money for it.

        One note is under way at a time, and stands for all threads that asked before it began.
        """
        with self._lock:
            if not self._open or now >= self._until or self._spent + micros > self._micros:
                return False
            self._spent += micros
            self._asked += 1
            number = self._asked
        with self._noting:
            if self._noted < number:
                self._note()
            return self._noted >= number

    def take_back(self, micros: int) -> bool:
        """Count a call that AWS did not bill as not made, and return whether that is in time."""
        with self._lock:
            if self._open:
                self._spent -= micros
            return self._open

    def close(self) -> None:
        """Return what is not spent."""
        with self._lock:
            self._open = False
        with self._noting:
            if self._noted < self._asked or self._written != self._spent:
                self._note()
        self.record.close_chunk(self._token)

    def _note(self) -> None:
        with self._lock:
            number, spent = self._asked, self._spent
        if self.record.note(self._token, number, spent):
            self._noted, self._written = number, spent
        else:  # somebody took this task for dead
            with self._lock:
                self._open = False


@dataclass(frozen=True)
class Payment:
    """Money that is noted as spent for one call; of a call that costs nothing, without a chunk."""

    micros: int = 0
    chunk: Chunk | None = None

    def take_back(self) -> None:
        """AWS did not bill the call."""
        if self.chunk is not None and not self.chunk.take_back(self.micros):
            self.chunk.record.refund(uuid.uuid4().hex, self.micros)


class Purse:
    """Pays for the image calls of one task and cost center. Threads share it.

    :param lease_seconds: after which a chunk of which nothing is heard returns.
    :param stop: once set, nothing more is paid for.
    :param clock: seconds since the epoch.
    """

    def __init__(
        self,
        cost_center: str,
        budget: Budget,
        ledger: Ledger,
        lease_seconds: float,
        stop: threading.Event,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cost_center = cost_center
        self._budget = budget
        self._ledger = ledger
        self._lease_seconds = lease_seconds
        self._stop = stop
        self._clock = clock
        self._lock = threading.Lock()
        self._chunk: Chunk | None = None
        self._refused: tuple[str, int] | None = None

    def take(self, micros: int) -> Payment | None:
        """Take the money for a call, and note it as spent; return None if there is none.

        While other tasks hold money that they may return, this waits for it.
        """
        if micros == 0:
            return Payment()
        while not (self._stop.is_set() or self.is_out_of(micros)):
            chunk = self._chunk
            if chunk is not None and chunk.spend(micros, self._clock()):
                return Payment(micros, chunk)
            self._replace(chunk, micros)
        return None

    def is_out_of(self, micros: int) -> bool:
        """Whether there was no money for such a call before in this month."""
        if self._refused is None:
            return False
        month, refused = self._refused
        return month == self.month and micros >= refused

    @property
    def month(self) -> str:
        """The month in which a call of now is billed."""
        return month_at(self._clock())

    def close(self) -> None:
        """Return what was not needed."""
        with self._lock:
            chunk, self._chunk = self._chunk, None
            if chunk is not None:
                chunk.close()

    def _replace(self, chunk: Chunk | None, micros: int) -> None:
        """Close the chunk that has no money for a call, and reserve the next, unless a thread was faster."""
        with self._lock:
            if self._chunk is not chunk:
                return
            self._chunk = None
            if chunk is not None:
                chunk.close()
            month = self.month
            record, limit = self._ledger.budget(self._cost_center, month), self._budget.limit_micros(month)
            while self._chunk is None and (left := self._left(record, month, micros, limit)) is not None:
                self._chunk = self._reserve(record, micros, left, limit)

    def _left(self, record: BudgetRecord, month: str, micros: int, limit: int) -> int | None:
        """Wait for the money for a call, and return what is left; None if there is none to wait for."""
        while not self._stop.is_set():
            standing, committed = record.opened()
            now = self._clock()
            if limit - committed >= micros:
                return limit - committed
            if recover_expired(record, standing, self._ledger, now):
                continue
            if not standing.chunks_held(now):
                self._refused = month, micros
                record.refuse(limit)
                return None
            self._stop.wait(WAIT_SECONDS)
        return None

    def _reserve(self, record: BudgetRecord, micros: int, left: int, limit: int) -> Chunk | None:
        """Reserve a chunk, as many calls' worth as is fair; None if other tasks were faster."""
        size = max(micros, min(CHUNK_CALLS * micros, left // CHUNK_SHARE))
        token = uuid.uuid4().hex
        if not record.open_chunk(token, size, limit, self._lease_seconds):
            return None
        now = self._clock()
        until = min(now + (1 - LEASE_SHARE_LEFT) * self._lease_seconds, month_end(now))
        return Chunk(record, token, size, until)
