"""The sensor that waits for a batch of video jobs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, Context
from airflow.sdk.exceptions import AirflowSensorTimeout

from media_lake.triggers import VideoJobsTrigger


class VideoJobsSensor(BaseSensorOperator):
    """
    Wait until every video job of a batch has ended, starting jobs that had no slot as slots become free.

    The wait is deferred: no worker is held. Everything it needs is in the ledger, so a new attempt goes on where the
    last one stopped, and no job is started twice.

    :param batch: Claim check of the batch. (templated)
    :param timeout: Seconds until an attempt gives up; jobs that run go on, and a new run of the day collects them.
    """

    template_fields: Sequence[str] = ("batch",)

    def __init__(self, *, batch: dict[str, Any], timeout: float = 24 * 3600.0, **kwargs: Any) -> None:
        super().__init__(timeout=timeout, **kwargs)
        self.batch = batch

    def execute(self, context: Context) -> dict[str, Any] | None:
        return self._advance(deadline=time.time() + self.timeout, looked_up=time.time())

    def resume(self, context: Context, event: dict[str, Any]) -> dict[str, Any] | None:
        """Go on after jobs have ended, or after it is time to look for free slots again."""
        self.log.info("%d jobs have ended since", len(event["ended"]))
        return self._advance(event["deadline"], event["looked_up"])

    def _advance(self, deadline: float, looked_up: float) -> dict[str, Any] | None:
        from include.responses import read_plan
        from media_lake.video_batch import video_analyzer

        analyzer, task_context = video_analyzer(self.batch)
        progress = analyzer.advance(read_plan(task_context.s3, self.batch["uri"]))
        if progress.finished:
            return progress.to_xcom()
        left = deadline - time.time()
        if left <= 0:
            raise AirflowSensorTimeout(
                f"video jobs of {self.batch['uri']} did not end in time: {progress.to_xcom()}"
            )
        settings = task_context.settings
        self.defer(
            trigger=VideoJobsTrigger(
                jobs=progress.running,
                pending=progress.pending,
                queue_name=settings.jobs_queue,
                ledger_table=settings.ledger_table,
                aws_conn_id=settings.aws_conn_id,
                region_name=settings.region,
                sweep_after=settings.sweep_after_seconds,
                deadline=deadline,
                looked_up=looked_up,
            ),
            method_name="resume",
            timeout=timedelta(seconds=left),
        )
