"""The ends of video jobs: notifications tell them, and look-ups where a notification is overdue."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from include.analyze.job_failures import RESULTS_EXPIRED, job_failure
from include.core.errors import NO_RESOURCE, error_code, is_transient

if TYPE_CHECKING:
    from include.analyze.batch_state import BatchState, Job
    from include.analyze.job_client import JobClient
    from include.analyze.job_failures import JobFailures
    from include.analyze.job_slots import JobSlots
    from include.core.features import VideoJob
    from include.store.ledger import Entry, Ledger

log = logging.getLogger(__name__)


class EndedJobs:
    """Records the ends of jobs in the ledger, and finds there those of a batch, whoever recorded them."""

    def __init__(self, client: JobClient, ledger: Ledger, slots: JobSlots, failures: JobFailures) -> None:
        self._client = client
        self._ledger = ledger
        self._slots = slots
        self._failures = failures

    def record(self, job_id: str, status: str, ended_at: int | None = None) -> bool:
        """Record that a job ended and that its slot is free; return whether that was news."""
        news = self._ledger.record_end(job_id, status, ended_at)
        if news:
            self._slots.freed()
        return news

    def look_up_overdue(self, state: BatchState) -> None:
        """Ask Rekognition for the jobs whose notification is overdue, and record those that have ended."""
        for job_id in state.overdue():
            status = self._status(state.running[job_id].work.job, job_id)
            if status is not None and status != "IN_PROGRESS":
                log.info("job %s ended as %s without a notification", job_id, status)
                self.record(job_id, status)
            state.looked_up(job_id)

    def process(self, state: BatchState) -> None:
        """Take note of the jobs of a batch whose end is recorded: of the failed ones, with the reason."""
        for job_id, status in self._ledger.job_ends(state.running).items():
            if status == "SUCCEEDED":
                state.succeeded(job_id)
            else:
                self._process_failed(state, job_id)

    def _process_failed(self, state: BatchState, job_id: str) -> None:
        job = state.running[job_id]
        try:
            entry = self._record_failure(job, job_id)
        except Exception as error:
            if not is_transient(error):
                raise
            log.info(
                "job %s failed; Rekognition cannot say now why, and is asked again later: %s", job_id, error
            )
            return
        del state.running[job_id]
        state.place(job.work, entry)

    def _record_failure(self, job: Job, job_id: str) -> Entry:
        """Record that a job ended as FAILED, with the reason that its Get operation gives.

        :return: the entry, which is another attempt's if another run was faster.
        """
        present = self._ledger.lookup([job.work.key]).get(job.work.key)
        if present is not None and present.job_id != job_id:
            return present
        try:
            _, message = self._client.get_job_status(job.work.job.get_operation, job_id)
        except ClientError as error:
            if error_code(error) not in NO_RESOURCE:
                raise
            return self._failures.record(job.work, job.entry, RESULTS_EXPIRED)
        return self._failures.record(job.work, job.entry, job_failure(message))

    def _status(self, job: VideoJob, job_id: str) -> str | None:
        """Return the state of a job, None if Rekognition cannot say now."""
        try:
            status, _ = self._client.get_job_status(job.get_operation, job_id)
        except Exception as error:
            if error_code(error) in NO_RESOURCE:
                return "FAILED"  # results are kept for 7 days: nobody will ever get them
            if not is_transient(error):
                raise
            log.info("look-up of job %s will be repeated: %s", job_id, error)
            return None
        return status
