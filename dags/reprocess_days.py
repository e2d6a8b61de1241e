"""
# Reprocess days

**What it does.** Starts `reprocess_images` and `reprocess_videos` for every discovered day of a range, or
for all days. Airflow works on four days of each at a time.

**Reads and writes.** Reads which days have a manifest; announces assets `image_reprocessing` and
`video_reprocessing` for them. Neither this Dag nor those it starts can incur charges.

**When it fails.** The message names a day that does not exist, or says that the first day is after the
last.

**Re-running.** Safe at any time. **Which Dag to use:** after a change of a threshold in `min_confidence`,
of a normalizer or of a table, use this Dag for many days, or `reprocess_images` and `reprocess_videos` with
a partition key for one day. To pay for what is missing (new features, new request members, a pinned
version), run `enrich_images` and `enrich_videos`, or backfill `discover_media`. To pay for some failures
only, use `redrive_failed`.
"""

from __future__ import annotations

from media_lake.assets import image_reprocessing, video_reprocessing
from media_lake.forms.day_form import DAY_PARAMS
from media_lake.lake_dag import lake_dag
from media_lake.tasks.reprocess import select_days, start_reprocessing


@lake_dag(
    "normalize",
    schedule=None,
    params=DAY_PARAMS,
)
def reprocess_days() -> None:
    days = select_days()
    start_reprocessing.override(task_id="reprocess_images", outlets=[image_reprocessing])("image", days)
    start_reprocessing.override(task_id="reprocess_videos", outlets=[video_reprocessing])("video", days)
