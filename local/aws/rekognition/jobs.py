"""Video jobs: started once per token, limited in number, run in the background, with results in pages."""

from __future__ import annotations

import asyncio
import logging
import secrets
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from local.aws.rekognition.api_model import operation_model
from local.aws.rekognition.control import Control
from local.aws.rekognition.face_collections import Collections
from local.aws.rekognition.film import Film, UnreadableVideoError
from local.aws.rekognition.media_files import Media
from local.aws.rekognition.notifications import Notifier
from local.aws.rekognition.pages import Pages
from local.aws.rekognition.pool import WorkerPool
from local.aws.rekognition.rekognition_errors import ServiceError, documented_error
from local.aws.rekognition.replay import Replay
from local.aws.rekognition.started_job import Job
from local.aws.rekognition.videos import BY_GET, BY_START

logger = logging.getLogger(__name__)

_MAX_RESULTS = 1000  # items of a page, even if a request asks for more


class Jobs:
    """All jobs. They end with the process.

    :param workers: videos analyzed at once; the others wait, and count as open.
    :param clock: returns seconds.
    """

    def __init__(
        self,
        media: Media,
        pool: WorkerPool,
        replay: Replay,
        control: Control,
        notifier: Notifier,
        pages: Pages,
        collections: Collections,
        workers: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._media = media
        self._pool = pool
        self._replay = replay
        self._control = control
        self._notifier = notifier
        self._pages = pages
        self._collections = collections
        self._clock = clock
        self._slots = asyncio.Semaphore(workers)
        self._jobs: dict[str, Job] = {}
        self._tokens: dict[tuple[str, str, str], tuple[Job, float]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def forget(self) -> None:
        """Delete every job and token, and abandon the jobs that run."""
        for task in self._tasks:
            task.cancel()
        self._jobs.clear()
        self._tokens.clear()

    @property
    def open(self) -> int:
        """Number of jobs in progress."""
        return sum(job.status == "IN_PROGRESS" for job in self._jobs.values())

    async def start(self, operation: str, params: dict[str, Any], region: str) -> dict[str, Any]:
        """Start a job, or return the one that the same token started before.

        :raises ServiceError: IdempotentParameterMismatchException, LimitExceededException,
            ResourceNotFoundException if there is no such collection, and the errors of :class:`.Media`.
        """
        known = self._known(operation, params, region)
        if known is None:
            self._check_collection(params, region)
            await asyncio.to_thread(self._media.check_video, params["Video"], region)
            known = self._known(operation, params, region)  # another request may have come first meanwhile
        return {"JobId": known or self._create(operation, params, region)}

    def _check_collection(self, params: dict[str, Any], region: str) -> None:
        if "CollectionId" in params:
            self._collections.find(params["CollectionId"], region)

    def _known(self, operation: str, params: dict[str, Any], region: str) -> str | None:
        token = params.get("ClientRequestToken")
        if token is None or (region, operation, token) not in self._tokens:
            return None
        job, used_at = self._tokens[region, operation, token]
        if self._clock() - used_at > self._control.behavior.request_token_seconds:
            return None
        if params != job.params:
            raise documented_error("IdempotentParameterMismatchException", token)
        return job.job_id

    def _create(self, operation: str, params: dict[str, Any], region: str) -> str:
        if self.open >= self._control.behavior.job_limit:
            raise documented_error(
                "LimitExceededException", detail=f"{self.open} jobs are in progress; wait for one."
            )
        extra_seconds, failure = self._control.draw_job_seconds(), self._control.draw_job_failure()
        job = Job(secrets.token_hex(32), operation, params, region, extra_seconds, failure)
        self._jobs[job.job_id] = job
        if "ClientRequestToken" in params:
            self._tokens[region, operation, params["ClientRequestToken"]] = (job, self._clock())
        self._control.bill_job(operation, params["Video"]["S3Object"])
        task = asyncio.create_task(self._run(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job.job_id

    async def _run(self, job: Job) -> None:
        try:
            async with self._slots:
                await self._analyze(job)
            await asyncio.sleep(job.extra_seconds)
            job.status, job.message = ("FAILED", job.failure) if job.failure else ("SUCCEEDED", None)
            if job.status == "SUCCEEDED":
                self._control.bill_minutes(job.operation, job.params, _minutes(job.members))
        except (UnreadableVideoError, ServiceError) as error:
            job.status, job.message = "FAILED", str(error)
        except Exception as error:
            logger.exception("job %s failed", job.job_id)
            job.status, job.message = "FAILED", f"Internal error: {error!r}"
        job.finished_at = self._clock()
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
                job.members = analysis.select_members(job.params, job.members)
            else:
                film = await self._pool.run(self._watch(job), file.name)
                job.items = analysis.items(job.params, film)
                job.members = {**analysis.metadata(film.properties), **analysis.model(job.params)}

    def _watch(self, job: Job) -> Callable[..., Film]:
        """Return the function that a worker runs; a face search gets the collection's present faces."""
        watch = BY_START[job.operation].watch(job.params)
        if "CollectionId" not in job.params:
            return watch
        collection = self._collections.find(job.params["CollectionId"], job.region)
        return partial(watch, known=list(collection.faces.values()))

    async def get(self, operation: str, params: dict[str, Any], region: str) -> dict[str, Any]:
        """Return a job's state and, if it has succeeded, a page of its findings.

        :raises ServiceError: ResourceNotFoundException, InvalidPaginationTokenException.
        """
        analysis = BY_GET[operation]
        job = self._jobs.get(params["JobId"])
        if job is None or job.operation != analysis.start or job.region != region or self._is_over(job):
            raise documented_error("ResourceNotFoundException", detail=f"There is no job {params['JobId']}.")
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
            if _repeats_request(operation):
                reply["GetRequestMetadata"] = {"SortBy": sort_by, "AggregateBy": aggregate_by}
        reply[analysis.member], more = self._pages.cut(items, params, _MAX_RESULTS, job.job_id, order)
        return {**reply, **more}

    def _is_over(self, job: Job) -> bool:
        """Return whether a job finished so long ago that its results are gone."""
        kept = self._control.behavior.job_result_seconds
        return job.finished_at is not None and self._clock() - job.finished_at > kept


def _minutes(members: dict[str, Any]) -> float:
    """Return the length of a job's video as its reply tells it."""
    metadata = members.get("VideoMetadata") or {}
    (metadata,) = metadata if isinstance(metadata, list) else [metadata]
    return float(metadata.get("DurationMillis", 0)) / 60_000


def _repeats_request(operation: str) -> bool:
    """Return whether a Get reply says how its findings were sorted and aggregated."""
    shape = operation_model(operation).output_shape
    return shape is not None and "GetRequestMetadata" in shape.members
