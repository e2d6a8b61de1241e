"""Pace: how fast calls of one operation may go, over all tasks and Dags of the account.

AWS counts calls per account, region and operation. Each task reserves its next calls, about half a second of
them, from a record that all tasks share: the time at which the next call may begin, and the present rate (the
generic cell rate algorithm, ITU-T I.371, with a spacing that changes). So together they go at the quota,
however many they are. Throttling tells of others who use the account: the rate is cut then, and rises again
with time (additive increase, multiplicative decrease; Chiu and Jain, 1989).
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from include.store.quotas import read_quotas
from include.store.shared_record import SharedRecord
from include.store.workspace import Workspace

RESERVED_SECONDS = 0.5
CUT = 0.7
CUT_SECONDS = 1.0  # the rate is cut once for all the throttled calls of this time
RISE = 0.02  # of the ceiling, per second

Record = dict[str, Any]


class SharedRate(Protocol):
    """The record that tasks share; :class:`include.store.shared_record.SharedRecord` is one."""

    def change(self, change: Callable[[Record], Record]) -> Record: ...


class Pace:
    """Hands out permissions to call one operation.

    :param shared_rate: the record of the operation.
    :param ceiling: most calls per second: the quota, or the share of it that is ours.
    :param floor: least calls per second that throttling can bring it down to.
    :param reserved_seconds: how much of its time a task reserves at once, and so its share beside other
        tasks.
    :param clock: seconds since the epoch; the clocks of the workers should agree.
    """

    def __init__(
        self,
        shared_rate: SharedRate,
        ceiling: float,
        floor: float = 1.0,
        reserved_seconds: float = RESERVED_SECONDS,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._shared_rate = shared_rate
        self._ceiling = ceiling
        self._floor = min(floor, ceiling)
        self._reserved_seconds = reserved_seconds
        self._clock = clock
        self._sleep = sleep
        self._rate = ceiling
        self._reserved: deque[float] = deque()
        self._lock = threading.Lock()
        self.throttled = 0

    @property
    def rate(self) -> float:
        """Calls per second at present, over all tasks, as far as this one knows."""
        return self._rate

    def wait(self, left: int = 1) -> None:
        """Return when the next call may be made.

        :param left: calls that are still to come, this one included: no more than these are reserved.
        """
        with self._lock:
            if not self._reserved:
                self._reserve(max(1, min(left, round(self._rate * self._reserved_seconds))))
            at = self._reserved.popleft()
        pause = at - self._clock()
        if pause > 0:
            self._sleep(pause)

    def was_throttled(self) -> None:
        """Note a throttled call: the rate is cut by 30%, for everybody, at most once a second."""
        with self._lock:
            self.throttled += 1
            self._rate = self._shared_rate.change(self._cut)["rate"]

    def _reserve(self, calls: int) -> None:
        starts: list[float] = []

        def reserve(record: Record) -> Record:
            now = self._clock()
            rate = self._risen(record, now)
            starts[:] = [max(record.get("next_at", 0.0), now)]
            return {**record, "next_at": starts[0] + calls / rate, "rate": rate, "changed_at": now}

        self._rate = self._shared_rate.change(reserve)["rate"]
        self._reserved.extend(starts[0] + number / self._rate for number in range(calls))

    def _cut(self, record: Record) -> Record:
        now = self._clock()
        rate = self._risen(record, now)
        if now - record.get("cut_at", 0.0) < CUT_SECONDS:
            return {**record, "rate": rate, "changed_at": now}
        return {**record, "rate": max(self._floor, rate * CUT), "changed_at": now, "cut_at": now}

    def _risen(self, record: Record, now: float) -> float:
        """Return the rate of a record after the time since it was changed."""
        rate: float = record.get("rate", self._ceiling)
        changed_at: float = record.get("changed_at", now)
        since = max(0.0, now - changed_at)
        return max(self._floor, min(self._ceiling, rate + RISE * self._ceiling * since))


def shared_paces(workspace: Workspace, operations: Iterable[str]) -> dict[str, Pace]:
    """Return the pace of each image operation: the lake's share of the quota, with all other tasks."""
    settings = workspace.settings
    quotas = read_quotas(workspace.aws.client("service-quotas"), settings.region, frozenset(operations))
    dynamodb = workspace.aws.client("dynamodb", connections=16)
    # With equal shares all tasks would end at once, and the quota would lie idle while the next ones start.
    seconds = random.uniform(0.2, 0.8)
    return {
        operation: Pace(
            SharedRecord(dynamodb, settings.ledger_table, f"pace#{operation}"),
            settings.quota_share * quota,
            reserved_seconds=seconds,
        )
        for operation, quota in quotas.items()
    }
