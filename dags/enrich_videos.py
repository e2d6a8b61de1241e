"""
# Enrich videos

**What it does.** As `enrich_images`, with Rekognition's asynchronous jobs: starts a job per video and feature while
there are slots, waits in the triggerer until they end, archives every page of their results, and goes on as for images.

**Reads and writes.** Reads asset `media_manifest`, the ledger, the queue of job notifications and the archived pages;
writes `responses/jobs/`, `usage_log/`, the finding tables with `media_type=video`, `media_assets`, `analyses`,
`validation_results` and asset `video_findings`.

**When it fails.** A job that ends as FAILED is started again, up to three times, and then is a row of `analyses` with
its error. No notification has to arrive: an overdue job is looked up. `wait_for_jobs` gives up after a day without
any news; the jobs go on, and the next run of the day collects them. `approve` and `review` wait up to seven days for an
answer (Required Actions in the UI), then fail; clear them to ask again.

**Re-running.** Safe at any time, also by clearing tasks. A job that was started is waited for, never started again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import PartitionedAssetTimetable, dag, task_group

from media_lake.assets import media_manifest, video_findings, video_redrives
from media_lake.batches import BATCH_LABEL
from media_lake.callbacks.failed_runs import report_failed_run
from media_lake.callbacks.late_runs import deadline
from media_lake.operators.approval import approve_plan, review_checks
from media_lake.sensors.video_jobs_sensor import VideoJobsSensor
from media_lake.tasks.analyze import collect_responses, start_jobs
from media_lake.tasks.defaults import DEFAULT_ARGS, VIDEO_POOL
from media_lake.tasks.normalize import normalize_batch
from media_lake.tasks.plan import plan
from media_lake.tasks.publish import publish
from media_lake.tasks.validate import validate


@task_group
def analyze(batch: dict[str, Any]) -> None:
    (
        start_jobs(batch)
        >> VideoJobsSensor(
            task_id="wait_for_jobs", batch=batch, pool=VIDEO_POOL, map_index_template=BATCH_LABEL
        )
        >> collect_responses(batch)
    )


@dag(
    schedule=PartitionedAssetTimetable(assets=media_manifest | video_redrives),
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_tasks=16,
    default_args=DEFAULT_ARGS,
    deadline=deadline("enrich_videos"),
    on_failure_callback=report_failed_run,
    doc_md=__doc__,
    tags=["media-lake", "plan", "analyze", "normalize", "validate", "publish"],
)
def enrich_videos() -> None:
    planned = plan("video")
    approve = approve_plan("video")
    analyzed = analyze.expand(batch=planned)
    normalize = normalize_batch.override(task_id="normalize").partial(media_type="video")
    normalized = normalize.expand(batch=planned)
    validated = validate("video", planned["summary"])
    review = review_checks("video")
    planned >> approve >> analyzed >> normalized >> validated >> review
    approve >> validated
    review >> publish.override(outlets=[video_findings])("video")


enrich_videos()
