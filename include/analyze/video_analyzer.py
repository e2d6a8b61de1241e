"""Analyze videos: start jobs while there are slots, wait for them to end, and archive their pages, each job paid once.

All state is in the ledger, so nothing depends on a task staying alive and any number of runs may wait for one job. A
job's ``ClientRequestToken`` is made from the analysis key and the attempt's number, which rises only after a recorded
failure; the Start request is recorded before it is sent, so whoever repeats it sends the same and gets the same JobId,
at no charge. Facts about tokens, slots and pages: "Calling Amazon Rekognition Video operations"
(https://docs.aws.amazon.com/rekognition/latest/dg/api-video.html).
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
from botocore import xform_name
from botocore.exceptions import ClientError

from include.analyze.job_pages import JobArchive
from include.analyze.job_slots import KEY as SLOTS_KEY
from include.analyze.job_slots import JobSlots
from include.analyze.replaced_objects import REPLACED, present_etag
from include.analyze.video_work import JobWork, Progress, fair_order, next_look_up
from include.core.errors import NO_RESOURCE, Verdict, code_and_message, error_code, is_transient, judge
from include.core.features import FEATURES, VideoJob
from include.core.metrics import Metric, Metrics, NoMetrics
from include.core.run import Run, job_responses_uri
from include.core.settings import Settings
from include.store.ledger import Entry, Ledger
from include.store.objects import Row, put_ndjson
from include.store.plan_batches import analyses_of
from include.store.response_archive import model_version, now, response_line
from include.store.usage_log import starter, usage_lines

log = logging.getLogger(__name__)

STARTS_PER_TURN = 10
RESULT_SECONDS = 7 * 86_400
_FORGOTTEN = (
    "ResultsExpired",
    "Rekognition keeps the results of a job for 7 days; they were not collected in time",
)


class VideoAnalyzer:
    """Moves the jobs of one batch forward. Every method may be repeated at any time, also by another process.

    :param rekognition: boto3 client; likewise ``s3``.
    :param topic_arn: SNS topic that Rekognition reports finished jobs to.
    :param batch: name of the batch within the run, the same at every attempt.
    :param owner: identity of the task instance, the same at every attempt.
    :param metrics: what is told of jobs and of the slots that they take.
    """

    def __init__(
        self,
        rekognition: Any,
        s3: Any,
        ledger: Ledger,
        run: Run,
        settings: Settings,
        *,
        topic_arn: str,
        batch: str,
        owner: str,
        metrics: Metrics | None = None,
    ) -> None:
        self._rekognition = rekognition
        self._s3 = s3
        self._ledger = ledger
        self._run = run
        self._settings = settings
        self._topic_arn = topic_arn
        self._batch = batch
        self._owner = owner
        self._metrics: Metrics = metrics or NoMetrics()
        self._slots = JobSlots(ledger.shared(SLOTS_KEY))
        self._started = 0
        self._load([])

    def advance(self, plan: Iterable[Row]) -> Progress:
        """Look up where the batch stands and take a turn."""
        self._load(self.work(plan))
        return self.turn()

    def turn(self) -> Progress:
        """Take note of the jobs that ended and start some that there are slots for.

        :return: where the batch stands now, as far as this engine knows.
        :raises botocore.exceptions.ClientError: if access is denied; a retry goes on from there.
        """
        for job_id, status in self._ledger.job_ends(self._running).items():
            self._end(job_id, status)
        self._start_some()
        progress = self.progress()
        self._metrics.gauge(Metric.SLOTS_IN_USE, len(progress.running), batch=self._batch)
        self._metrics.gauge(Metric.JOBS_WAITING, progress.pending, batch=self._batch)
        self._metrics.gauge(Metric.QUEUE_AGE, progress.waiting, batch=self._batch)
        return progress

    def job_ended(self, job_id: str, status: str) -> bool:
        """Record that a job ended, whoever waits for it, and that its slot is free; return whether that was news."""
        news = self._ledger.record_end(job_id, status)
        if news:
            self._slots.freed()
        return news

    def look_up_overdue(self) -> None:
        """Ask Rekognition for the jobs whose notification is overdue, and record those that have ended."""
        at = time.time()
        for job_id in [job for job, due in self._look_up_at.items() if due <= at]:
            item, entry = self._running[job_id]
            status = self._status(item.job, job_id)
            if status is not None and status != "IN_PROGRESS":
                log.info("job %s ended as %s without a notification", job_id, status)
                self.job_ended(job_id, status)
            self._look_up_at[job_id] = next_look_up(entry.started_at, at, self._settings.sweep_after_seconds)

    def archive_ended(self) -> None:
        """Archive the pages of the jobs that have succeeded so far, those that would be lost first first."""
        by_age = sorted(self._ended.items(), key=lambda each: each[1][1].started_at)
        for job_id, (item, entry) in by_age:
            age = time.time() - entry.started_at
            if age > RESULT_SECONDS - 86_400:
                log.warning("job %s was started %.1f days ago: its results may be lost", job_id, age / 86_400)
            del self._ended[job_id]
            self._place(item, self._harvest(item, entry))

    def collect(self, plan: Iterable[Row]) -> Progress:
        """Archive every page of the jobs that succeeded, log their usage and record them as done.

        Pages that an earlier attempt archived are kept; the rest follows from the last page's token.
        """
        plan = list(plan)
        work = self.work(plan)
        self._load(work)
        self._ended |= self._running  # whatever was heard of them
        self.archive_ended()
        progress = Progress()
        reused: list[tuple[JobWork, Entry]] = []
        for item in work:
            entry = self._entries.get(item.key)
            if entry is not None and entry.state == "done":
                progress.done += 1
                progress.minutes += entry.units
                if entry.saves(self._run.run_id, item.asset["media_id"]):
                    reused.append((item, entry))
            else:
                progress.failed += 1
                if entry is not None and entry.error_code:
                    progress.errors.add(entry.error_code, entry.error_message)
                else:
                    progress.errors.add("NotStarted", "no slot became free in time")
        self._log_reused(plan, reused)
        return progress

    def work(self, plan: Iterable[Row]) -> list[JobWork]:
        """Return the planned analyses of a batch in the order in which they are to be started."""
        return fair_order(self._work(asset, analysis) for asset, analysis in analyses_of(plan, "planned"))

    def progress(self) -> Progress:
        """Return where the batch stands, as far as this engine knows."""
        at = time.time()
        known = [(self._items[key], entry) for key, entry in self._entries.items()]
        done = [item for item, entry in known if entry.state == "done"]
        done += [item for item, _ in self._ended.values()]
        progress = Progress(
            running={job_id: item.job.get_operation for job_id, (item, _) in self._running.items()},
            pending=len(self._pending),
            done=len(done),
            failed=len(self._given_up),
            started=self._started,
            ended=len(self._ended),
            minutes=sum(item.asset["duration_ms"] or 0 for item in done) / 60_000,
            oldest=int(max((at - entry.started_at for _, entry in self._running.values()), default=0)),
        )
        for key in self._given_up:
            entry = self._entries[key]
            progress.errors.add(entry.error_code, entry.error_message)
        if self._pending:
            latest = max((entry.started_at for entry in self._entries.values()), default=0)
            progress.waiting = int(at - (latest or self._began / 1000))
        return progress

    def _load(self, work: list[JobWork]) -> None:
        """Take the batch as the ledger has it."""
        self._began = self._ledger.now()
        self._items = {item.key: item for item in work}
        self._entries: dict[str, Entry] = {}
        self._pending: deque[JobWork] = deque()
        self._running: dict[str, tuple[JobWork, Entry]] = {}
        self._ended: dict[str, tuple[JobWork, Entry]] = {}
        self._look_up_at: dict[str, float] = {}
        self._given_up: set[str] = set()
        known = self._ledger.lookup(self._items)
        for item in work:
            self._place(item, known.get(item.key))

    def _place(self, item: JobWork, entry: Entry | None) -> None:
        """Put an analysis where its entry says that it stands."""
        if entry is not None:
            self._entries[item.key] = entry
        if entry is not None and entry.state == "running" and entry.job_id:
            self._running[entry.job_id] = item, entry
            self._look_up_at[entry.job_id] = next_look_up(
                entry.started_at, time.time(), self._settings.sweep_after_seconds
            )
        elif entry is not None and item.is_given_up(entry):
            self._given_up.add(item.key)
        elif entry is None or entry.state != "done":
            self._pending.append(item)

    def _end(self, job_id: str, status: str) -> None:
        item, entry = self._running[job_id]
        if status == "SUCCEEDED":
            self._ended[job_id] = item, entry
        else:
            try:
                failed = self._record_failure(item, entry)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.info("why job %s failed is asked again later: %s", job_id, error)
                return
            self._place(item, failed)
        del self._running[job_id]
        del self._look_up_at[job_id]

    def _start_some(self) -> None:
        """Start jobs while there are slots; some at most, so that other batches have their turn."""
        holding = False
        try:
            for _ in range(min(len(self._pending), STARTS_PER_TURN)):
                holding = holding or self._slots.take()
                if not holding:
                    return
                item = self._pending.popleft()
                known = self._entries.get(item.key)
                claim = self._claim(item, known)
                standing = self._ledger.claim(claim, self._began)
                if standing is not None and standing != claim:
                    self._place(item, standing)
                    continue
                entry, verdict = self._start(item, claim, repeated=_is_interrupted(known))
                self._place(item, entry)
                if verdict is None:
                    holding = False
                    self._slots.used()
                elif verdict is Verdict.NO_SLOT:
                    holding = False
                    self._slots.refused()
                    return
                elif verdict is not Verdict.REJECTED:
                    return
        finally:
            if holding:
                self._slots.unused()

    def _start(self, item: JobWork, claim: Entry, *, repeated: bool) -> tuple[Entry, Verdict | None]:
        """Start and record a claimed job, unless the video is another one by now.

        :param repeated: whether the request may have been sent before, and so may be paid for.
        :return: the entry as recorded, and why the job did not start.
        """
        assert claim.request is not None
        start = getattr(self._rekognition, xform_name(item.job.start_operation))
        try:
            if not repeated and self._present_etag(item) != item.asset["etag"]:
                return self._fail(item, claim, *REPLACED), Verdict.REJECTED
            reply = start(**json.loads(claim.request))
        except Exception as error:
            verdict = judge(error)
            if verdict is Verdict.REJECTED:
                return self._fail(item, claim, *code_and_message(error)), verdict
            self._ledger.release(claim)
            if verdict is Verdict.STOP:
                raise
            log.info("%s of %s waits: %s", item.job.start_operation, item.asset["key"], error)
            return replace(claim, lease_expires=0), verdict
        running = replace(claim, job_id=reply["JobId"], started_at=int(time.time()))
        self._started += 1
        self._metrics.count(Metric.JOBS, feature=item.feature, state="started")
        return self._ledger.started(running) or running, None

    def _claim(self, item: JobWork, entry: Entry | None) -> Entry:
        """Return the claim for the next attempt at a job; a claim taken over repeats the recorded request."""
        now_ms = self._ledger.now()
        interrupted = _is_interrupted(entry)
        number = (entry.number if interrupted else entry.number + 1) if entry is not None else 1
        request = entry.request if interrupted and entry is not None else self._request(item, number)
        payer = entry.starter if interrupted and entry is not None else orjson.dumps(item.payer).decode()
        return Entry(
            key=item.key,
            state="running",
            owner=self._owner,
            claimed_at=now_ms,
            lease_expires=now_ms + 1000 * self._settings.lease_seconds,
            number=number,
            request=request,
            starter=payer,
        )

    def _request(self, item: JobWork, number: int) -> str:
        video: Row = {"Bucket": item.asset["bucket"], "Name": item.asset["key"]}
        if item.asset["version_id"]:
            video["Version"] = item.asset["version_id"]
        token = hashlib.sha256(f"{item.key}/{item.job.start_operation}/{number}".encode()).hexdigest()
        request = {
            "Video": {"S3Object": video},
            "ClientRequestToken": token,
            "JobTag": item.feature,
            "NotificationChannel": {"SNSTopicArn": self._topic_arn, "RoleArn": self._settings.jobs_role_arn},
            **item.parameters,
        }
        return json.dumps(request, sort_keys=True)

    def _record_failure(self, item: JobWork, entry: Entry) -> Entry:
        """Record that a job ended as FAILED, with the reason that its Get operation gives.

        :return: the entry, which is another attempt's if another run was faster.
        """
        standing = self._ledger.lookup([item.key]).get(item.key)
        if standing is not None and standing.job_id != entry.job_id:
            return standing
        try:
            reply = self._get(item.job, entry.job_id)
        except ClientError as error:
            if error_code(error) not in NO_RESOURCE:
                raise
            return self._fail(item, entry, *_FORGOTTEN)
        return self._fail(
            item, entry, "VideoJobFailed", reply.get("StatusMessage", "Rekognition gives no reason")
        )

    def _fail(self, item: JobWork, entry: Entry, code: str, message: str) -> Entry:
        failed = replace(entry, state="failed", error_code=code, error_message=message, completed_at=now())
        self._ledger.finish([failed])
        if entry.job_id:
            self._metrics.count(Metric.JOBS, feature=item.feature, state="failed")
        log.warning("attempt %d at %s failed: %s: %s", failed.number, failed.key[:12], code, message)
        return failed

    def _status(self, job: VideoJob, job_id: str) -> str | None:
        """Return the state of a job, None if Rekognition cannot say now."""
        try:
            status: str = self._get(job, job_id)["JobStatus"]
        except Exception as error:
            if error_code(error) in NO_RESOURCE:
                return "FAILED"  # results are kept for 7 days: nobody will ever get them
            if not is_transient(error):
                raise
            log.info("look-up of job %s will be repeated: %s", job_id, error)
            return None
        return status

    def _get(self, job: VideoJob, job_id: str | None) -> Row:
        reply: Row = getattr(self._rekognition, xform_name(job.get_operation))(JobId=job_id, MaxResults=1)
        return reply

    def _harvest(self, item: JobWork, entry: Entry) -> Entry:
        """Archive a job's pages, log its usage and record it as done, or as failed if that is how it ended."""
        assert entry.job_id is not None
        prefix = job_responses_uri(self._run.bucket, entry.job_id)
        line = partial(self._line, item, entry.job_id)
        archive = JobArchive(self._rekognition, self._s3, item.job, entry.job_id, prefix, line)
        try:
            pages = archive.complete()
        except ClientError as error:
            if error_code(error) not in NO_RESOURCE:
                raise
            return self._fail(item, entry, *_FORGOTTEN)
        if pages.status == "IN_PROGRESS":
            return entry
        if pages.status == "FAILED":
            message = pages.first["response"].get("StatusMessage", "Rekognition gives no reason")
            return self._fail(item, entry, "VideoJobFailed", message)
        minutes = _duration_ms(pages.first["response"], item.asset) / 60_000
        payer = json.loads(entry.starter) if entry.starter else item.payer
        usage = usage_lines(payer, item.key, item.feature, minutes, pages.first["at"], reused=False)
        payer_run = Run(self._run.bucket, payer["dag_id"], payer["run_id"], payer["partition"])
        put_ndjson(self._s3, payer_run.usage_uri(f"job-{entry.job_id}"), usage)
        # Nobody knows which content the job read. One that is gone by now was there when the job was started.
        if self._present_etag(item) not in (item.asset["etag"], None):
            return self._fail(item, entry, *REPLACED)
        done = replace(
            entry,
            state="done",
            starter=orjson.dumps(payer).decode(),
            response_uri=prefix,
            model_version=pages.first["model_version"],
            completed_at=pages.last["at"],
            units=minutes,
        )
        self._ledger.finish([done])
        self._metrics.count(Metric.JOBS, feature=item.feature, state="archived")
        self._metrics.timing(Metric.JOB_DURATION, time.time() - entry.started_at, feature=item.feature)
        return done

    def _present_etag(self, item: JobWork) -> str | None:
        """Return the ETag of the video as it is read now; None if it is gone."""
        asset = item.asset
        return asset["etag"] if asset["version_id"] else present_etag(self._s3, asset["bucket"], asset["key"])

    def _line(self, item: JobWork, job_id: str, reply: Row) -> Row:
        version = model_version(item.job, item.parameters, reply)
        line = response_line(item.key, item.job.get_operation, {"JobId": job_id}, reply, version)
        return line | {"feature": item.feature, "content_id": item.asset["content_id"]}

    def _work(self, asset: Row, analysis: Row) -> JobWork:
        job = FEATURES[analysis["feature"]].video
        assert job is not None
        return JobWork(
            analysis["analysis_key"],
            analysis["feature"],
            job,
            analysis["parameters"],
            asset,
            starter(self._run, asset, "video"),
            analysis.get("failures", 0),
        )

    def _log_reused(self, plan: list[Row], found: list[tuple[JobWork, Entry]]) -> None:
        """Log what was reused: by the plan, or because another run paid meanwhile."""
        planned = [self._work(asset, analysis) for asset, analysis in analyses_of(plan, "reused")]
        entries = self._ledger.lookup(item.key for item in planned)
        reused = found + [
            (item, entry)
            for item in planned
            if (entry := entries.get(item.key)) and entry.saves(self._run.run_id, item.asset["media_id"])
        ]
        at = now()
        lines: list[Row] = []
        for item, entry in reused:
            lines += usage_lines(item.payer, item.key, item.feature, entry.units, at, reused=True)
        if lines:
            batch = hashlib.sha256(
                "".join(sorted(item.payer["media_id"] for item, _ in reused)).encode()
            ).hexdigest()
            put_ndjson(self._s3, self._run.usage_uri(f"reused-{batch[:12]}"), lines)


def _is_interrupted(entry: Entry | None) -> bool:
    """Return whether a job that has no JobId yet may have been asked for."""
    return entry is not None and entry.state == "running"


def _duration_ms(reply: Row, asset: Row) -> int:
    metadata = reply.get("VideoMetadata") or {}
    if isinstance(metadata, list):
        metadata = metadata[0] if metadata else {}
    duration: int = metadata.get("DurationMillis") or asset["duration_ms"] or 0
    return duration
