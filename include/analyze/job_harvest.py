"""The results of a video job are archived and its usage logged before the ledger says that it is done."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import orjson
from botocore.exceptions import ClientError

from include.analyze.job_failures import RESULTS_EXPIRED, job_failure
from include.analyze.job_pages import JobArchive, Pages
from include.analyze.replaced_objects import present_etag
from include.core.errors import NO_RESOURCE, error_code
from include.core.metrics import Metric, Metrics
from include.core.run import Run, job_responses_uri
from include.store.objects import Row, put_ndjson
from include.store.response_archive import (
    REPLACED,
    instant,
    mark_replaced,
    model_version,
    now,
    response_line,
)
from include.store.usage_log import usage_lines

if TYPE_CHECKING:
    from include.analyze.batch_state import BatchState, Job
    from include.analyze.job_client import JobClient
    from include.analyze.job_failures import JobFailures
    from include.analyze.job_spending import JobSpending
    from include.analyze.video_work import JobWork
    from include.store.ledger import Entry
    from include.store.workspace import Workspace

log = logging.getLogger(__name__)

_DAY = 86_400
RESULT_SECONDS = 7 * _DAY


class JobHarvest:
    """Archives what jobs found."""

    def __init__(
        self,
        workspace: Workspace,
        client: JobClient,
        failures: JobFailures,
        spending: JobSpending,
        metrics: Metrics,
    ) -> None:
        self._ledger = workspace.ledger
        self._s3 = workspace.s3
        self._bucket = workspace.run.bucket
        self._client = client
        self._failures = failures
        self._spending = spending
        self._metrics = metrics

    def archive_ended(self, state: BatchState) -> None:
        """Archive the pages of the jobs that have succeeded, the oldest first: they expire first."""
        ended_at = self._ledger.job_end_times(state.ended)
        for job_id, job in sorted(state.ended.items(), key=lambda each: each[1].entry.started_at):
            age = time.time() - job.entry.started_at
            if age > RESULT_SECONDS - _DAY:
                log.warning("job %s was started %.1f days ago: its results may be lost", job_id, age / _DAY)
            del state.ended[job_id]
            state.place(job.work, self._archive(job, job_id, ended_at.get(job_id)))

    def _archive(self, job: Job, job_id: str, ended_at: int | None) -> Entry:
        """Archive a job's pages, log its usage and record it as done, or as failed if it did.

        :param ended_at: in milliseconds since the epoch; None if it is not known.
        """
        prefix = job_responses_uri(self._bucket, job_id)
        line = partial(_archive_line, job.work, job_id)
        archive = JobArchive(self._client.conn, self._s3, job.work.job, job_id, prefix, line)
        try:
            pages = archive.complete()
        except ClientError as error:
            if error_code(error) not in NO_RESOURCE:
                raise
            # It succeeded, so it is billed all the same.
            self._log_usage(job, job_id, job.work.asset["duration_ms"] or 0, ended_at, now())
            return self._failures.record(job.work, job.entry, RESULTS_EXPIRED)
        if pages.status == "IN_PROGRESS":
            return job.entry
        if pages.status == "FAILED":
            message = pages.first["response"].get("StatusMessage", "")
            return self._failures.record(job.work, job.entry, job_failure(message))
        return self._record(job, job_id, prefix, pages, ended_at)

    def _record(self, job: Job, job_id: str, prefix: str, pages: Pages, ended_at: int | None) -> Entry:
        """Log the usage of a job whose pages are archived, then tell the ledger."""
        work, entry = job.work, job.entry
        duration_ms = _duration_ms(pages.first["response"], work.asset)
        payer = self._log_usage(job, job_id, duration_ms, ended_at, pages.first["at"])
        # We cannot tell which content the job read. A video that is gone by now was there at the start.
        if present_etag(self._s3, work.asset) not in (work.asset["etag"], None):
            mark_replaced(self._s3, prefix)
            return self._failures.record(work, entry, REPLACED)
        done = replace(
            entry,
            state="done",
            payer=orjson.dumps(payer).decode(),
            response_uri=prefix,
            model_version=pages.first["model_version"],
            completed_at=pages.last["at"],
            units=duration_ms / 60_000,
        )
        self._ledger.finish([done])
        self._metrics.count(Metric.JOBS, feature=work.feature, state="archived")
        self._metrics.timing(Metric.JOB_DURATION, time.time() - entry.started_at, feature=work.feature)
        return done

    def _log_usage(self, job: Job, job_id: str, duration_ms: int, ended_at: int | None, seen_at: str) -> Row:
        """Log the usage of a job that succeeded, when it ended or else was seen to have; return who pays."""
        work = job.work
        payer: Row = json.loads(job.entry.payer) if job.entry.payer else work.payer
        at = instant(ended_at / 1000) if ended_at else seen_at
        usage = usage_lines(
            payer, work.key, work.feature, work.parameters, duration_ms / 60_000, at, reused=False
        )
        payer_run = Run(self._bucket, payer["dag_id"], payer["run_id"], payer["partition"])
        self._spending.settle(work, job.entry, duration_ms / 60_000)
        put_ndjson(
            self._s3, payer_run.usage_uri(f"job-{job_id}"), (line | {"ended_at": at} for line in usage)
        )
        return payer


def _archive_line(work: JobWork, job_id: str, reply: Row, token: str | None) -> Row:
    version = model_version(work.job, work.parameters, reply)
    request = {"JobId": job_id} | ({"NextToken": token} if token else {})
    line = response_line(work.key, work.job.get_operation, request, reply, version)
    return line | {"feature": work.feature, "content_id": work.asset["content_id"]}


def _duration_ms(reply: Row, asset: Row) -> int:
    metadata = reply.get("VideoMetadata") or {}
    if isinstance(metadata, list):
        metadata = metadata[0] if metadata else {}
    duration: int = metadata.get("DurationMillis") or asset["duration_ms"] or 0
    return duration
