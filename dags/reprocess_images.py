"""
# Reprocess images

**What it does.** Derives the day's tables of images anew from archived responses, with the present thresholds, normalizers
and tables, audits them and publishes them. There is no task in it that calls Rekognition, so it cannot pay for anything.

**Reads and writes.** Reads the day's manifest, the ledger and the archived responses; writes the finding tables with
`media_type=image`, `media_assets`, `analyses`, `validation_results` and asset `image_findings`.

**When it fails.** A day without a manifest is named: discover it first. `validate` never fails for bad data: `review` then
asks a person whether to publish.

**Re-running.** Safe at any time. Trigger it with a partition key for one day, `reprocess_days` for many. Analyses that
failed stay failed with their cause; those that were never paid for are *stopped* (`NotPaidFor`) until `enrich_images` runs.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import PartitionedAssetTimetable, dag

from media_lake.assets import image_findings, image_reprocessing
from media_lake.callbacks.failed_runs import report_failed_run
from media_lake.callbacks.late_runs import deadline
from media_lake.operators.approval import review_checks
from media_lake.tasks.defaults import DEFAULT_ARGS
from media_lake.tasks.normalize import normalize_batch
from media_lake.tasks.publish import publish
from media_lake.tasks.reprocess import plan_reprocessing
from media_lake.tasks.validate import validate


@dag(
    schedule=PartitionedAssetTimetable(assets=image_reprocessing),
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=4,
    max_active_tasks=8,
    default_args=DEFAULT_ARGS,
    deadline=deadline("reprocess_images"),
    on_failure_callback=report_failed_run,
    doc_md=__doc__,
    tags=["media-lake", "plan", "normalize", "validate", "publish"],
)
def reprocess_images() -> None:
    planned = plan_reprocessing.override(task_id="plan")("image")
    normalize = normalize_batch.override(task_id="normalize").partial(media_type="image")
    normalized = normalize.expand(batch=planned)
    validated = validate("image", planned["summary"])
    review = review_checks("image")
    normalized >> validated >> review >> publish.override(outlets=[image_findings])("image")


reprocess_images()
