"""Where each analysis of a batch of videos stands."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from include.analyze.video_work import JobWork, Progress, next_look_up
from include.store.ledger import Entry


@dataclass
class Job:
    """A job that Rekognition runs, or has ended with success.

    :param look_up_at: when to ask for it if nothing is heard of it, in seconds since the epoch.
    """

    work: JobWork
    entry: Entry
    look_up_at: float


class BatchState:
    """The analyses of a batch, each where its entry of the ledger puts it.

    An analysis waits for a slot, or its job runs, or its job succeeded and its pages wait to be archived;
    else it is done, or failed for good, or stopped by a budget.

    :param work: the analyses, in the order in which they are to be started.
    :param known: their entries, by key, as far as the ledger has them.
    :param began: when the ledger was asked, in milliseconds since the epoch.
    :param look_up_after: seconds from the start of a job until it is looked up.
    :ivar pending: analyses that wait for a slot, or for another run that is starting them.
    :ivar stopped: analyses that a budget has no money for, by key.
    :ivar running: jobs that run, by JobId.
    :ivar ended: jobs that succeeded and whose pages are not archived yet, by JobId.
    """

    def __init__(
        self, work: Iterable[JobWork], known: Mapping[str, Entry], began: int, look_up_after: float
    ) -> None:
        self.began = began
        self.pending: deque[JobWork] = deque()
        self.stopped: dict[str, JobWork] = {}
        self.running: dict[str, Job] = {}
        self.ended: dict[str, Job] = {}
        self._look_up_after = look_up_after
        self._entries: dict[str, tuple[JobWork, Entry]] = {}
        for item in work:
            if (entry := known.get(item.key)) is None:
                self.pending.append(item)
            else:
                self.place(item, entry)

    def entry(self, key: str) -> Entry | None:
        """Return the entry of an analysis, None if the ledger had none."""
        known = self._entries.get(key)
        return known[1] if known else None

    def place(self, work: JobWork, entry: Entry) -> None:
        """Put an analysis where its entry says that it stands."""
        self._entries[work.key] = work, entry
        if entry.state == "running" and entry.job_id:
            self.running[entry.job_id] = Job(work, entry, self._next_look_up(entry))
        elif entry.state != "done" and not work.is_given_up(entry):
            self.pending.append(work)

    def succeeded(self, job_id: str) -> None:
        """Note that a running job has ended with success."""
        self.ended[job_id] = self.running.pop(job_id)

    def stop(self, work: JobWork) -> None:
        """Note that there is no money for an analysis that waits no longer."""
        self.stopped[work.key] = work

    def overdue(self) -> list[str]:
        """Return the running jobs that are to be looked up now."""
        at = time.time()
        return [job_id for job_id, job in self.running.items() if job.look_up_at <= at]

    def looked_up(self, job_id: str) -> None:
        """Note that a running job was looked up: the next time is later."""
        job = self.running[job_id]
        job.look_up_at = self._next_look_up(job.entry)

    def progress(self, started: int) -> Progress:
        """Return how far the batch is.

        :param started: jobs that this engine started.
        """
        at = time.time()
        progress = Progress(
            running={job_id: job.work.job.get_operation for job_id, job in self.running.items()},
            pending=len(self.pending),
            stopped=len(self.stopped),
            started=started,
            ended=len(self.ended),
            oldest=int(max((at - job.entry.started_at for job in self.running.values()), default=0)),
        )
        done = [job.work for job in self.ended.values()]
        for work, entry in self._entries.values():
            if entry.state == "done":
                done.append(work)
            elif work.is_given_up(entry):
                progress.failed += 1
                progress.errors.add(entry.error_code, entry.error_message)
        progress.done = len(done)
        progress.minutes = sum(work.asset["duration_ms"] or 0 for work in done) / 60_000
        if self.pending:
            latest = max((entry.started_at for _, entry in self._entries.values()), default=0)
            progress.waiting = int(at - (latest or self.began / 1000))
        return progress

    def _next_look_up(self, entry: Entry) -> float:
        return next_look_up(entry.started_at, time.time(), self._look_up_after)
