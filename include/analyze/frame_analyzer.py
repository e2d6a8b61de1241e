"""Analyze videos by frames: decode, and pay for each frame as for an image, each analysis of a video once.

An analysis is claimed in the ledger as a whole. Its frames go through the calls of images, some at a time,
and are archived as they come back (:mod:`include.analyze.frame_archive`). Whoever goes on after an
interruption decodes the video again, and pays only for the frames that are not archived: a task killed
outright may pay again for the frames in flight, two rounds of ``FRAMES_AT_ONCE``.

Analyses of one video that take the same frames share the decoding.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from include.analyze.frame_archive import FrameArchive
from include.analyze.frame_work import FrameAnalysis, FrameClaims, FrameSummary, FrameWork
from include.analyze.image_analyzer import POLL_SECONDS
from include.analyze.image_caller import OUTAGE_SECONDS, ImageCaller
from include.analyze.image_claims import ImageClaims
from include.analyze.image_lanes import Lane, Outcome
from include.analyze.reused_videos import log_reused
from include.analyze.spending import Spending
from include.analyze.video_frames import FrameImage, UndecodableVideoError, frame_images, video_file
from include.core.errors import CHANGED_OBJECT, NO_OBJECT, error_code, retrying
from include.core.features import FEATURES
from include.core.frame_sampling import FrameSampling
from include.core.metrics import Metric, Metrics, NoMetrics
from include.store.ledger import Entry
from include.store.objects import Row
from include.store.plan_batches import PlannedState, analyses_of, takes_frames
from include.store.response_archive import REPLACED, now
from include.store.stopped_analyses import frames_of, note_stopped
from include.store.usage_log import payer_of

if TYPE_CHECKING:
    from include.analyze.pace import Pace
    from include.store.workspace import Workspace

log = logging.getLogger(__name__)

FRAMES_AT_ONCE = 8
ROUNDS = 2  # one is in flight while the next is decoded and begun

_TOO_MANY_LOST = (
    "videos are left: so many calls for frames were lost and made again that the upper bound of the plan is "
    "reached; start another run of the day"
)


Round = list[tuple[FrameWork, Future[Outcome]]]


class FrameAnalyzer:
    """Analyzes those videos of one batch that are analyzed by frames.

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
        self._s3 = workspace.s3
        self._ledger = workspace.ledger
        self._threads = workspace.settings.image_threads
        self._paces = paces
        self._metrics: Metrics = metrics or NoMetrics()
        self._retrying = retrying(OUTAGE_SECONDS)
        self._batch = frames_of(batch)
        owner = f"{self._run.token}/{batch}/frames"
        self._batch_claims = ImageClaims(workspace, owner, self._retrying, ROUNDS * FRAMES_AT_ONCE)
        self._claims = FrameClaims(self._batch_claims)
        rekognition = workspace.aws.client("rekognition", connections=self._threads)
        self._stop = threading.Event()
        self._spending = Spending(workspace, self._stop)
        self._caller = ImageCaller(
            rekognition, self._claims, paces, self._spending, self._retrying, self._metrics, self._stop
        )
        self._summary = FrameSummary()
        self._existing: list[FrameAnalysis] = []  # paid for before, or by another run meanwhile
        self._leased: list[FrameAnalysis] = []  # held by another run
        self._stopped: list[FrameAnalysis] = []  # not paid for, because a budget is reached

    def analyze(self, plan: Iterable[Row]) -> FrameSummary:
        """Pay for the planned analyses of a batch and record those that are reused.

        :raises botocore.exceptions.ClientError: if access is denied; what was paid is recorded.
        :raises include.analyze.image_caller.ServiceUnavailableError: if the service stays down; a retry goes
            on from there.
        """
        plan = list(plan)
        self._existing = [item for item in self._work(plan, "reused")]
        work = list(self._once(self._work(plan, "planned")))
        try:
            with ThreadPoolExecutor(self._threads) as pool:
                self._pay_all(work, pool)
                self._pay_all(self._spending.payable_by_others(self._stopped, self._existing), pool)
        finally:
            self._spending.close()
        self._note_stopped()
        entries = self._ledger.lookup(item.key for item in self._existing)
        existing = [(item, entries[item.key]) for item in self._existing if item.key in entries]
        done = [(item, entry) for item, entry in existing if entry.state == "done"]
        self._summary.reused = log_reused(self._s3, self._run, done, by_frames=True)
        self._summary.stopped = len(self._stopped)
        self._summary.interrupted = self._batch_claims.interrupted
        self._summary.throttled = sum(pace.throttled for pace in self._paces.values())
        return self._summary

    def _work(self, plan: Iterable[Row], state: PlannedState) -> Iterator[FrameAnalysis]:
        for asset, analysis in analyses_of(plan, state):
            if takes_frames(analysis):
                call = FEATURES[analysis["feature"]].image
                assert call is not None
                yield FrameAnalysis(
                    analysis["analysis_key"],
                    analysis["feature"],
                    call,
                    analysis["parameters"],
                    asset,
                    payer_of(self._run, asset, "video"),
                    FrameSampling.from_json(analysis["frames"]),
                )

    def _once(self, work: Iterable[FrameAnalysis]) -> Iterator[FrameAnalysis]:
        """Yield each analysis once; further files that need the same reuse it."""
        seen: set[str] = set()
        for item in work:
            if item.key in seen:
                self._existing.append(item)
            else:
                seen.add(item.key)
                yield item

    def _note_stopped(self) -> None:
        stopped = {item.key: item.payer["cost_center"] for item in self._stopped}
        self._retrying(note_stopped, self._s3, self._run, self._batch, stopped)

    def _pay_all(self, work: list[FrameAnalysis], pool: ThreadPoolExecutor) -> None:
        """Do the work, and wait for what another run holds.

        Once too many calls were lost, nothing more is called: the plan's upper bound would be passed.
        """
        while work:
            for video in _by_video(work):
                if self._claims.used_up:
                    log.warning(_TOO_MANY_LOST)
                    return
                self._pay(video, pool)
            work, self._leased = self._leased, []
            if work:
                log.info("%d analyses are being paid for by another run; waiting for it", len(work))
                time.sleep(POLL_SECONDS)

    def _pay(self, video: list[FrameAnalysis], pool: ThreadPoolExecutor) -> None:
        """Pay for the analyses of a video, except for what exists or is held by another run."""
        affordable = [item for item in video if not self._spending.is_out_of(item)]
        self._stopped += [item for item in video if item not in affordable]
        ours, conflicts = self._claims.claim_all(affordable)
        for item in affordable:
            if (entry := conflicts.get(item.key)) is not None:
                (self._existing if entry.state == "done" else self._leased).append(item)
        if not ours:
            return
        archives = {item.key: FrameArchive(self._s3, self._run.bucket, item) for item in ours}
        asset = ours[0].asset
        open_work = {item.key: item for item in ours}
        failure: tuple[str, str] | None = None
        stopped_before = len(self._stopped)
        try:
            with closing(video_file(self._s3, asset)) as file:
                self._call_all(frame_images(file, asset, ours[0].sampling), open_work, archives, pool)
        except UndecodableVideoError as error:
            failure = "UndecodableVideo", f"{asset['key']}: {error}"
        except ClientError as error:
            if error_code(error) not in NO_OBJECT | CHANGED_OBJECT:
                raise
            failure = REPLACED
        for item in self._stopped[stopped_before:]:
            self._claims.give_up(item.key)
        self._finish(open_work, archives, failure)
        log.info("%s: %d analyses by frames are through", asset["media_id"], len(ours))

    def _call_all(
        self,
        images: Iterator[FrameImage],
        open_work: dict[str, FrameAnalysis],
        archives: Mapping[str, FrameArchive],
        pool: ThreadPoolExecutor,
    ) -> None:
        """Call for the frames that are not archived; while some are in flight, the next are decoded.

        :param open_work: analyses by key; those that failed, or that another run took, are taken out.
        """
        rounds: deque[Round] = deque()
        errors: list[BaseException] = []
        try:
            while open_work and not errors and (some := list(islice(images, FRAMES_AT_ONCE))):
                rounds.append(self._begin(some, open_work, archives, pool))
                if len(rounds) >= ROUNDS:
                    errors += self._record(rounds.popleft(), open_work, archives)
        finally:
            if errors:
                self._stop.set()
            for each in rounds:
                errors += self._record(each, open_work, archives)
        if errors:
            raise errors[0]

    def _begin(
        self,
        images: list[FrameImage],
        open_work: Mapping[str, FrameAnalysis],
        archives: Mapping[str, FrameArchive],
        pool: ThreadPoolExecutor,
    ) -> Round:
        """Begin the calls for some frames."""
        work = [
            _frame(item, archives[item.key].payer, image)
            for image in images
            for item in open_work.values()
            if image.timestamp_ms not in archives[item.key]
        ]
        lanes = {each.call.operation: Lane(each.call.operation, work) for each in work}
        return [
            (
                each,
                pool.submit(self._caller.call, lanes[each.call.operation], each, self._claims.held(each.key)),
            )
            for each in work
        ]

    def _record(
        self, calls: Round, open_work: dict[str, FrameAnalysis], archives: Mapping[str, FrameArchive]
    ) -> list[BaseException]:
        """Wait for calls, archive what was paid, and return the errors in which calls ended."""
        lines: defaultdict[str, list[Row]] = defaultdict(list)
        errors: list[BaseException] = []
        for work, future in calls:
            if (error := future.exception()) is not None:
                errors.append(error)
                continue
            outcome = future.result()
            if outcome.line is not None:
                lines[work.key].append(outcome.line | {"timestamp_ms": work.timestamp_ms})
            elif (item := open_work.pop(work.key, None)) is not None:
                self._note_end(item, outcome)
        for key, archived in lines.items():
            self._retrying(archives[key].add, archived)
            self._summary.frames += len(archived)
            self._metrics.count(Metric.CALLS, len(archived), feature=archived[0]["feature"])
        return errors

    def _note_end(self, item: FrameAnalysis, outcome: Outcome) -> None:
        """Note that an analysis ended without being done: refused, held by another run, or without money."""
        if outcome.entry is not None:
            self._fail(outcome.entry)
        elif outcome.kind == "exists":
            self._existing.append(item)
        elif outcome.kind == "stopped":
            self._stopped.append(item)
        elif not self._stop.is_set():
            self._leased.append(item)

    def _finish(
        self,
        open_work: Mapping[str, FrameAnalysis],
        archives: Mapping[str, FrameArchive],
        failure: tuple[str, str] | None,
    ) -> None:
        """Tell the ledger how analyses ended.

        :param failure: code and message, if the video could not be read to its end.
        """
        for key in open_work:
            claim = self._claims.held(key)
            if failure is not None:
                code, message = failure
                self._fail(
                    replace(claim, state="failed", error_code=code, error_message=message, completed_at=now())
                )
            else:
                self._retrying(archives[key].log_usage)  # an attempt may have been killed before it did
                self._retrying(self._ledger.finish, [archives[key].done(claim)])
                self._summary.done += 1
                self._existing.append(open_work[key])  # another run may have paid for its first frames

    def _fail(self, entry: Entry) -> None:
        self._retrying(self._ledger.finish, [entry])
        self._summary.failed += 1
        self._summary.errors.add(entry.error_code, entry.error_message)


def frame_operations(plan: Iterable[Row]) -> frozenset[str]:
    """Return the operations that the frames of a batch may have to call."""
    calls = (
        FEATURES[analysis["feature"]].image
        for _, analysis in analyses_of(plan, "planned")
        if takes_frames(analysis)
    )
    return frozenset(call.operation for call in calls if call is not None)


def _frame(item: FrameAnalysis, payer: Row, image: FrameImage) -> FrameWork:
    return FrameWork(
        item.key,
        item.feature,
        item.call,
        item.parameters,
        item.asset,
        payer,
        image.timestamp_ms,
        image.jpeg,
    )


def _by_video(work: Iterable[FrameAnalysis]) -> list[list[FrameAnalysis]]:
    """Return the analyses that take the same frames together."""
    videos: defaultdict[tuple[str, FrameSampling], list[FrameAnalysis]] = defaultdict(list)
    for item in work:
        videos[item.asset["content_id"], item.sampling].append(item)
    return list(videos.values())
