"""Analyze videos: start jobs while there are slots, archive what they found, and pay for each job once.

All state is in the ledger, so nothing depends on a task staying alive and any number of runs may wait for one
job. A job's ``ClientRequestToken`` is made from the analysis key and the attempt's number, which rises only
after a recorded failure; the Start request is recorded before it is sent, so whoever repeats it sends the
same and gets the same JobId, at no charge. Facts about tokens, slots and pages: "Calling Amazon Rekognition
Video operations" (https://docs.aws.amazon.com/rekognition/latest/dg/api-video.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from include.analyze.batch_state import BatchState
from include.analyze.ended_jobs import EndedJobs
from include.analyze.job_failures import JobFailures
from include.analyze.job_harvest import JobHarvest
from include.analyze.job_slots import KEY as SLOTS_KEY
from include.analyze.job_slots import JobSlots
from include.analyze.job_spending import JobSpending
from include.analyze.job_starter import JobStarter
from include.analyze.reused_videos import log_reused
from include.analyze.video_work import JobWork, Progress, fair_order
from include.core.features import FEATURES
from include.core.metrics import Metric, Metrics, NoMetrics
from include.store.ledger import Entry
from include.store.objects import Row
from include.store.plan_batches import PlannedState, analyses_of, takes_frames
from include.store.stopped_analyses import note_stopped, stopped_analyses
from include.store.usage_log import payer_of

if TYPE_CHECKING:
    from include.analyze.job_client import JobClient
    from include.store.workspace import Workspace


class VideoAnalyzer:
    """Moves the jobs of one batch forward. Every method may be repeated at any time, also by another process.

    :param client: of Rekognition.
    :param batch: name of the batch within the run, the same at every attempt.
    :param metrics: gets the figures of jobs and of the slots that they take.
    """

    def __init__(
        self, workspace: Workspace, client: JobClient, *, batch: str, metrics: Metrics | None = None
    ) -> None:
        self._run = workspace.run
        self._s3 = workspace.s3
        self._ledger = workspace.ledger
        self._look_up_after = workspace.settings.sweep_after_seconds
        self._batch = batch
        self._metrics: Metrics = metrics or NoMetrics()
        slots = JobSlots(self._ledger.shared(SLOTS_KEY))
        spending = JobSpending(workspace)
        failures = JobFailures(self._ledger, spending, self._metrics)
        owner = f"{self._run.token}/{batch}"
        self._starter = JobStarter(workspace, client, slots, failures, spending, self._metrics, owner)
        self._ended_jobs = EndedJobs(client, self._ledger, slots, failures)
        self._harvest = JobHarvest(workspace, client, failures, spending, self._metrics)
        self._state = self._read_state([])

    def advance(self, plan: Iterable[Row]) -> Progress:
        """Look up where the batch stands, process the jobs that ended and start some."""
        self._state = self._read_state(self.work(plan))
        return self.process_ended_and_start()

    def process_ended_and_start(self) -> Progress:
        """Take note of the jobs that ended and start some that there are slots for.

        :return: where the batch stands now, as far as this engine knows.
        :raises botocore.exceptions.ClientError: if access is denied; a retry goes on from there.
        """
        self._ended_jobs.process(self._state)
        self._starter.start_some(self._state)
        progress = self.progress()
        if progress.finished:
            stopped = {work.key: work.payer["cost_center"] for work in self._state.stopped.values()}
            note_stopped(self._s3, self._run, self._batch, stopped)
        self._metrics.gauge(Metric.SLOTS_IN_USE, len(progress.running), batch=self._batch)
        self._metrics.gauge(Metric.JOBS_WAITING, progress.pending, batch=self._batch)
        self._metrics.gauge(Metric.QUEUE_AGE, progress.waiting, batch=self._batch)
        return progress

    def job_ended(self, job_id: str, status: str, ended_at: int | None = None) -> bool:
        """Record that a job ended, whoever waits for it; return whether that was news.

        :param ended_at: in milliseconds since the epoch; by default now.
        """
        return self._ended_jobs.record(job_id, status, ended_at)

    def look_up_overdue(self) -> None:
        """Ask Rekognition for the jobs whose notification is overdue, and record those that have ended."""
        self._ended_jobs.look_up_overdue(self._state)

    def archive_ended(self) -> None:
        """Archive the pages of the jobs that have succeeded so far."""
        self._harvest.archive_ended(self._state)

    def collect(self, plan: Iterable[Row]) -> Progress:
        """Archive every page of the jobs that succeeded, log their usage and record them as done.

        Pages that an earlier attempt archived are kept; the rest follows from the last page's token.
        """
        plan = list(plan)
        work = self.work(plan)
        self._state = self._read_state(work)
        for job_id in list(self._state.running):  # also those whose end nobody has heard of
            self._state.succeeded(job_id)
        self.archive_ended()
        stopped = stopped_analyses(self._s3, self._run, self._batch)
        progress = Progress()
        reused: list[tuple[JobWork, Entry]] = []
        for item in work:
            entry = self._state.entry(item.key)
            if entry is not None and entry.state == "done":
                progress.done += 1
                progress.minutes += entry.units
                reused.append((item, entry))
            elif item.key in stopped:
                progress.stopped += 1
            else:
                progress.failed += 1
                progress.errors.add(*_error_of(entry))
        progress.reused = log_reused(self._s3, self._run, reused + self._reused_by_plan(plan))
        return progress

    def work(self, plan: Iterable[Row]) -> list[JobWork]:
        """Return the planned analyses of a batch in the order in which they are to be started."""
        return fair_order(self._jobs(plan, "planned"))

    def progress(self) -> Progress:
        """Return where the batch stands, as far as this engine knows."""
        return self._state.progress(self._starter.started)

    def _read_state(self, work: list[JobWork]) -> BatchState:
        """Return where the ledger says that the analyses stand."""
        began = self._ledger.now()
        known = self._ledger.lookup(item.key for item in work)
        return BatchState(work, known, began, self._look_up_after)

    def _jobs(self, plan: Iterable[Row], state: PlannedState) -> Iterator[JobWork]:
        """Yield the analyses in a state, apart from those that frames are taken for."""
        for asset, analysis in analyses_of(plan, state):
            if not takes_frames(analysis):
                yield self._work(asset, analysis)

    def _work(self, asset: Row, analysis: Row) -> JobWork:
        job = FEATURES[analysis["feature"]].video
        assert job is not None
        return JobWork(
            analysis["analysis_key"],
            analysis["feature"],
            job,
            analysis["parameters"],
            asset,
            payer_of(self._run, asset, "video"),
            analysis.get("failures", 0),
        )

    def _reused_by_plan(self, plan: list[Row]) -> list[tuple[JobWork, Entry]]:
        work = list(self._jobs(plan, "reused"))
        entries = self._ledger.lookup(item.key for item in work)
        return [(item, entries[item.key]) for item in work if item.key in entries]


def _error_of(entry: Entry | None) -> tuple[str | None, str | None]:
    """Return code and message of an analysis that is not done."""
    if entry is not None and entry.error_code:
        return entry.error_code, entry.error_message
    return "NotStarted", "no slot became free in time"
