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
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from botocore import xform_name
from botocore.exceptions import ClientError

from include.aws_errors import Verdict, code_and_message, judge
from include.features import FEATURES, VideoJob
from include.ledger import Entry, Ledger
from include.objects import Ndjson, Row, get_ndjson, list_uris, put_ndjson
from include.responses import analyses_of, model_version, now, response_line, starter, usage_lines
from include.run import Run, job_responses_uri
from include.settings import Settings

log = logging.getLogger(__name__)

MAX_JOB_ATTEMPTS = 3
PAGE_SIZE = 1000
PAGES_PER_OBJECT = 20
_FORGOTTEN = (
    "ResultsExpired",
    "Rekognition keeps the results of a job for 7 days; they were not collected in time",
)


@dataclass(frozen=True)
class JobWork:
    """One video analysis of a batch."""

    key: str
    feature: str
    job: VideoJob
    parameters: Row
    asset: Row
    payer: Row


@dataclass
class Progress:
    """Where a batch stands: jobs that run, by JobId with their Get operation, and counts."""

    running: dict[str, str] = field(default_factory=dict)
    pending: int = 0
    done: int = 0
    failed: int = 0
    started: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def finished(self) -> bool:
        return not self.running and not self.pending

    def to_xcom(self) -> dict[str, Any]:
        return {
            "running": len(self.running),
            "pending": self.pending,
            "done": self.done,
            "failed": self.failed,
            "started": self.started,
            "errors": dict(self.errors.most_common(3)),
        }


class VideoAnalyzer:
    """Moves the jobs of one batch forward. Every method may be repeated at any time.

    :param rekognition: boto3 client; likewise ``s3``.
    :param topic_arn: SNS topic that Rekognition reports finished jobs to.
    :param owner: identity of the task instance, the same at every attempt.
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
        owner: str,
    ) -> None:
        self._rekognition = rekognition
        self._s3 = s3
        self._ledger = ledger
        self._run = run
        self._settings = settings
        self._topic_arn = topic_arn
        self._owner = owner
        self._began = ledger.now()

    def advance(self, plan: Iterable[Row]) -> Progress:
        """Record the jobs that ended in failure and start what may be started.

        :return: where the batch stands now.
        :raises botocore.exceptions.ClientError: if access is denied; a retry goes on from there.
        """
        work = self.work(plan)
        known = self._ledger.lookup(item.key for item in work)
        ended = self._ledger.job_reports(
            entry.job_id for entry in known.values() if entry.state == "running" and entry.job_id
        )
        progress = Progress()
        slots_left = True
        for item in work:
            entry = known.get(item.key)
            if entry is not None and entry.job_id in ended and ended[entry.job_id] == "FAILED":
                entry = self._record_failure(item, entry)
            if entry is not None and entry.state == "done":
                progress.done += 1
            elif entry is not None and entry.state == "running" and entry.job_id:
                if entry.job_id in ended:
                    progress.done += 1
                else:
                    progress.running[entry.job_id] = item.job.get_operation
            elif entry is not None and self._given_up(entry):
                progress.failed += 1
                progress.errors[entry.error_code or "unknown"] += 1
            elif not slots_left:
                progress.pending += 1
            else:
                started, slots_left = self._start(item, entry)
                if started is None:
                    progress.pending += 1
                elif started.state == "failed":
                    progress.failed += 1
                    progress.errors[started.error_code or "unknown"] += 1
                elif started.state == "done":
                    progress.done += 1
                elif started.job_id:
                    progress.running[started.job_id] = item.job.get_operation
                    progress.started += started.owner == self._owner
        log.info("%s", progress.to_xcom())
        return progress

    def collect(self, plan: Iterable[Row]) -> Progress:
        """Archive every page of the jobs that succeeded, log their usage and record them as done.

        Pages that an earlier attempt archived are kept; the rest follows from the last page's token.
        """
        plan = list(plan)
        work = self.work(plan)
        known = self._ledger.lookup(item.key for item in work)
        progress = Progress()
        reused: list[tuple[JobWork, Entry]] = []
        for item in work:
            entry = known.get(item.key)
            if entry is not None and entry.state == "running" and entry.job_id:
                entry = self._harvest(item, entry)
            if entry is not None and entry.state == "done":
                progress.done += 1
                if entry.saves(self._run.run_id, item.asset["media_id"]):
                    reused.append((item, entry))
            else:
                progress.failed += 1
                progress.errors[(entry.error_code if entry else None) or "NotStarted"] += 1
        self._log_reused(plan, reused)
        return progress

    def work(self, plan: Iterable[Row]) -> list[JobWork]:
        """Return the planned analyses of a batch."""
        return [self._work(asset, analysis) for asset, analysis in analyses_of(plan, "planned")]

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
        )

    def _start(self, item: JobWork, entry: Entry | None) -> tuple[Entry | None, bool]:
        """Claim, start and record one job.

        :return: the entry as recorded, or None if the job has to wait; and whether there are slots left.
        """
        claim = self._claim(item, entry)
        standing = self._ledger.claim(claim, self._began)
        if standing is not None:
            return (standing, True) if standing.job_id or standing.state == "done" else (None, True)
        assert claim.request is not None
        try:
            reply = getattr(self._rekognition, xform_name(item.job.start_operation))(
                **json.loads(claim.request)
            )
        except Exception as error:
            verdict = judge(error)
            if verdict is Verdict.REJECTED:
                code, message = code_and_message(error)
                return self._fail(claim, code, message), True
            self._ledger.release(claim)
            if verdict is Verdict.STOP:
                raise
            log.info("%s of %s waits: %s", item.job.start_operation, item.asset["key"], error)
            return None, False
        running = replace(claim, job_id=reply["JobId"], started_at=int(time.time()))
        standing = self._ledger.started(running)
        return standing or running, True

    def _claim(self, item: JobWork, entry: Entry | None) -> Entry:
        """Return the claim for the next attempt at a job; a claim taken over repeats the recorded request."""
        now_ms = self._ledger.now()
        interrupted = entry is not None and entry.state == "running"
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

    def _given_up(self, entry: Entry) -> bool:
        """Whether a failed analysis stays failed in this run: its own attempts are used up."""
        own = entry.run_id == self._run.run_id
        return entry.state == "failed" and own and (entry.number >= MAX_JOB_ATTEMPTS or not entry.job_id)

    def _record_failure(self, item: JobWork, entry: Entry) -> Entry:
        """Record that a job ended as FAILED, with the reason that its Get operation gives."""
        try:
            reply = self._page(item.job, entry.job_id, None, 1)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return self._fail(entry, *_FORGOTTEN)
        return self._fail(entry, "VideoJobFailed", reply.get("StatusMessage", "Rekognition gives no reason"))

    def _fail(self, entry: Entry, code: str, message: str) -> Entry:
        failed = replace(entry, state="failed", error_code=code, error_message=message, completed_at=now())
        self._ledger.finish([failed])
        log.warning("attempt %d at %s failed: %s: %s", failed.number, failed.key[:12], code, message)
        return failed

    def _harvest(self, item: JobWork, entry: Entry) -> Entry:
        assert entry.job_id is not None
        prefix = job_responses_uri(self._run.bucket, entry.job_id)
        first: Row | None = None
        last: Row | None = None
        try:
            for page in self._pages(item, entry, prefix):
                first, last = first or page, page
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return self._fail(entry, *_FORGOTTEN)
        if first is None or last is None:  # an archived object without lines; unreachable but for damage
            raise ValueError(f"{prefix} holds no page")
        status = first["response"].get("JobStatus")
        if status == "IN_PROGRESS":
            return entry
        if status == "FAILED":
            return self._fail(entry, "VideoJobFailed", first["response"].get("StatusMessage", ""))
        metadata = first["response"].get("VideoMetadata") or {}
        if isinstance(metadata, list):
            metadata = metadata[0] if metadata else {}
        minutes = (metadata.get("DurationMillis") or item.asset["duration_ms"] or 0) / 60_000
        payer = json.loads(entry.starter) if entry.starter else item.payer
        usage = usage_lines(payer, item.key, item.feature, minutes, first["at"], reused=False)
        payer_run = Run(self._run.bucket, payer["dag_id"], payer["run_id"], payer["partition"])
        put_ndjson(self._s3, payer_run.usage_uri(f"job-{entry.job_id}"), usage)
        done = replace(
            entry,
            state="done",
            starter=orjson.dumps(payer).decode(),
            response_uri=prefix,
            model_version=first["model_version"],
            completed_at=last["at"],
            units=minutes,
        )
        self._ledger.finish([done])
        return done

    def _pages(self, item: JobWork, entry: Entry, prefix: str) -> Iterator[Row]:
        """Yield every page of a job once, archiving those that are not archived yet, some pages to an object."""
        archived = list_uris(self._s3, prefix)
        token = None
        for uri in archived:
            for line in get_ndjson(self._s3, uri):
                token = line["response"].get("NextToken")
                yield line
        if archived and token is None:
            return
        number = len(archived)
        pages = Ndjson()
        while True:
            try:
                reply = self._page(item.job, entry.job_id, token, PAGE_SIZE)
            except ClientError as error:
                if error.response["Error"]["Code"] != "InvalidPaginationTokenException" or token is None:
                    raise
                log.warning(
                    "page token of job %s has expired; reading the job again from its start", entry.job_id
                )
                yield from self._pages_anew(item, entry, prefix, archived)
                return
            line = response_line(
                item.key,
                item.job.get_operation,
                {"JobId": entry.job_id},
                reply,
                model_version(item.job, item.parameters, reply),
            )
            line |= {"feature": item.feature, "content_id": item.asset["content_id"]}
            yield line
            if reply["JobStatus"] != "SUCCEEDED":
                return
            pages.add(line)
            token = reply.get("NextToken")
            if pages.rows == PAGES_PER_OBJECT or not token:
                pages.put(self._s3, f"{prefix}pages-{number:06d}.ndjson.gz")
                number, pages = number + 1, Ndjson()
            if not token:
                return

    def _pages_anew(self, item: JobWork, entry: Entry, prefix: str, archived: list[str]) -> Iterator[Row]:
        for uri in archived:
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            self._s3.delete_object(Bucket=bucket, Key=key)
        yield from self._pages(item, entry, prefix)

    def _page(self, job: VideoJob, job_id: str | None, token: str | None, size: int) -> Row:
        more = {"NextToken": token} if token else {}
        call = getattr(self._rekognition, xform_name(job.get_operation))
        return call(JobId=job_id, MaxResults=size, **job.get_parameters, **more)

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
