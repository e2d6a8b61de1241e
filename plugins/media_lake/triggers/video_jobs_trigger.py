"""The trigger that waits for video jobs: notifications are the fast path, look-ups of overdue jobs the safety net."""

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
from media_lake.aws_clients import ConnectionClients, aws_hook

if TYPE_CHECKING:
    from include.analyze.video_analyzer import VideoAnalyzer
    from include.analyze.video_work import Progress
    from include.store.workspace import Workspace

MAX_WAIT = 3600.0  # seconds
LONG_POLL = 2  # seconds for which an empty queue is waited at
PAUSE_IN_TROUBLE = 5.0  # seconds


class VideoJobsTrigger(BaseTrigger):
    """
    Fire when all jobs of a batch have ended, and from time to time so that a worker archives what there is so far.

    Every trigger takes messages from the one queue and records in the ledger which job ended, whoever waits for it; so
    notifications that are lost, late, repeated or taken by another trigger all end in the same state. When a job ends, a
    trigger whose batch has jobs that wait starts the next one at once: going through the scheduler and a worker would
    leave the slot empty for seconds. That is a few short requests in a thread, never on the event loop. Everything is in the
    ledger; a trigger that is moved or runs twice starts no job twice.

    :param batch: Claim check of the batch.
    :param run: Fields of the Dag run, an :class:`include.core.run.Run`.
    :param settings: Fields of the deployment's settings, as the worker has them.
    :param topic_arn: SNS topic that Rekognition reports finished jobs to.
    :param patience: Seconds without any news after which to give up.
    :param last_news: When there was news last, in seconds since the epoch; handed back with the event.
    :param min_wait: Seconds to wait at least. Airflow 3.3.2 can fail a deferral that ends sooner than a worker's exit
        is noticed, which takes up to ``[workers] min_heartbeat_interval``.
    :param max_wait: Seconds after which to fire although jobs run: results can be had for seven days only.
    """

    def __init__(
        self,
        batch: dict[str, Any],
        run: dict[str, str],
        settings: dict[str, Any],
        topic_arn: str,
        patience: float,
        last_news: float | None = None,
        min_wait: float = 4.0,
        max_wait: float = MAX_WAIT,
    ) -> None:
        super().__init__()
        self.batch = batch
        self.run_fields = run
        self.settings = settings
        self.topic_arn = topic_arn
        self.patience = patience
        self.last_news = time.time() if last_news is None else last_news
        self.min_wait = min_wait
        self.max_wait = max_wait

    @classmethod
    def of(cls, context: Workspace, batch: dict[str, Any], topic_arn: str, **times: Any) -> VideoJobsTrigger:
        """Return the trigger of a batch for a task's context."""
        return cls(batch, asdict(context.run), context.settings.model_dump(mode="json"), topic_arn, **times)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "batch": self.batch,
            "run": self.run_fields,
            "settings": self.settings,
            "topic_arn": self.topic_arn,
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
        """Return when it is time to fire, with the error if waiting does not mend it."""
        context = await asyncio.to_thread(self._context)
        progress_log = ProgressLog()
        analyzer: VideoAnalyzer | None = None
        async with await aws_hook(context.settings, "sqs").get_async_conn() as sqs:
            while time.time() - self.last_news <= self.patience and time.monotonic() - began < self.max_wait:
                try:
                    if analyzer is None:
                        queue = (await sqs.get_queue_url(QueueName=context.settings.jobs_queue))["QueueUrl"]
                        analyzer, progress = await asyncio.to_thread(self._open, context)
                    else:
                        progress = await self._step(sqs, queue, analyzer)
                except Exception as error:
                    if not is_transient(error):
                        return repr(error)
                    self.log.warning("The wait goes on after trouble: %s", error)
                    analyzer = None  # another reads from the ledger how far things came
                    await asyncio.sleep(PAUSE_IN_TROUBLE)
                    continue
                if progress_log.note(progress):
                    self.last_news = time.time()
                if progress.finished:
                    self.log.info("%s", progress)
                    return None
        return None

    async def _step(self, sqs: Any, queue: str, analyzer: VideoAnalyzer) -> Progress:
        """Take what messages there are, then a turn."""
        reply = await sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=LONG_POLL)
        messages = reply.get("Messages", [])
        if not messages:
            await asyncio.to_thread(analyzer.look_up_overdue)
            return await asyncio.to_thread(analyzer.turn)
        for message in messages:
            report = job_end(message["Body"])
            if report is None:
                self.log.warning(
                    "Dropping a message that is no notification of Rekognition: %.200s", message["Body"]
                )
            else:
                await asyncio.to_thread(analyzer.job_ended, *report)
                self.last_news = time.time()
        receipts = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages)
        ]
        progress = await asyncio.to_thread(analyzer.turn)
        await sqs.delete_message_batch(QueueUrl=queue, Entries=receipts)
        return progress

    def _open(self, context: Workspace) -> tuple[VideoAnalyzer, Progress]:
        from include.store.plan_batches import read_plan
        from media_lake.video_batch import analyzer_in

        analyzer = analyzer_in(context, self.batch, self.topic_arn)
        return analyzer, analyzer.advance(read_plan(context.s3, self.batch["uri"]))

    def _context(self) -> Workspace:
        from include.store.workspace import Workspace

        settings = Settings(**self.settings)
        return Workspace(Run(**self.run_fields), settings, ConnectionClients(settings))
