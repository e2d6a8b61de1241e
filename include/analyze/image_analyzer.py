"""Analyze images: pay for what a batch still needs, as fast as the quota lets, each analysis once.

Analyses are claimed in the ledger some at a time, just before they are called. Every call goes through the
same steps: wait for the pace, call, and hand the response to the flush. A flush archives a chunk of
responses, logs their usage and only then tells the ledger that they are done. An image call has no
idempotency token, so a task killed outright may pay again for what was in flight or not yet flushed: one
chunk (``CHUNK_CALLS`` responses or ``CHUNK_SECONDS`` of them) and one call per thread, or what was claimed if
a flush was held up.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING

from include.analyze.image_caller import OUTAGE_SECONDS, ImageCaller
from include.analyze.image_claims import ImageClaims
from include.analyze.image_lanes import ImageWork, Lane, Outcome, Outcomes, Summary, lanes_of, received
from include.analyze.image_records import ImageRecords
from include.analyze.spending import Spending
from include.core.errors import retrying
from include.core.features import FEATURES
from include.core.metrics import Metric, Metrics, NoMetrics
from include.store.objects import Row
from include.store.plan_batches import analyses_of
from include.store.usage_log import payer_of

if TYPE_CHECKING:
    from include.analyze.pace import Pace
    from include.store.workspace import Workspace

log = logging.getLogger(__name__)

CLAIM_CALLS = 100
CLAIMED_AHEAD = 150  # that the threads do not run dry while responses are recorded
CHUNK_CALLS = 100
CHUNK_SECONDS = 5.0
POLL_SECONDS = 2.0
PROGRESS_SECONDS = 10.0

_TOO_MANY_LOST = (
    "%d analyses by %s are left: so many calls were lost and made again that the upper bound of the plan is "
    "reached; start another run of the day"
)


class ImageAnalyzer:
    """Analyzes one batch.

    :param batch: name of the batch within the run, the same at every attempt.
    :param paces: each operation that the batch may call, to its pace.
    :param metrics: gets the figures of calls, throttling and errors.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        batch: str,
        paces: Mapping[str, Pace],
        metrics: Metrics | None = None,
    ) -> None:
        self._run = workspace.run
        self._threads = workspace.settings.image_threads
        self._paces = paces
        self._metrics: Metrics = metrics or NoMetrics()
        owner = f"{self._run.token}/{batch}"
        retry = retrying(OUTAGE_SECONDS)
        rekognition = workspace.aws.client("rekognition", connections=self._threads * max(1, len(paces)))
        self._stop = threading.Event()
        self._spending = Spending(workspace, self._stop)
        self._claims = ImageClaims(workspace, owner, retry)
        self._caller = ImageCaller(
            rekognition, self._claims, paces, self._spending, retry, self._metrics, self._stop
        )
        self._records = ImageRecords(workspace, batch, retry)
        self._summary = Summary()
        self._existing: list[ImageWork] = []  # paid for before, or by another run meanwhile
        self._leased: list[ImageWork] = []  # held by another run
        self._stopped: list[ImageWork] = []  # not paid for, because a budget is reached
        self._unrecorded: list[Outcome] = []
        self._recorded_at = 0.0

    def analyze(self, plan: Iterable[Row]) -> Summary:
        """Pay for the planned analyses of a batch and record those that are reused.

        :raises botocore.exceptions.ClientError: if access is denied; what was paid is recorded.
        :raises ServiceUnavailableError: if the service stays down; a retry goes on from there.
        """
        plan = list(plan)
        self._existing = [self._work(asset, analysis) for asset, analysis in analyses_of(plan, "reused")]
        work = self._planned_once(plan)
        if work:
            self._records.adopt_archived()
        try:
            self._pay_all(work)
            self._pay_all(self._spending.payable_by_others(self._stopped, self._existing))
        finally:
            self._spending.close()
        self._records.note_stopped(self._stopped)
        if self._claims.interrupted:
            log.warning(
                "an earlier attempt had claimed %d analyses when it ended; "
                "those that it had called are paid for twice",
                self._claims.interrupted,
            )
        self._summary.interrupted = self._claims.interrupted
        self._summary.stopped = len(self._stopped)
        self._summary.reused = self._records.log_reused(self._existing)
        self._summary.throttled = sum(pace.throttled for pace in self._paces.values())
        return self._summary

    def _pay_all(self, work: list[ImageWork]) -> None:
        """Do the work, and wait for what another run holds."""
        self._pay(work)
        while self._leased:
            log.info("%d analyses are being paid for by another run; waiting for it", len(self._leased))
            time.sleep(POLL_SECONDS)
            work, self._leased = self._leased, []
            self._pay(work)

    def _planned_once(self, plan: list[Row]) -> list[ImageWork]:
        """Return each planned analysis once; further files that need the same reuse it."""
        planned: dict[str, ImageWork] = {}
        for asset, analysis in analyses_of(plan, "planned"):
            item = self._work(asset, analysis)
            if planned.setdefault(item.key, item) is not item:
                self._existing.append(item)
        return list(planned.values())

    def _work(self, asset: Row, analysis: Row) -> ImageWork:
        call = FEATURES[analysis["feature"]].image
        assert call is not None
        payer = payer_of(self._run, asset, "image")
        return ImageWork(
            analysis["analysis_key"], analysis["feature"], call, analysis["parameters"], asset, payer
        )

    def _pay(self, work: list[ImageWork]) -> None:
        """Do the work, except for what exists or is held by another run.

        Each operation has a quota, and so a queue and threads, of its own: none waits for a slower one. After
        an error nothing more is begun, and what was paid is recorded.
        """
        lanes = lanes_of(work)
        total = len(work)
        failure: Exception | None = None
        self._recorded_at = told_at = time.monotonic()
        with self._calling(lanes) as outcomes:
            while any(lane.left for lane in lanes):
                try:
                    self._claim_ahead(lanes)
                    self._receive(outcomes)
                    self._record_if_due()
                except Exception as error:
                    failure = failure or error
                    self._stop.set()
                    for lane in lanes:
                        lane.open.clear()
                if time.monotonic() - told_at > PROGRESS_SECONDS:
                    self._tell(total, lanes)
                    told_at = time.monotonic()
        self._record()
        if failure:
            raise failure

    @contextmanager
    def _calling(self, lanes: list[Lane]) -> Iterator[Outcomes]:
        """Run the threads that call what is claimed, and yield the queue of their outcomes."""
        outcomes: Outcomes = SimpleQueue()
        callers = [
            threading.Thread(target=self._call_all, args=(lane, outcomes))
            for lane in lanes
            for _ in range(min(self._threads, lane.left))
        ]
        for caller in callers:
            caller.start()
        try:
            yield outcomes
        finally:
            for lane in lanes:
                for _ in range(self._threads):
                    lane.claimed.put(None)
            for caller in callers:
                caller.join()

    def _call_all(self, lane: Lane, outcomes: Outcomes) -> None:
        """Call what is claimed in a lane until there is a None. Runs in a thread."""
        while (item := lane.claimed.get()) is not None:
            try:
                outcomes.put((lane, self._caller.call(lane, *item)))
            except BaseException as error:
                outcomes.put((lane, error))

    def _claim_ahead(self, lanes: list[Lane]) -> None:
        """Claim so much of each lane's work that its threads do not run dry.

        Once too many calls were lost, nothing more is called: the plan's upper bound would be passed.
        """
        for lane in lanes:
            if self._claims.spare_calls.used_up and lane.open:
                log.warning(_TOO_MANY_LOST, len(lane.open), lane.operation)
                lane.open.clear()
            while lane.open and lane.in_flight < CLAIMED_AHEAD:
                self._claim_some(lane)

    def _claim_some(self, lane: Lane) -> None:
        work: list[ImageWork] = []
        for item in lane.next_open(CLAIM_CALLS):
            (self._stopped if self._spending.is_out_of(item) else work).append(item)
        ours, conflicts = self._claims.claim_all(work)
        for item, claim in ours:
            lane.hand_over(item, claim)
        for item in work:
            if (entry := conflicts.get(item.key)) is not None:
                (self._existing if entry.state == "done" else self._leased).append(item)

    def _receive(self, outcomes: Outcomes) -> None:
        """Sort the outcomes that have come.

        :raises BaseException: the error in which a call ended.
        """
        for lane, outcome in received(outcomes):
            lane.in_flight -= 1
            if isinstance(outcome, BaseException):
                raise outcome
            if outcome.kind == "leased":
                self._leased.append(outcome.work)
            elif outcome.kind == "stopped":
                self._stopped.append(outcome.work)
            elif outcome.kind == "exists":
                self._existing.append(outcome.work)
            else:
                self._unrecorded.append(outcome)

    def _record_if_due(self) -> None:
        waited = time.monotonic() - self._recorded_at
        if len(self._unrecorded) >= CHUNK_CALLS or (self._unrecorded and waited > CHUNK_SECONDS):
            self._record()

    def _record(self) -> None:
        """Record a chunk. It stays in memory until that has worked."""
        entries = self._records.record(self._unrecorded)
        paid = Counter(outcome.work.feature for outcome in self._unrecorded if outcome.kind == "paid")
        self._unrecorded, self._recorded_at = [], time.monotonic()
        self._summary.calls += paid.total()
        for feature, calls in paid.items():
            self._metrics.count(Metric.CALLS, calls, feature=feature)
        for entry in entries:
            if entry.state == "failed":
                self._summary.failed += 1
                self._summary.errors.add(entry.error_code, entry.error_message)

    def _tell(self, total: int, lanes: list[Lane]) -> None:
        rates = ", ".join(f"{lane.operation} {self._paces[lane.operation].rate:.0f}/s" for lane in lanes)
        log.info("%d of %d analyses; allowed: %s", total - sum(lane.left for lane in lanes), total, rates)
        for lane in lanes:
            rate = self._paces[lane.operation].rate
            self._metrics.gauge(Metric.CALLS_PER_SECOND_ALLOWED, rate, operation=lane.operation)


def planned_operations(plan: Iterable[Row]) -> frozenset[str]:
    """Return the operations that a batch may have to call."""
    calls = (FEATURES[analysis["feature"]].image for _, analysis in analyses_of(plan, "planned"))
    return frozenset(call.operation for call in calls if call is not None)
