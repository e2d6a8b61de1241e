"""The analyzer of one batch of videos, made from what the task or trigger works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from media_lake.airflow_metrics import AirflowMetrics
from media_lake.aws_clients import rekognition_hook
from media_lake.batches import batch_name

if TYPE_CHECKING:
    from include.analyze.video_analyzer import VideoAnalyzer
    from include.store.workspace import Workspace


def video_analyzer(workspace: Workspace, batch: dict[str, Any]) -> VideoAnalyzer:
    """Return the analyzer of a batch.

    :param batch: the batch's claim check.
    """
    from include.analyze.video_analyzer import VideoAnalyzer

    metrics = AirflowMetrics(dag_id=workspace.run.dag_id, media_type="video")
    hook = rekognition_hook(workspace)
    return VideoAnalyzer(workspace, hook, batch=batch_name(batch), metrics=metrics)
