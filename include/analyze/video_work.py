"""The work of a batch of video jobs: its analyses in fair order, and how far they are."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

from include.core.error_counts import ErrorCounts

if TYPE_CHECKING:
    from include.core.features import VideoJob
    from include.store.ledger import Entry
    from include.store.objects import Row

log = logging.getLogger(__name__)

MAX_JOB_ATTEMPTS = 3  # in one run
# Code of a job that was paid for and whose results nobody collected in time.
EXPIRED = "ResultsExpired"
LOG_SECONDS = 10.0  # between two lines about one batch
LEAST_ENDED = 10  # jobs from which the pace of a batch is judged
LONGEST_SILENCE = 3600.0  # seconds between look-ups of a job without news


@dataclass(frozen=True)
class JobWork:
    """One video analysis of a batch.

    :param failures: attempts that had failed when the batch was planned.
    """

    key: str
    feature: str
    job: VideoJob
    parameters: Row
    asset: Row
    payer: Row
    failures: int = 0

    def is_given_up(self, entry: Entry) -> bool:
        """Whether it stays failed: AWS refused it, or all attempts since the plan have failed.

        A job whose results expired was paid for, so another one needs another plan.
        """
        if entry.state != "failed" or entry.number <= self.failures:
            return False
        paid = entry.error_code == EXPIRED
        return paid or not entry.job_id or entry.number >= self.failures + MAX_JOB_ATTEMPTS


@dataclass
class Progress:
    """Where a batch stands: jobs that run, by JobId with their Get operation, and counts.

    :ivar pending: analyses that wait for a slot, or for another run that is starting them.
    :ivar stopped: analyses that a budget has no money for.
    :ivar reused: analyses that another run paid for, once everything is collected.
    :ivar ended: jobs that succeeded and whose pages are not archived yet; they count as done.
    :ivar started: jobs that this engine started.
    :ivar minutes: of video in what is done.
    :ivar oldest: seconds since the start of the job that has been running for longest.
    :ivar waiting: seconds since a job of the batch was started, while others wait; 0 if none waits.
    """

    running: dict[str, str] = field(default_factory=dict)
    pending: int = 0
    done: int = 0
    failed: int = 0
    stopped: int = 0
    reused: int = 0
    started: int = 0
    ended: int = 0
    minutes: float = 0.0
    oldest: int = 0
    waiting: int = 0
    errors: ErrorCounts = field(default_factory=ErrorCounts)

    @property
    def finished(self) -> bool:
        return not self.running and not self.pending

    @property
    def snapshot(self) -> tuple[int, ...]:
        """What changes when the batch moves."""
        return len(self.running), self.pending, self.done, self.failed, self.started

    def to_xcom(self) -> dict[str, Any]:
        return {
            "running": len(self.running),
            "pending": self.pending,
            "done": self.done,
            "failed": self.failed,
            "stopped": self.stopped,
            "reused": self.reused,
            "started": self.started,
            "minutes": round(self.minutes, 2),
            **self.errors.to_xcom(),
        }

    def __str__(self) -> str:
        text = (
            f"{len(self.running)} jobs run, {self.pending} wait for a slot, {self.done} are done "
            f"({self.minutes:.1f} minutes of video), {self.failed} have failed"
        )
        if self.stopped:
            text += f", {self.stopped} are stopped: their budget is reached"
        if self.running:
            text += f"; the longest has run for {self.oldest} s"
        return text


class ProgressLog:
    """Logs how far a batch is, when it has moved and not too often.

    :param clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._first: Progress | None = None
        self._last: Progress | None = None
        self._logged: tuple[int, ...] | None = None
        self._logged_at = -math.inf

    def note(self, progress: Progress) -> bool:
        """Log where the batch stands, if it is time to; return whether it moved since the last note."""
        moved = self._last is not None and progress.snapshot != self._last.snapshot
        self._first, self._last = self._first or progress, progress
        if progress.snapshot != self._logged and self._clock() - self._logged_at >= LOG_SECONDS:
            self._logged, self._logged_at = progress.snapshot, self._clock()
            minutes = self.minutes_left()
            log.info("%s%s", progress, "" if minutes is None else f"; about {minutes:.0f} minutes to go")
        return moved

    def minutes_left(self) -> float | None:
        """Return how long the rest takes at the pace so far, None while too few jobs have ended."""
        if self._first is None or self._last is None:
            return None
        ended = self._last.done + self._last.failed - self._first.done - self._first.failed
        if ended < LEAST_ENDED or self._last.finished:
            return None
        left = len(self._last.running) + self._last.pending
        return (self._clock() - self._began) / ended * left / 60


def fair_order(work: Iterable[JobWork]) -> list[JobWork]:
    """Return work so that sources take turns, and within each source its features."""
    return _in_turn(_in_turn(work, lambda item: item.feature), lambda item: item.asset["source"])


def _in_turn(work: Iterable[JobWork], kind: Callable[[JobWork], str]) -> list[JobWork]:
    kinds: dict[str, list[JobWork]] = {}
    for item in work:
        kinds.setdefault(kind(item), []).append(item)
    return [item for item in chain.from_iterable(zip_longest(*kinds.values())) if item is not None]


def next_look_up(started_at: float, at: float, after: float) -> float:
    """Return when to look a job up next if there is no news of it: after a time that doubles up to an hour.

    That time follows from the start of the job alone, so that an interrupted wait looks no more often.

    :param started_at: seconds since the epoch; likewise ``at``, the present.
    :param after: seconds from the start to the first look-up.
    """
    due, wait = started_at + after, after
    while due <= at:
        wait = max(after, min(2 * wait, LONGEST_SILENCE))
        due += wait
    return due
