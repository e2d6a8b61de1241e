"""Video jobs: started once per token, at most so many at a time, run in the background, their results given
in pages.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import logging
import secrets
import tempfile
from dataclasses import dataclass, field
from typing import Any

from include.local_aws.rekognition.control import Control
from include.local_aws.rekognition.errors import ServiceError
from include.local_aws.rekognition.film import UnreadableVideoError
from include.local_aws.rekognition.media import Media
from include.local_aws.rekognition.notifications import Notifier
from include.local_aws.rekognition.pool import WorkerPool
from include.local_aws.rekognition.replay import Replay
from include.local_aws.rekognition.videos import BY_GET, BY_START

logger = logging.getLogger(__name__)

_MAX_RESULTS = 1000  # per page, whatever is asked for


@dataclass
class Job:
    """One analysis of one video.

    :param operation: that started it.
    :param status: ``IN_PROGRESS``, ``SUCCEEDED`` or ``FAILED``.
    :param message: why it failed.
    :param items: findings, as made for the Start request.
    :param members: further members of the Get reply.
    """

    job_id: str
    operation: str
    params: dict[str, Any]
    region: str
    status: str = "IN_PROGRESS"
    message: str | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    members: dict[str, Any] = field(default_factory=dict)


class Jobs:
    """All jobs of this process; they are not kept when it ends.

    :param workers: videos analyzed at once, the others wait their turn (and count as open).
    """

    def __init__(
        self,
        media: Media,
        pool: WorkerPool,
        replay: Replay,
        control: Control,
        notifier: Notifier,
        workers: int,
    ) -> None:
        self._media = media
        self._pool = pool
        self._replay = replay
        self._control = control
        self._notifier = notifier
        self._turns = asyncio.Semaphore(workers)
        self._jobs: dict[str, Job] = {}
        self._tokens: dict[tuple[str, str, str], tuple[str, dict[str, Any]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._secret = secrets.token_bytes(16)

    def forget(self) -> None:
        """Drop every job and token; what runs is abandoned."""
        for task in self._tasks:
            task.cancel()
        self._jobs.clear()
        self._tokens.clear()

    @property
    def open(self) -> int:
        """Number of jobs in progress."""
        return sum(job.status == "IN_PROGRESS" for job in self._jobs.values())

    async def start(self, operation: str, params: dict[str, Any], region: str) -> dict[str, Any]:
        """Start a job, or give the one that the same token started before.

        :raises ServiceError: IdempotentParameterMismatchException, LimitExceededException, or see
            :class:`.Media`.
        """
        known = self._known(operation, params, region)
        if known is None:
            await asyncio.to_thread(self._media.check_video, params["Video"], region)
            known = self._known(operation, params, region)  # another request may have come first meanwhile
        return {"JobId": known or self._create(operation, params, region)}

    def _known(self, operation: str, params: dict[str, Any], region: str) -> str | None:
        token = params.get("ClientRequestToken")
        if token is None or (region, operation, token) not in self._tokens:
            return None
        job_id, first_params = self._tokens[region, operation, token]
        if params != first_params:
            raise ServiceError(
                "IdempotentParameterMismatchException",
                f"The ClientRequestToken: {token} you have supplied is already in use.",
            )
        return job_id

    def _create(self, operation: str, params: dict[str, Any], region: str) -> str:
        if self.open >= self._control.behavior.job_limit:
            raise ServiceError(
                "LimitExceededException",
                f"Open jobs limit exceeded: {self.open} jobs are in progress, wait for one",
            )
        job = Job(secrets.token_hex(32), operation, params, region)
        self._jobs[job.job_id] = job
        if "ClientRequestToken" in params:
            self._tokens[region, operation, params["ClientRequestToken"]] = (job.job_id, params)
        self._control.bill_job(operation, params["Video"]["S3Object"])
        task = asyncio.create_task(self._run(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job.job_id

    async def _run(self, job: Job) -> None:
        try:
            async with self._turns:
                await self._analyze(job)
            await asyncio.sleep(self._control.behavior.job_seconds)
            job.status = "SUCCEEDED"
        except (UnreadableVideoError, ServiceError) as error:
            job.status, job.message = "FAILED", str(error)
        except Exception as error:
            logger.exception("job %s failed", job.job_id)
            job.status, job.message = "FAILED", f"Internal error: {error!r}"
        await self._notifier.completed(job)

    async def _analyze(self, job: Job) -> None:
        analysis = BY_START[job.operation]
        with tempfile.NamedTemporaryFile(prefix="local-rekognition-") as file:
            content = await asyncio.to_thread(
                self._media.save_video, job.params["Video"], job.region, file.name
            )
            recorded = self._replay.pages(content, analysis.get)
            if recorded is not None:
                items = [item for page in recorded for item in page.get(analysis.member, [])]
                job.items = analysis.select(job.params, items)
                names = ("VideoMetadata", "AudioMetadata", *analysis.model(job.params))
                job.members = {name: recorded[0][name] for name in names if name in recorded[0]}
            else:
                film = await self._pool.run(analysis.watch(job.params), file.name)
                job.items = analysis.items(job.params, film)
                job.members = {**analysis.metadata(film.properties), **analysis.model(job.params)}

    async def get(self, operation: str, params: dict[str, Any], region: str) -> dict[str, Any]:
        """Return a job's state and, when it has succeeded, a page of its findings.

        :raises ServiceError: ResourceNotFoundException, InvalidPaginationTokenException.
        """
        analysis = BY_GET[operation]
        job = self._jobs.get(params["JobId"])
        if job is None or job.operation != analysis.start or job.region != region:
            raise ServiceError("ResourceNotFoundException", f"Could not find JobId {params['JobId']}")
        reply: dict[str, Any] = {
            "JobId": job.job_id,
            "JobStatus": job.status,
            "Video": job.params["Video"],
            analysis.member: [],
            **job.members,
        }
        if "JobTag" in job.params:
            reply["JobTag"] = job.params["JobTag"]
        if job.message is not None:
            reply["StatusMessage"] = job.message
        if job.status != "SUCCEEDED":
            return reply
        items, order = job.items, ""
        if analysis.arrange is not None:
            sort_by, aggregate_by = params.get("SortBy", "TIMESTAMP"), params.get("AggregateBy", "TIMESTAMPS")
            items, order = analysis.arrange(job.items, sort_by, aggregate_by), f"{sort_by} {aggregate_by}"
            reply["GetRequestMetadata"] = {"SortBy": sort_by, "AggregateBy": aggregate_by}
        start = self._position(job, order, params["NextToken"]) if "NextToken" in params else 0
        end = start + min(params.get("MaxResults", _MAX_RESULTS), _MAX_RESULTS)
        reply[analysis.member] = items[start:end]
        if end < len(items):
            reply["NextToken"] = self._page_token(job, order, end)
        return reply

    def _page_token(self, job: Job, order: str, position: int) -> str:
        """Make an opaque token that is good for this job and this order of its findings only."""
        signed = json.dumps([job.job_id, order, position]).encode()
        seal = hmac.new(self._secret, signed, hashlib.sha256).digest()[:18]
        return base64.b64encode(seal + position.to_bytes(6)).decode()

    def _position(self, job: Job, order: str, token: str) -> int:
        try:
            position = int.from_bytes(base64.b64decode(token, validate=True)[18:])
        except binascii.Error:
            position = -1
        if position < 0 or not hmac.compare_digest(self._page_token(job, order, position), token):
            raise ServiceError(
                "InvalidPaginationTokenException", "The pagination token in the request is not valid."
            )
        return position
