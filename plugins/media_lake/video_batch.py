"""The analyzer of one batch of videos, made from the task's context."""

from __future__ import annotations

from typing import Any

from include.analyze.video_analyzer import VideoAnalyzer
from include.store.workspace import Workspace
from media_lake.airflow_metrics import AirflowMetrics
from media_lake.task_context import task_workspace


def video_analyzer(batch: dict[str, Any]) -> tuple[VideoAnalyzer, Workspace]:
    """Return the analyzer and the context it was made from."""
    context = task_workspace()
    return analyzer_in(context, batch, jobs_topic_arn(context)), context


def analyzer_in(context: Workspace, batch: dict[str, Any], topic_arn: str) -> VideoAnalyzer:
    """Return the analyzer of a batch.

    :param topic_arn: from :func:`jobs_topic_arn`.
    """
    from media_lake.batches import batch_name

    name = batch_name(batch)
    return VideoAnalyzer(
        context.aws.client("rekognition"),
        context.s3,
        context.ledger,
        context.run,
        context.settings,
        topic_arn=topic_arn,
        batch=name,
        owner=f"{context.run.token}/{name}",
        metrics=AirflowMetrics(dag_id=context.run.dag_id, media_type="video"),
    )


def jobs_topic_arn(context: Workspace) -> str:
    """Return the ARN of the topic that Rekognition reports finished jobs to: CreateTopic is idempotent by name."""
    return context.aws.client("sns").create_topic(Name=context.settings.jobs_topic)["TopicArn"]
