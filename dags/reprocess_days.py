"""
# Reprocess days

**What it does.** Starts `reprocess_images` and `reprocess_videos` for every discovered day of a range, or for all days. Four
days of each are worked on at a time.

**Reads and writes.** Reads which days have a manifest; announces assets `image_reprocessing` and `video_reprocessing` for
them. Pays for nothing, and nothing that it starts can.

**When it fails.** A day that does not exist, or a first day after the last, is named.

**Re-running.** Safe at any time. **Which to use:** after a change of a threshold in `min_confidence`, of the normalizer or of
a table, this Dag for many days, or `reprocess_images` and `reprocess_videos` with a partition key for one day. To pay for
what is missing (new features, new request members, a pinned version), run `enrich_images` and `enrich_videos`, or backfill
`discover_media`. To pay for some failures only, `redrive_failed`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import dag

from media_lake.assets import image_reprocessing, video_reprocessing
from media_lake.callbacks.failed_runs import report_failed_run
from media_lake.callbacks.late_runs import deadline
from media_lake.forms.day_form import DAY_PARAMS
from media_lake.tasks.defaults import DEFAULT_ARGS
from media_lake.tasks.reprocess import select_days, start_reprocessing


@dag(
    schedule=None,
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_tasks=16,
    default_args=DEFAULT_ARGS,
    deadline=deadline("reprocess_days"),
    on_failure_callback=report_failed_run,
    params=DAY_PARAMS,
    doc_md=__doc__,
    tags=["media-lake", "normalize"],
)
def reprocess_days() -> None:
    days = select_days()
    start_reprocessing.override(task_id="reprocess_images", outlets=[image_reprocessing])("image", days)
    start_reprocessing.override(task_id="reprocess_videos", outlets=[video_reprocessing])("video", days)


reprocess_days()
