"""Analyze images: pay for what a batch still needs, as fast as the quota lets, each analysis once.

Analyses are claimed in the ledger some at a time, just before they are called. Every call goes through the same steps:
wait for the pace, call, and hand the response to the flush. A flush archives a chunk of responses, logs their usage and only then tells the ledger that they are
done. An image call has no idempotency token, so a task killed outright may pay again for what was in flight or not yet
flushed: at most one chunk (``CHUNK_CALLS`` responses or ``CHUNK_SECONDS`` of them) and one call per thread.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson
from botocore import xform_name

from include.aws_errors import Verdict, code_and_message, finds_nothing, judge
from include.features import FEATURES, ImageCall
from include.ledger import Entry, Ledger
from include.objects import Row, list_uris, put_ndjson
from include.pace import Pace
from include.responses import (
    analyses_of,
    model_version,
    now,
    read_lines,
    response_line,
    starter,
    usage_lines,
)
from include.run import Run

log = logging.getLogger(__name__)

CLAIM_CALLS = 100
CHUNK_CALLS = 100
CHUNK_SECONDS = 5.0
MAX_ATTEMPTS = 10
POLL_SECONDS = 2.0
# A claim is renewed before a call that would begin with less of its lease left: it has to outlast call and flush.
LEASE_SHARE_LEFT = 0.5
PROGRESS_SECONDS = 10.0


class ServiceUnavailableError(RuntimeError):
    """Calls kept failing although they were repeated; what was paid is recorded, and a retry goes on from there."""


@dataclass(frozen=True)
class _Work:
    """One analysis to pay for."""

    key: str
    feature: str
    call: ImageCall
    parameters: Row
    asset: Row
    payer: Row

    @property
    def request(self) -> Row:
        image: Row = {"Bucket": self.asset["bucket"], "Name": self.asset["key"]}
        if self.asset["version_id"]:
            image["Version"] = self.asset["version_id"]
        return {"Image": {"S3Object": image}, **self.parameters}


@dataclass(frozen=True)
class _Outcome:
    """How one piece of work went; ``line`` is set if it was paid for, ``entry`` if it failed."""

    work: _Work
    kind: Literal["paid", "failed", "exists", "leased"]
    line: Row | None = None
    entry: Entry | None = None


@dataclass
class Summary:
    """Counts of one batch, small enough for an XCom."""

    calls: int = 0
    reused: int = 0
    failed: int = 0
    throttled: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    def to_xcom(self) -> dict[str, Any]:
        return {
            "calls": self.calls,
            "reused": self.reused,
            "failed": self.failed,
            "throttled": self.throttled,
            "errors": dict(self.errors.most_common(3)),
        }


class ImageAnalyzer:
    """Analyzes one batch.

    :param rekognition: boto3 client with at least ``threads`` connections.
    :param s3: boto3 client.
    :param batch: name of the batch within the run, the same at every attempt.
    :param owner: identity of the task instance, the same at every attempt.
    :param lease_seconds: how long a claim lasts; more than the longest call and its flush.
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
        pace: Pace,
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
        self._pace = pace
        self._stop = threading.Event()
        self._summary = Summary()

    def analyze(self, plan: Iterable[Row]) -> Summary:
        """Pay for the planned analyses of a batch and record those that are reused.

        :raises botocore.exceptions.ClientError: if access is denied; what was paid is recorded.
        :raises ServiceUnavailableError: if the service stays down; a retry goes on from there.
        """
        plan = list(plan)
        work = [self._work(asset, analysis) for asset, analysis in analyses_of(plan, "planned")]
        if work:
            self._adopt_flushed()
        reused = [self._work(asset, analysis) for asset, analysis in analyses_of(plan, "reused")]
        leased = self._pay(work, reused)
        while leased:
            log.info("%d analyses are being paid for by another run; waiting for it", len(leased))
            time.sleep(POLL_SECONDS)
            leased = self._pay(leased, reused)
        self._log_reused(reused)
        self._summary.throttled = self._pace.throttled
        return self._summary

    def _work(self, asset: Row, analysis: Row) -> _Work:
        call = FEATURES[analysis["feature"]].image
        assert call is not None
        payer = starter(self._run, asset, "image")
        return _Work(
            analysis["analysis_key"], analysis["feature"], call, analysis["parameters"], asset, payer
        )

    def _pay(self, work: list[_Work], existing: list[_Work]) -> list[_Work]:
        """Do the work; return what another run holds, and add to ``existing`` what turns out to be done."""
        known = self._ledger.lookup(item.key for item in work)
        done = {key for key, entry in known.items() if entry.state == "done"}
        existing += [item for item in work if item.key in done]
        open_work = deque(item for item in work if item.key not in done)
        claimed: deque[tuple[_Work, Entry]] = deque()
        leased: list[_Work] = []
        buffer: list[_Outcome] = []
        failure: Exception | None = None
        total, flushed_at, told_at = len(open_work), time.monotonic(), time.monotonic()
        running: set[Future[_Outcome]] = set()
        with ThreadPoolExecutor(self._threads) as pool:
            while open_work or claimed or running:
                while claimed and len(running) < 2 * self._threads:
                    running.add(pool.submit(self._call, *claimed.popleft()))
                try:
                    if open_work and len(claimed) < self._threads:
                        self._claim_next(open_work, claimed, existing, leased)
                    finished, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                    for outcome in self._outcomes(finished):
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
                    open_work.clear()
                    claimed.clear()
                if time.monotonic() - told_at > PROGRESS_SECONDS:
                    left = len(open_work) + len(claimed) + len(running)
                    log.info("%d of %d analyses, %.0f calls/s allowed", total - left, total, self._pace.rate)
                    told_at = time.monotonic()
        self._flush(buffer)
        if failure:
            raise failure
        return leased

    @staticmethod
    def _outcomes(finished: Iterable[Future[_Outcome]]) -> Iterator[_Outcome]:
        """Yield the outcomes of calls, and raise the first error only after the last of them."""
        failure: BaseException | None = None
        for future in finished:
            error = future.exception()
            if error is None:
                yield future.result()
            else:
                failure = failure or error
        if failure:
            raise failure

    def _claim_next(
        self,
        open_work: deque[_Work],
        claimed: deque[tuple[_Work, Entry]],
        existing: list[_Work],
        leased: list[_Work],
    ) -> None:
        """Claim some of the open work, with one request; sort out what is done or held by another run."""
        claims = [
            (work, self._claim(work))
            for work in (open_work.popleft() for _ in range(min(CLAIM_CALLS, len(open_work))))
        ]
        standing = self._ledger.claim_all((claim for _, claim in claims), self._began)
        for work, claim in claims:
            entry = standing.get(work.key)
            if entry is None:
                claimed.append((work, claim))
            else:
                (existing if entry.state == "done" else leased).append(work)

    def _call(self, work: _Work, claim: Entry) -> _Outcome:
        """Call, repeating what may be repeated, under a claim that is renewed when it grows old. Runs in a thread."""
        for attempt in range(MAX_ATTEMPTS):
            self._pace.wait()
            if self._stop.is_set():
                return _Outcome(work, "leased")
            if claim.lease_expires - self._ledger.now() < 1000 * self._lease_seconds * LEASE_SHARE_LEFT:
                since = claim.claimed_at + 1  # what was claimed before is ours to claim again
                claim = self._claim(work)
                standing = self._ledger.claim(claim, since)
                if standing is not None:
                    return _Outcome(work, "exists" if standing.state == "done" else "leased")
            try:
                response = getattr(self._rekognition, xform_name(work.call.operation))(**work.request)
            except Exception as error:
                if finds_nothing(error, work.call.nothing_found_error):
                    return self._paid(work, {}, code_and_message(error)[1])
                verdict = judge(error)
                if verdict is Verdict.STOP:
                    raise
                if verdict is Verdict.REJECTED:
                    code, message = code_and_message(error)
                    entry = replace(
                        claim, state="failed", error_code=code, error_message=message, completed_at=now()
                    )
                    return _Outcome(work, "failed", entry=entry)
                if verdict is Verdict.SLOW_DOWN:
                    self._pace.was_throttled()
                log.debug("%s of %s: %s", work.call.operation, work.asset["key"], error)
                time.sleep(min(20.0, 0.1 * 2**attempt))
                last = error
            else:
                return self._paid(work, response)
        raise ServiceUnavailableError(
            f"{work.call.operation} failed {MAX_ATTEMPTS} times, last with: {last}. "
            "What was paid is recorded; the task's retry goes on from there."
        ) from last

    def _paid(self, work: _Work, response: Row, note: str | None = None) -> _Outcome:
        """Return the outcome of a call that AWS answered.

        :param note: why the response is empty, if it is an error that says that there is nothing to find.
        """
        self._pace.succeeded()
        version = model_version(work.call, work.parameters, response)
        line = response_line(work.key, work.call.operation, work.request, response, version)
        line |= {"feature": work.feature, "content_id": work.asset["content_id"], "payer": work.payer}
        if note:
            line["note"] = note
        return _Outcome(work, "paid", line=line)

    def _claim(self, work: _Work) -> Entry:
        now_ms = self._ledger.now()
        return Entry(
            key=work.key,
            state="running",
            owner=self._owner,
            claimed_at=now_ms,
            lease_expires=now_ms + 1000 * self._lease_seconds,
            starter=orjson.dumps(work.payer).decode(),
        )

    def _flush(self, outcomes: list[_Outcome]) -> None:
        """Archive responses, log their usage, then tell the ledger: in this order nothing paid is ever lost."""
        paid = [outcome for outcome in outcomes if outcome.kind == "paid"]
        entries = [outcome.entry for outcome in outcomes if outcome.entry is not None]
        if paid:
            name = f"{int(time.time() * 1000)}-{uuid.uuid4().hex[:8]}"
            uri = f"{self._run.responses_uri(self._batch)}{name}.ndjson.gz"
            lines = [outcome.line for outcome in paid if outcome.line]
            put_ndjson(self._s3, uri, lines)
            entries += self._record(uri, lines)
        self._ledger.finish(entries)
        self._summary.calls += len(paid)
        for outcome in outcomes:
            if outcome.entry is not None:
                self._summary.failed += 1
                self._summary.errors[outcome.entry.error_code or "unknown"] += 1

    def _record(self, uri: str, lines: list[Row]) -> list[Entry]:
        """Log the usage of an archived chunk, under the chunk's name, and return its ledger entries."""
        usage: list[Row] = []
        entries = []
        for line in lines:
            key, payer = line["analysis_key"], line["payer"]
            usage += usage_lines(payer, key, line["feature"], 1.0, line["at"], reused=False)
            entries.append(
                Entry(
                    key=key,
                    state="done",
                    owner=self._owner,
                    starter=orjson.dumps(payer).decode(),
                    response_uri=uri,
                    model_version=line["model_version"],
                    completed_at=line["at"],
                    units=1.0,
                )
            )
        chunk = uri.rsplit("/", 1)[1].removesuffix(".ndjson.gz")
        put_ndjson(self._s3, self._run.usage_uri(f"{self._batch}-{chunk}"), usage)
        return entries

    def _adopt_flushed(self) -> None:
        """Record chunks that an earlier attempt archived without coming to tell the ledger."""
        for uri in list_uris(self._s3, self._run.responses_uri(self._batch)):
            lines = list(read_lines(self._s3, uri))
            known = self._ledger.lookup(line["analysis_key"] for line in lines)
            done = {key for key, entry in known.items() if entry.state == "done"}
            if any(line["analysis_key"] not in done for line in lines):
                log.info("adopting %d responses that an earlier attempt archived", len(lines))
                self._ledger.finish(self._record(uri, lines))

    def _log_reused(self, work: list[_Work]) -> None:
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
