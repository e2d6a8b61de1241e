"""
# Enrich videos

**What it does.** Does what `enrich_images` does, with Rekognition's asynchronous jobs. Starts a job per
video and feature while there are slots, waits in the triggerer until the jobs end, and archives every page
of their results. Where the plan takes frames instead of a job, it decodes them and calls Rekognition for
each.

**Reads and writes.** Reads asset `media_manifest`, the ledger, the queue of job notifications and the
archived pages; writes `responses/jobs/`, `responses/frames/`, `usage_log/`, the finding tables with
`media_type=video`, `media_assets`, `analyses`, `validation_results`, `publish_decisions` and asset
`video_findings`.

**When it fails.** A job that ends as FAILED is started again, up to three times. After that, table
`analyses` has a row with its error. Lost notifications do no harm: the trigger looks up overdue jobs.
`wait_for_jobs` gives up after a day without news; the jobs go on, and the next run of the day collects
them. `approve` and `review` wait up to seven days for an answer (Required Actions in the UI), then fail;
clear them to ask again.

**Re-running.** Safe at any time, also by clearing tasks. A run waits for a job that was already started,
and does not start it again. Of an interrupted analysis by frames only the missing frames are paid for.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import PartitionedAssetTimetable, task_group

from media_lake.assets import media_manifest, video_findings, video_redrives
from media_lake.batches import BATCH_LABEL
from media_lake.lake_dag import lake_dag
from media_lake.operators.approval import approve_plan, review_checks
from media_lake.sensors.video_jobs_sensor import VideoJobsSensor
from media_lake.tasks.analyze import analyze_frames, collect_responses, start_jobs
from media_lake.tasks.defaults import VIDEO_POOL
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
    analyze_frames(batch)


@lake_dag(
    "plan",
    "analyze",
    "normalize",
    "validate",
    "publish",
    schedule=PartitionedAssetTimetable(assets=media_manifest | video_redrives),
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
