"""The tasks that analyze images and videos."""

from __future__ import annotations

from typing import Any

from airflow.sdk import get_current_context, task

from include.core.metrics import Metric, count_each
from media_lake.airflow_metrics import task_metrics
from media_lake.batches import BATCH_LABEL, batch_name
from media_lake.task_models import task_models
from media_lake.tasks.defaults import IMAGE_POOL, VIDEO_POOL


@task
def reserve_models(planned: dict[str, Any]) -> list[dict[str, Any]]:
    """Record that this run is going to use the plan's models, so that no other run stops them.

    A plan of which only a part was approved may need fewer.

    A setup task of its own: once it has succeeded, the teardown runs whatever becomes of the tasks in
    between.
    """
    cut = get_current_context()["ti"].xcom_pull(task_ids="approve", key="cut")
    reserved: list[dict[str, Any]] = (cut or planned)["models"]
    if reserved:
        from include.store.model_time import model_payer

        models, workspace = task_models()
        for model in reserved:
            models.reserve(model["arn"], workspace.run.token, model_payer(workspace.run, model))
    return reserved


@task(pool=IMAGE_POOL, map_index_template=BATCH_LABEL, multiple_outputs=False)
def analyze_image_batch(batch: dict[str, Any]) -> dict[str, Any]:
    """Pay for what a batch of images still needs."""
    from include.analyze.image_analyzer import ImageAnalyzer, planned_operations
    from include.analyze.pace import shared_paces
    from include.store.plan_batches import read_plan
    from media_lake.task_context import task_workspace

    workspace = task_workspace()
    metrics = task_metrics("image")
    rows = read_plan(workspace.s3, batch["uri"])
    paces = shared_paces(workspace, planned_operations(rows))
    analyzer = ImageAnalyzer(workspace, batch=batch_name(batch), paces=paces, metrics=metrics)
    summary = analyzer.analyze(rows).to_xcom()
    counts = {"done": summary["calls"]} | {name: summary[name] for name in ("reused", "failed", "stopped")}
    count_each(metrics, Metric.ANALYSES, "state", counts)
    return summary


@task(pool=IMAGE_POOL, map_index_template=BATCH_LABEL, multiple_outputs=False)
def analyze_frames(batch: dict[str, Any]) -> dict[str, Any]:
    """Pay for the frames of those videos that are analyzed by frames."""
    from include.analyze.frame_work import FrameSummary
    from include.store.plan_batches import read_plan, takes_frames
    from media_lake.task_context import task_workspace

    workspace = task_workspace()
    rows = read_plan(workspace.s3, batch["uri"])
    if not any(takes_frames(analysis) for row in rows for analysis in row["analyses"]):
        return FrameSummary().to_xcom()
    from include.analyze.frame_analyzer import FrameAnalyzer, frame_operations
    from include.analyze.pace import shared_paces

    metrics = task_metrics("video")
    paces = shared_paces(workspace, frame_operations(rows))
    analyzer = FrameAnalyzer(workspace, batch=batch_name(batch), paces=paces, metrics=metrics)
    summary = analyzer.analyze(rows).to_xcom()
    counts = {name: summary[name] for name in ("done", "failed", "stopped")}
    count_each(metrics, Metric.ANALYSES, "state", counts)
    return summary


@task(pool=VIDEO_POOL, map_index_template=BATCH_LABEL, multiple_outputs=False)
def start_jobs(batch: dict[str, Any]) -> dict[str, Any]:
    """Start the video jobs that there are slots for."""
    from include.store.plan_batches import read_plan
    from media_lake.task_context import task_workspace
    from media_lake.video_batch import video_analyzer

    workspace = task_workspace()
    plan = read_plan(workspace.s3, batch["uri"])
    return video_analyzer(workspace, batch).advance(plan).to_xcom()


@task(pool=VIDEO_POOL, map_index_template=BATCH_LABEL, multiple_outputs=False)
def collect_responses(batch: dict[str, Any]) -> dict[str, Any]:
    """Archive every page of the jobs that succeeded."""
    from include.store.plan_batches import read_plan
    from media_lake.task_context import task_workspace
    from media_lake.video_batch import video_analyzer

    workspace = task_workspace()
    plan = read_plan(workspace.s3, batch["uri"])
    summary = video_analyzer(workspace, batch).collect(plan).to_xcom()
    counts = {name: summary[name] for name in ("done", "failed", "stopped")}
    count_each(task_metrics("video"), Metric.ANALYSES, "state", counts)
    return summary
