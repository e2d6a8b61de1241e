"""The sensor that waits for a batch of video jobs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, Context
from airflow.sdk.exceptions import AirflowSensorTimeout

from include.core.errors import TransientError
from media_lake.triggers.video_jobs_trigger import MAX_WAIT, VideoJobsTrigger


class BrokenWaitError(TransientError):
    """The trigger met an error that a worker did not meet; a new attempt goes on from there."""


class VideoJobsSensor(BaseSensorOperator):
    """
    Wait until every video job of a batch has ended, starting jobs that had no slot as slots become free.

    The wait is deferred: it holds no worker, except for a moment from time to time to archive results.
    Everything it needs is in the ledger, so a new attempt goes on where the last one stopped, and no job is
    started twice.

    :param batch: Claim check of the batch. (templated)
    :param timeout: Seconds without news, of a job that started or ended, after which an attempt gives up.
        Jobs that run go on, and a new run of the day collects them.
    """

    template_fields: Sequence[str] = ("batch",)

    def __init__(self, *, batch: dict[str, Any], timeout: float = 24 * 3600.0, **kwargs: Any) -> None:
        super().__init__(timeout=timeout, **kwargs)
        self.batch = batch

    def execute(self, context: Context) -> dict[str, Any] | None:
        return self._advance(time.time())

    def resume(self, context: Context, event: dict[str, Any]) -> dict[str, Any] | None:
        """Go on after the trigger fired. If it met an error, a worker meets it too, or tries again."""
        return self._advance(event["last_news"], event.get("error"))

    def _advance(self, last_news: float, error: str | None = None) -> dict[str, Any] | None:
        from include.store.plan_batches import read_plan
        from media_lake.task_context import task_workspace
        from media_lake.video_batch import video_analyzer

        workspace = task_workspace()
        analyzer = video_analyzer(workspace, self.batch)
        progress = analyzer.advance(read_plan(workspace.s3, self.batch["uri"]))
        self.log.info("%s", progress)
        if progress.finished:
            return progress.to_xcom()
        if error is not None:
            raise BrokenWaitError(f"the wait for {self.batch['uri']} was broken by {error}")
        analyzer.archive_ended()
        now = time.time()
        if progress.started:
            last_news = now
        if now - last_news > self.timeout:
            raise AirflowSensorTimeout(
                f"nothing was heard of the video jobs of {self.batch['uri']} for {now - last_news:.0f} s: "
                f"{analyzer.progress()}"
            )
        self.defer(
            trigger=VideoJobsTrigger.of(workspace, self.batch, patience=self.timeout, last_news=last_news),
            method_name="resume",
            timeout=timedelta(seconds=self.timeout + MAX_WAIT),
        )
