"""The tasks that the Dags wire together, one per stage.

A task makes its clients, calls the stage in ``include`` and returns a claim check. Heavy imports stay inside the tasks:
this module is imported whenever a Dag file is parsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task

from include.assets import media_manifest
from include.features import MediaType
from include.metrics import Metric, count_each
from media_lake.callbacks import record_failure
from media_lake.discovery import ATTEMPTS, DISCOVERY_ARGS, discover_partition
from media_lake.metrics import task_metrics
from media_lake.redrive import requested_selections
from rekognition.retry_policy import AwsErrorCodeRetryPolicy

if TYPE_CHECKING:
    from include.selection import Selection
    from media_lake.task_context import TaskContext

IMAGE_POOL = "rekognition_images"
VIDEO_POOL = "rekognition_videos"

DEFAULT_ARGS = {
    "owner": "media-lake",
    "retries": ATTEMPTS - 1,
    "retry_delay": 10.0,
    "retry_policy": AwsErrorCodeRetryPolicy(),
    "on_failure_callback": record_failure,
}

# What the UI calls the instances of a mapped task or sensor: the batch and its size. Airflow fails a task whose label it
# cannot render, so a batch is found however it was passed.
BATCH_LABEL = (
    "{% set batch = task.batch if task.batch is defined else task.op_kwargs['batch'] if 'batch' in task.op_kwargs "
    "else task.op_args[0] %}"
    "{{ batch['uri'].rsplit('/', 1)[1].split('.', 1)[0] }}: {{ batch['rows'] }} files"
)


@task(outlets=[media_manifest], multiple_outputs=False, **DISCOVERY_ARGS)
def discover() -> dict[str, Any]:
    """Find the day's media, look into their headers and leave a manifest."""
    from media_lake.task_context import TaskContext

    context = TaskContext()
    return discover_partition(context, context.run)


@task
def plan(media_type: MediaType) -> list[dict[str, Any]]:
    """Find out what has to be paid for, cut it into batches and price it.

    Returns the batches' claim checks, to be mapped over, and leaves the plan's figures as XCom ``summary``.
    """
    from include.usage import this_month
    from media_lake.task_context import TaskContext

    context = TaskContext()
    used = this_month(context.session, context.settings)
    batches, summary = plan_day(context, media_type, used, requested_selections(media_type))
    metrics = task_metrics(media_type)
    counts = {"planned": summary["calls"], "reused": summary["reused"], "rejected": summary["rejected"]}
    count_each(metrics, Metric.PLANNED, "state", counts)
    metrics.gauge(Metric.PLANNED_USD, summary["usd"]["likely"])
    return batches


def plan_day(
    context: TaskContext,
    media_type: MediaType,
    month_to_date: dict[str, float],
    selections: list[Selection] | None,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Plan the run's day, leave the figures as XCom ``summary``, and return the batches' claim checks and the figures.

    :param selections: see :func:`include.plan.plan`.
    """
    from include.costs import load_price_book
    from include.plan import plan

    book = load_price_book(context.settings.region)
    batches, summary = plan(
        context.s3,
        context.ledger,
        context.lake,
        context.settings,
        book,
        context.run,
        media_type,
        month_to_date,
        selections,
    )
    get_current_context()["ti"].xcom_push(key="summary", value=summary)
    return batches, summary


@task(pool=IMAGE_POOL, map_index_template=BATCH_LABEL, multiple_outputs=False)
def analyze_image_batch(batch: dict[str, Any]) -> dict[str, Any]:
    """Pay for what a batch of images still needs."""
    from include.analyze_images import ImageAnalyzer, planned_operations
    from include.responses import read_plan
    from media_lake.task_context import TaskContext

    context = TaskContext()
    name, threads = batch_name(batch), context.settings.image_threads
    metrics = task_metrics("image")
    rows = read_plan(context.s3, batch["uri"])
    operations = planned_operations(rows)
    analyzer = ImageAnalyzer(
        context.client("rekognition", connections=threads * max(1, len(operations))),
        context.s3,
        context.ledger,
        context.run,
        batch=name,
        owner=f"{context.run.token}/{name}",
        threads=threads,
        lease_seconds=context.settings.lease_seconds,
        paces=context.paces(operations),
        metrics=metrics,
    )
    summary = analyzer.analyze(rows).to_xcom()
    counts = {"done": summary["calls"], "reused": summary["reused"], "failed": summary["failed"]}
    count_each(metrics, Metric.ANALYSES, "state", counts)
    return summary


@task(pool=VIDEO_POOL, map_index_template=BATCH_LABEL, multiple_outputs=False)
def start_jobs(batch: dict[str, Any]) -> dict[str, Any]:
    """Start the video jobs that there are slots for."""
    from include.responses import read_plan
    from media_lake.video_batch import video_analyzer

    analyzer, context = video_analyzer(batch)
    return analyzer.advance(read_plan(context.s3, batch["uri"])).to_xcom()


@task(pool=VIDEO_POOL, map_index_template=BATCH_LABEL, multiple_outputs=False)
def collect_responses(batch: dict[str, Any]) -> dict[str, Any]:
    """Archive every page of the jobs that succeeded."""
    from include.responses import read_plan
    from media_lake.video_batch import video_analyzer

    analyzer, context = video_analyzer(batch)
    summary = analyzer.collect(read_plan(context.s3, batch["uri"])).to_xcom()
    counts = {"done": summary["done"], "failed": summary["failed"]}
    count_each(task_metrics("video"), Metric.ANALYSES, "state", counts)
    return summary


@task(map_index_template=BATCH_LABEL, multiple_outputs=False)
def normalize_batch(batch: dict[str, Any], media_type: MediaType) -> dict[str, int]:
    """Turn a batch's archived responses into typed rows."""
    from include.normalize.batch import normalize_batch
    from include.responses import read_plan
    from media_lake.task_context import TaskContext

    context = TaskContext()
    rows = normalize_batch(
        context.session,
        context.s3,
        context.ledger,
        context.lake,
        context.run,
        media_type,
        batch_name(batch),
        read_plan(context.s3, batch["uri"]),
    )
    count_each(task_metrics(media_type), Metric.ROWS, "table", rows)
    return rows


@task(multiple_outputs=False)
def validate(media_type: MediaType, planned: dict[str, Any]) -> dict[str, Any]:
    """Audit what the run wrote; the results are published whatever they say."""
    from include.normalize.batch import write_table
    from include.publish import publish
    from include.schemas import TABLES
    from include.validate import validate
    from media_lake.task_context import TaskContext

    context = TaskContext()
    run = context.run
    rows, failed = validate(
        context.session, context.s3, run, media_type, planned["assets"], planned["analyses"]
    )
    uri = f"{run.staged_uri('validation_results', media_type)}results.parquet"
    write_table(context.session, TABLES["validation_results"], rows, uri)
    publish(
        context.s3, context.client("glue"), context.settings.database, run, ["validation_results"], media_type
    )
    passed = sum(row["success"] for row in rows)
    counts = {"passed": passed, "failed": len(rows) - passed}
    count_each(task_metrics(media_type), Metric.CHECKS, "result", counts)
    return {"checks": len(rows), "failed": bool(failed), "failed_text": failed}


@task(multiple_outputs=False)
def publish(media_type: MediaType) -> dict[str, str]:
    """Point the day's partitions at the audited data."""
    from include.features import run_tables
    from include.publish import publish
    from media_lake.task_context import TaskContext

    context = TaskContext()
    published = publish(
        context.s3,
        context.client("glue"),
        context.settings.database,
        context.run,
        run_tables(media_type),
        media_type,
    )
    task_metrics(media_type).count(Metric.PARTITIONS_PUBLISHED, len(published))
    return published


def batch_name(batch: dict[str, Any]) -> str:
    """Return a batch's name within its run, from its claim check."""
    return batch["uri"].rsplit("/", 1)[1].split(".", 1)[0]
