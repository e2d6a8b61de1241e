"""The trigger that waits for video jobs: by notifications, and by look-ups where one is overdue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from include.analyze.video_work import ProgressLog
from include.core.errors import is_transient
from include.core.run import Run
from include.core.settings import Settings
from include.store.job_ends import job_end
from include.store.messages import OddMessage, UnreadableMessageError, set_aside
from media_lake.aws_clients import ConnectionClients, aws_hook
from media_lake.callbacks.alert_sender import report_odd_messages

if TYPE_CHECKING:
    from include.analyze.video_analyzer import VideoAnalyzer
    from include.analyze.video_work import Progress
    from include.store.workspace import Workspace

MAX_WAIT = 3600.0  # seconds
LONG_POLL = 2  # seconds for which an empty queue is waited at
PAUSE_IN_TROUBLE = 5.0  # seconds


class VideoJobsTrigger(BaseTrigger):
    """
    Fire when all jobs of a batch have ended, and from time to time so that a worker archives what there is so
    far.

    Every trigger takes messages from the one queue and records in the ledger which job ended, whoever waits
    for it. So notifications that are lost, late, repeated or taken by another trigger all end in the same
    state. When a job ends, a trigger whose batch has jobs that wait starts the next one at once: by way of
    the scheduler and a worker the slot would stay empty for seconds. That is a few short requests in a
    thread, never on the event loop. Everything is in the ledger; a trigger that is moved or runs twice starts
    no job twice.

    :param batch: Claim check of the batch.
    :param run: Fields of the Dag run, an :class:`include.core.run.Run`.
    :param settings: Fields of the deployment's settings, as the worker has them.
    :param patience: Seconds without any news after which to give up.
    :param last_news: When there was news last, in seconds since the epoch; handed back with the event.
    :param min_wait: Seconds to wait at least. Airflow 3.3.2 can fail a deferral that ends sooner than a
        worker's exit is noticed, which takes up to ``[workers] min_heartbeat_interval``.
    :param max_wait: Seconds after which to fire although jobs run: results can be had for seven days only.
    """

    def __init__(
        self,
        batch: dict[str, Any],
        run: dict[str, str],
        settings: dict[str, Any],
        patience: float,
        last_news: float | None = None,
        min_wait: float = 4.0,
        max_wait: float = MAX_WAIT,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.batch = batch
        self.run_fields = run
        self.settings = settings
        self.patience = patience
        self.last_news = time.time() if last_news is None else last_news
        self.min_wait = min_wait
        self.max_wait = max_wait
        self._analyzer: VideoAnalyzer | None = None
        self._queue_url = ""
        self._has_told = False

    @classmethod
    def of(cls, workspace: Workspace, batch: dict[str, Any], **times: float) -> VideoJobsTrigger:
        """Return the trigger of a batch for what a task works with."""
        return cls(batch, asdict(workspace.run), workspace.settings.model_dump(mode="json"), **times)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "batch": self.batch,
            "run": self.run_fields,
            "settings": self.settings,
            "patience": self.patience,
            "last_news": self.last_news,
            "min_wait": self.min_wait,
            "max_wait": self.max_wait,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        began = time.monotonic()
        error = await self._watch(began)
        await asyncio.sleep(began + self.min_wait - time.monotonic())
        yield TriggerEvent({"last_news": self.last_news, **({"error": error} if error else {})})

    async def _watch(self, began: float) -> str | None:
        """Return when it is time to fire; with the error, if waiting does not mend it."""
        workspace = await asyncio.to_thread(self._workspace)
        progress_log = ProgressLog()
        async with await aws_hook(workspace.settings, "sqs").get_async_conn() as sqs:
            while time.time() - self.last_news <= self.patience and time.monotonic() - began < self.max_wait:
                try:
                    progress = await self._look(sqs, workspace)
                except Exception as error:
                    if not is_transient(error):
                        return repr(error)
                    self.log.warning("The wait goes on after trouble: %s", error)
                    self._analyzer = None  # the next one reads from the ledger how far the batch is
                    await asyncio.sleep(PAUSE_IN_TROUBLE)
                    continue
                if progress_log.note(progress):
                    self.last_news = time.time()
                if progress.finished:
                    self.log.info("%s", progress)
                    return None
        return None

    async def _look(self, sqs: Any, workspace: Workspace) -> Progress:
        """Open the batch, or take the messages that there are; then start jobs."""
        if self._analyzer is None:
            self._queue_url = (await sqs.get_queue_url(QueueName=workspace.settings.jobs_queue))["QueueUrl"]
            self._analyzer, progress = await asyncio.to_thread(self._open, workspace)
            return progress
        return await self._take_messages(sqs, workspace, self._analyzer)

    async def _take_messages(self, sqs: Any, workspace: Workspace, analyzer: VideoAnalyzer) -> Progress:
        """Record what the messages tell, start jobs, and only then delete the messages."""
        reply = await sqs.receive_message(
            QueueUrl=self._queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=LONG_POLL
        )
        messages = reply.get("Messages", [])
        if not messages:
            await asyncio.to_thread(analyzer.look_up_overdue)
            return await asyncio.to_thread(analyzer.process_ended_and_start)
        odd = [each for message in messages if (each := await self._record_end(analyzer, message["Body"]))]
        if odd:
            await asyncio.to_thread(self._set_aside, workspace, odd)
        progress = await asyncio.to_thread(analyzer.process_ended_and_start)
        receipts = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages)
        ]
        await sqs.delete_message_batch(QueueUrl=self._queue_url, Entries=receipts)
        return progress

    async def _record_end(self, analyzer: VideoAnalyzer, body: str) -> OddMessage | None:
        """Record the end that a message tells of; return the message if it tells of none."""
        try:
            ended = job_end(body)
        except UnreadableMessageError as error:
            self.log.warning("a message is no notification of Rekognition and is set aside: %s", error)
            return OddMessage(body, str(error))
        await asyncio.to_thread(analyzer.job_ended, *ended)
        self.last_news = time.time()
        return None

    def _set_aside(self, workspace: Workspace, odd: list[OddMessage]) -> None:
        """Keep odd messages, and tell of them once in the trigger's life: they can be many."""
        queue = workspace.settings.jobs_queue
        set_aside(workspace.s3, workspace.settings.bucket, queue, odd)
        if not self._has_told:
            self._has_told = True
            report_odd_messages(workspace, queue, len(odd), workspace.run.dag_id)

    def _open(self, workspace: Workspace) -> tuple[VideoAnalyzer, Progress]:
        from include.store.plan_batches import read_plan
        from media_lake.video_batch import video_analyzer

        analyzer = video_analyzer(workspace, self.batch)
        return analyzer, analyzer.advance(read_plan(workspace.s3, self.batch["uri"]))

    def _workspace(self) -> Workspace:
        from include.store.workspace import Workspace

        settings = Settings(**self.settings)
        return Workspace(Run(**self.run_fields), settings, ConnectionClients(settings))
