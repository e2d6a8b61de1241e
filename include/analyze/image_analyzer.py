"""Analyze images: pay for what a batch still needs, as fast as the quota lets, each analysis once.

Analyses are claimed in the ledger some at a time, just before they are called. Every call goes through the same steps:
wait for the pace, call, and hand the response to the flush. A flush archives a chunk of responses, logs their usage and
only then tells the ledger that they are done. An image call has no idempotency token, so a task killed outright may pay
again for what was in flight or not yet flushed: one chunk (``CHUNK_CALLS`` responses or ``CHUNK_SECONDS`` of them) and
one call per thread, or what was claimed if a flush was held up.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

import orjson
from botocore import xform_name

from include.analyze.circuit_breaker import Breaker
from include.analyze.image_lanes import ImageWork, Lane, Outcome, Outcomes, Summary, lanes_of, received
from include.analyze.pace import Pace
from include.analyze.replaced_objects import REPLACED, replaced_objects
from include.core.errors import TransientError, Verdict, code_and_message, finds_nothing, judge, retrying
from include.core.features import FEATURES
from include.core.metrics import Metric, Metrics, NoMetrics
from include.core.run import Run
from include.store.ledger import Entry, Ledger
from include.store.objects import Row, list_uris, put_ndjson
from include.store.plan_batches import analyses_of
from include.store.response_archive import model_version, now, read_lines, response_line
from include.store.usage_log import starter, usage_lines

log = logging.getLogger(__name__)

CLAIM_CALLS = 100
CLAIMED_AHEAD = 150  # that the threads do not run dry while responses are recorded
CHUNK_CALLS = 100
CHUNK_SECONDS = 5.0
MAX_ATTEMPTS = 30
LONGEST_PAUSE = 5.0  # seconds between attempts at one call
OUTAGE_SECONDS = 300.0  # how long a service that is down is waited for within an attempt of the task
POLL_SECONDS = 2.0
# A claim is renewed before a call that would begin with less of its lease left: it has to outlast call and flush.
LEASE_SHARE_LEFT = 0.5
PROGRESS_SECONDS = 10.0


class ServiceUnavailableError(TransientError):
    """Calls kept failing although they were repeated; what was paid is recorded, and a retry goes on from there."""


class ImageAnalyzer:
    """Analyzes one batch.

    :param rekognition: boto3 client with at least ``threads`` connections for each operation.
    :param s3: boto3 client.
    :param batch: name of the batch within the run, the same at every attempt.
    :param owner: identity of the task instance, the same at every attempt.
    :param threads: concurrent calls of each operation.
    :param paces: operation to its pace.
    :param lease_seconds: how long a claim lasts; more than the longest call and its flush.
    :param metrics: what is told of calls, throttling and errors.
    """

    def __init__(
        self,
        rekognition: Any,
        s3: Any,
        ledger: Ledger,
        run: Run,
        *,
        batch: str,
        owner: str,
        threads: int,
        lease_seconds: int,
        paces: Mapping[str, Pace],
        metrics: Metrics | None = None,
    ) -> None:
        self._rekognition = rekognition
        self._s3 = s3
        self._ledger = ledger
        self._run = run
        self._batch = batch
        self._owner = owner
        self._began = ledger.now()
        self._threads = threads
        self._lease_seconds = lease_seconds
        self._paces = paces
        self._metrics: Metrics = metrics or NoMetrics()
        self._breaker = Breaker(OUTAGE_SECONDS)
        self._patient = retrying(OUTAGE_SECONDS)
        self._stop = threading.Event()
        self._summary = Summary()

    def analyze(self, plan: Iterable[Row]) -> Summary:
        """Pay for the planned analyses of a batch and record those that are reused.

        :raises botocore.exceptions.ClientError: if access is denied; what was paid is recorded.
        :raises ServiceUnavailableError: if the service stays down; a retry goes on from there.
        """
        plan = list(plan)
        reused = [self._work(asset, analysis) for asset, analysis in analyses_of(plan, "reused")]
        planned: dict[str, ImageWork] = {}
        for item in (self._work(asset, analysis) for asset, analysis in analyses_of(plan, "planned")):
            if planned.setdefault(item.key, item) is not item:
                reused.append(item)
        work = list(planned.values())
        if work:
            self._adopt_flushed()
        leased = self._pay(work, reused)
        while leased:
            log.info("%d analyses are being paid for by another run; waiting for it", len(leased))
            time.sleep(POLL_SECONDS)
            leased = self._pay(leased, reused)
        if self._summary.interrupted:
            log.warning(
                "an earlier attempt had claimed %d analyses when it ended; those that it had called are paid for twice",
                self._summary.interrupted,
            )
        self._log_reused(reused)
        self._summary.throttled = sum(pace.throttled for pace in self._paces.values())
        return self._summary

    def _work(self, asset: Row, analysis: Row) -> ImageWork:
        call = FEATURES[analysis["feature"]].image
        assert call is not None
        payer = starter(self._run, asset, "image")
        return ImageWork(
            analysis["analysis_key"], analysis["feature"], call, analysis["parameters"], asset, payer
        )

    def _pay(self, work: list[ImageWork], existing: list[ImageWork]) -> list[ImageWork]:
        """Do the work; return what another run holds, and add to ``existing`` what turns out to be done.

        Each operation has a quota, and so a queue and threads, of its own: none waits for a slower one.
        """
        lanes = lanes_of(work)
        outcomes: Outcomes = SimpleQueue()
        callers = [
            threading.Thread(target=self._call_all, args=(lane, outcomes))
            for lane in lanes
            for _ in range(min(self._threads, lane.left))
        ]
        leased: list[ImageWork] = []
        buffer: list[Outcome] = []
        failure: BaseException | None = None
        total = sum(lane.left for lane in lanes)
        flushed_at = told_at = time.monotonic()
        for caller in callers:
            caller.start()
        try:
            while any(lane.left for lane in lanes):
                try:
                    for lane in lanes:
                        while lane.open and lane.in_flight < CLAIMED_AHEAD:
                            self._claim_next(lane, existing, leased)
                    for lane, outcome in received(outcomes):
                        lane.in_flight -= 1
                        if isinstance(outcome, BaseException):
                            raise outcome
                        if outcome.kind == "leased":
                            leased.append(outcome.work)
                        elif outcome.kind == "exists":
                            existing.append(outcome.work)
                        else:
                            buffer.append(outcome)
                    if len(buffer) >= CHUNK_CALLS or (
                        buffer and time.monotonic() - flushed_at > CHUNK_SECONDS
                    ):
                        self._flush(buffer)
                        buffer, flushed_at = [], time.monotonic()
                except Exception as error:
                    failure = failure or error
                    self._stop.set()
                    for lane in lanes:
                        lane.open.clear()
                if time.monotonic() - told_at > PROGRESS_SECONDS:
                    self._tell(total, lanes)
                    told_at = time.monotonic()
        finally:
            for lane in lanes:
                for _ in range(self._threads):
                    lane.claimed.put(None)
            for caller in callers:
                caller.join()
        self._flush(buffer)
        if failure:
            raise failure
        return leased

    def _tell(self, total: int, lanes: list[Lane]) -> None:
        rates = ", ".join(f"{lane.operation} {self._paces[lane.operation].rate:.0f}/s" for lane in lanes)
        log.info("%d of %d analyses; allowed: %s", total - sum(lane.left for lane in lanes), total, rates)
        for lane in lanes:
            rate = self._paces[lane.operation].rate
            self._metrics.gauge(Metric.CALLS_PER_SECOND_ALLOWED, rate, operation=lane.operation)

    def _claim_next(self, lane: Lane, existing: list[ImageWork], leased: list[ImageWork]) -> None:
        """Claim some of a lane's work, with two requests; sort out what is done or held by another run."""
        chosen = lane.next_open(CLAIM_CALLS)
        known = self._patient(self._ledger.lookup, [work.key for work in chosen])
        self._count_interrupted(known.values())
        done = {key for key, entry in known.items() if entry.state == "done"}
        existing += [work for work in chosen if work.key in done]
        claims = [(work, self._claim(work)) for work in chosen if work.key not in done]
        standing = self._patient(self._ledger.claim_all, [claim for _, claim in claims], self._began)
        for work, claim in claims:
            entry = standing.get(work.key)
            if entry in (
                None,
                claim,
            ):  # our own stands in the way if the answer to the first request was lost
                lane.hand_over(work, claim)
            else:
                (existing if entry.state == "done" else leased).append(work)

    def _call_all(self, lane: Lane, outcomes: Outcomes) -> None:
        """Call what is claimed in a lane until there is a None. Runs in a thread."""
        while (item := lane.claimed.get()) is not None:
            try:
                outcomes.put((lane, self._call(lane, *item)))
            except BaseException as error:
                outcomes.put((lane, error))

    def _call(self, lane: Lane, work: ImageWork, claim: Entry) -> Outcome:
        """Call, repeating what may be repeated, under a claim that is renewed when it grows old."""
        pace, last = self._paces[lane.operation], None
        for attempt in range(MAX_ATTEMPTS):
            self._breaker.wait()
            self._patient(pace.wait, lane.left)
            if self._stop.is_set():
                return Outcome(work, "leased")
            if claim.lease_expires - self._ledger.now() < 1000 * self._lease_seconds * LEASE_SHARE_LEFT:
                since = claim.claimed_at + 1  # what was claimed before is ours to claim again
                claim = self._claim(work)
                standing = self._patient(self._ledger.claim, claim, since)
                if standing not in (None, claim):
                    return Outcome(work, "exists" if standing.state == "done" else "leased")
            began = time.monotonic()
            try:
                response = getattr(self._rekognition, xform_name(work.call.operation))(**work.request)
            except Exception as error:
                if finds_nothing(error, work.call.nothing_found_error):
                    return self._paid(work, began, {}, code_and_message(error)[1])
                verdict = judge(error)
                if verdict is Verdict.SLOW_DOWN:
                    self._metrics.count(Metric.THROTTLES, operation=lane.operation)
                else:
                    self._metrics.count(Metric.ERRORS, code=code_and_message(error)[0])
                if verdict is Verdict.STOP:
                    raise
                if verdict is Verdict.REJECTED:
                    self._breaker.succeeded()
                    code, message = code_and_message(error)
                    entry = replace(
                        claim, state="failed", error_code=code, error_message=message, completed_at=now()
                    )
                    return Outcome(work, "failed", entry=entry)
                log.debug("%s of %s: %s", work.call.operation, work.asset["key"], error)
                last = error
                if verdict is Verdict.TRY_AGAIN:
                    self._breaker.failed()
                    if self._breaker.gave_up:
                        break
                else:
                    self._breaker.succeeded()
                    pace.was_throttled()
                if not self._breaker.is_open:
                    time.sleep(min(LONGEST_PAUSE, 0.1 * 2**attempt))
            else:
                return self._paid(work, began, response)
        raise ServiceUnavailableError(
            f"{work.call.operation} failed {attempt + 1} times, last with: {last}. "
            "What was paid is recorded; the task's retry goes on from there."
        ) from last

    def _paid(self, work: ImageWork, began: float, response: Row, note: str | None = None) -> Outcome:
        """Return the outcome of a call that AWS answered.

        :param began: when it was sent, in seconds of the monotonic clock.
        :param note: why the response is empty, if it is an error that says that there is nothing to find.
        """
        self._breaker.succeeded()
        duration = time.monotonic() - began
        self._metrics.timing(Metric.CALL_DURATION, duration, operation=work.call.operation)
        version = model_version(work.call, work.parameters, response)
        line = response_line(work.key, work.call.operation, work.request, response, version)
        line |= {"feature": work.feature, "content_id": work.asset["content_id"], "payer": work.payer}
        if note:
            line["note"] = note
        return Outcome(work, "paid", line=line)

    def _claim(self, work: ImageWork) -> Entry:
        now_ms = self._ledger.now()
        return Entry(
            key=work.key,
            state="running",
            owner=self._owner,
            claimed_at=now_ms,
            lease_expires=now_ms + 1000 * self._lease_seconds,
            starter=orjson.dumps(work.payer).decode(),
        )

    def _flush(self, outcomes: list[Outcome]) -> None:
        """Archive responses, log their usage, then tell the ledger: in this order nothing paid is ever lost."""
        paid = [outcome for outcome in outcomes if outcome.kind == "paid"]
        entries = [outcome.entry for outcome in outcomes if outcome.entry is not None]
        if paid:
            name = f"{int(time.time() * 1000)}-{uuid.uuid4().hex[:8]}"
            uri = f"{self._run.responses_uri(self._batch)}{name}.ndjson.gz"
            entries += self._patient(self._archive, uri, paid)
        self._patient(self._ledger.finish, entries)
        self._summary.calls += len(paid)
        for feature, calls in Counter(outcome.work.feature for outcome in paid).items():
            self._metrics.count(Metric.CALLS, calls, feature=feature)
        for entry in entries:
            if entry.state == "failed":
                self._summary.failed += 1
                self._summary.errors.add(entry.error_code, entry.error_message)

    def _archive(self, uri: str, paid: list[Outcome]) -> list[Entry]:
        """Put a chunk of responses where it belongs and log its usage; done again, it replaces what it did."""
        lines = [outcome.line for outcome in paid if outcome.line]
        replaced = replaced_objects(self._s3, (outcome.work.asset for outcome in paid))
        for line in lines:
            line["replaced"] = line["payer"]["media_id"] in replaced
        put_ndjson(self._s3, uri, lines)
        return self._record(uri, lines)

    def _record(self, uri: str, lines: list[Row]) -> list[Entry]:
        """Log the usage of an archived chunk, under the chunk's name, and return its ledger entries."""
        usage: list[Row] = []
        entries = []
        for line in lines:
            key, payer = line["analysis_key"], line["payer"]
            usage += usage_lines(payer, key, line["feature"], 1.0, line["at"], reused=False)
            entry = Entry(
                key=key,
                state="done",
                owner=self._owner,
                starter=orjson.dumps(payer).decode(),
                response_uri=uri,
                model_version=line["model_version"],
                completed_at=line["at"],
                units=1.0,
            )
            if line["replaced"]:
                entry = replace(
                    entry,
                    state="failed",
                    response_uri=None,
                    error_code=REPLACED[0],
                    error_message=REPLACED[1],
                )
            entries.append(entry)
        chunk = uri.rsplit("/", 1)[1].removesuffix(".ndjson.gz")
        put_ndjson(self._s3, self._run.usage_uri(f"{self._batch}-{chunk}"), usage)
        return entries

    def _adopt_flushed(self) -> None:
        """Record chunks that an earlier attempt archived without coming to tell the ledger."""
        for uri in list_uris(self._s3, self._run.responses_uri(self._batch)):
            lines = list(read_lines(self._s3, uri))
            known = self._ledger.lookup(line["analysis_key"] for line in lines)
            done = {key for key, entry in known.items() if entry.state == "done"}
            if any(line["analysis_key"] not in done for line in lines if not line["replaced"]):
                log.info("adopting %d responses that an earlier attempt archived", len(lines))
                self._ledger.finish(self._record(uri, lines))

    def _count_interrupted(self, entries: Iterable[Entry]) -> None:
        """Note what an earlier attempt had claimed and not recorded: it may have been called, and will be again."""
        ours = [entry for entry in entries if entry.state == "running" and entry.owner == self._owner]
        self._summary.interrupted += sum(entry.claimed_at < self._began for entry in ours)

    def _log_reused(self, work: list[ImageWork]) -> None:
        """Log what was reused: done, and not paid for by this run for the same asset in an earlier attempt."""
        entries = self._ledger.lookup(item.key for item in work)
        reused = [
            item
            for item in work
            if (entry := entries.get(item.key)) and entry.saves(self._run.run_id, item.asset["media_id"])
        ]
        lines: list[Row] = []
        at = now()
        for item in reused:
            lines += usage_lines(item.payer, item.key, item.feature, 1.0, at, reused=True)
        if lines:
            put_ndjson(self._s3, self._run.usage_uri(f"{self._batch}-reused"), lines)
        self._summary.reused = len(reused)


def planned_operations(plan: Iterable[Row]) -> frozenset[str]:
    """Return the operations that a batch may have to call."""
    calls = (FEATURES[analysis["feature"]].image for _, analysis in analyses_of(plan, "planned"))
    return frozenset(call.operation for call in calls if call is not None)
