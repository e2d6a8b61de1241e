"""Starts video jobs while there are slots; the ledger records each request before it is sent."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import orjson
from botocore.exceptions import ClientError

from include.analyze.replaced_objects import present_etag
from include.core.errors import Verdict, code_and_message, judge
from include.core.metrics import Metric, Metrics
from include.store.ledger import Entry
from include.store.objects import Row
from include.store.response_archive import REPLACED

if TYPE_CHECKING:
    from include.analyze.batch_state import BatchState
    from include.analyze.job_client import JobClient
    from include.analyze.job_failures import JobFailures
    from include.analyze.job_slots import JobSlots
    from include.analyze.job_spending import JobSpending
    from include.analyze.video_work import JobWork
    from include.store.workspace import Workspace

log = logging.getLogger(__name__)

STARTS_PER_TURN = 10

StartOutcome = Literal["started", "not needed", "no slot", "later"]


class JobStarter:
    """Starts the jobs of one batch.

    :param owner: identity of the batch of the run, the same at every attempt.
    """

    def __init__(
        self,
        workspace: Workspace,
        client: JobClient,
        slots: JobSlots,
        failures: JobFailures,
        spending: JobSpending,
        metrics: Metrics,
        owner: str,
    ) -> None:
        self._settings = workspace.settings
        self._ledger = workspace.ledger
        self._s3 = workspace.s3
        self._client = client
        self._slots = slots
        self._failures = failures
        self._spending = spending
        self._metrics = metrics
        self._owner = owner
        self.started = 0

    def start_some(self, state: BatchState) -> None:
        """Start jobs while there are slots; some at most, so that other batches have their turn.

        :raises botocore.exceptions.ClientError: if access is denied; a retry goes on from there.
        """
        self._stop_what_has_no_money(state)
        holding = False
        try:
            for _ in range(min(len(state.pending), STARTS_PER_TURN)):
                holding = holding or self._slots.take()
                if not holding:
                    return
                outcome = self._start_next(state)
                if outcome == "started":
                    holding = False
                    self._slots.used()
                elif outcome == "no slot":
                    holding = False
                    self._slots.refused()
                    return
                elif outcome == "later":
                    return
        finally:
            if holding:
                self._slots.unused()

    def _stop_what_has_no_money(self, state: BatchState) -> None:
        """Let nothing wait for a slot that there was no money for."""
        pending, state.pending = state.pending, deque()
        for work in pending:
            if self._spending.is_out_of(work):
                state.stop(work)
            else:
                state.pending.append(work)

    def _start_next(self, state: BatchState) -> StartOutcome:
        """Claim the analysis that waits first, and start its job unless another run has it or money lacks."""
        work = state.pending.popleft()
        known = state.entry(work.key)
        claim = self._claim(work, known)
        conflict = self._ledger.claim(claim, state.began)
        # If the answer to a first request was lost, it is our own claim that stands in the way.
        if conflict is not None and conflict != claim:
            state.place(work, conflict)
            return "not needed"
        if not self._spending.reserve(work, claim):
            self._ledger.release(claim)
            state.stop(work)
            return "not needed"
        entry, outcome = self._start(work, claim, repeated=_is_interrupted(known))
        state.place(work, entry)
        return outcome

    def _start(self, work: JobWork, claim: Entry, *, repeated: bool) -> tuple[Entry, StartOutcome]:
        """Start and record a claimed job, unless the video is another one by now.

        :param repeated: whether the request may have been sent before, and so may be paid for.
        :return: the entry as recorded, and what came of the start.
        """
        assert claim.request is not None
        operation = work.job.start_operation
        try:
            if not repeated and present_etag(self._s3, work.asset) != work.asset["etag"]:
                return self._failures.record(work, claim, REPLACED), "not needed"
            job_id = self._client.start_job(operation, **json.loads(claim.request))
        except Exception as error:
            verdict = judge(error)
            if isinstance(error, ClientError) and verdict is not Verdict.TRY_AGAIN:
                self._spending.settle(work, claim, 0)
            if verdict is Verdict.REJECTED:
                return self._failures.record(work, claim, code_and_message(error)), "not needed"
            self._ledger.release(claim)
            if verdict is Verdict.STOP:
                raise
            log.info("%s of %s waits: %s", operation, work.asset["media_id"], error)
            return replace(claim, lease_expires=0), "no slot" if verdict is Verdict.NO_SLOT else "later"
        running = replace(claim, job_id=job_id, started_at=int(time.time()))
        self.started += 1
        self._metrics.count(Metric.JOBS, feature=work.feature, state="started")
        return self._ledger.started(running) or running, "started"

    def _claim(self, work: JobWork, known: Entry | None) -> Entry:
        """Return the claim for the next attempt at a job; a claim taken over repeats the recorded request."""
        now_ms = self._ledger.now()
        claim = Entry(
            key=work.key,
            state="running",
            owner=self._owner,
            claimed_at=now_ms,
            lease_expires=now_ms + 1000 * self._settings.lease_seconds,
        )
        if known is not None and _is_interrupted(known):
            return replace(claim, number=known.number, request=known.request, payer=known.payer)
        number = known.number + 1 if known is not None else 1
        payer = orjson.dumps(work.payer).decode()
        return replace(claim, number=number, request=self._request(work, number), payer=payer)

    def _request(self, work: JobWork, number: int) -> str:
        video: Row = {"Bucket": work.asset["bucket"], "Name": work.asset["key"]}
        if work.asset["version_id"]:
            video["Version"] = work.asset["version_id"]
        token = hashlib.sha256(f"{work.key}/{work.job.start_operation}/{number}".encode()).hexdigest()
        channel = {"SNSTopicArn": self._settings.jobs_topic_arn, "RoleArn": self._settings.jobs_role_arn}
        request = {
            "Video": {"S3Object": video},
            "ClientRequestToken": token,
            "JobTag": work.feature,
            "NotificationChannel": channel,
            **work.parameters,
        }
        return json.dumps(request, sort_keys=True)


def _is_interrupted(entry: Entry | None) -> bool:
    """Return whether a job that has no JobId yet may have been asked for."""
    return entry is not None and entry.state == "running"
