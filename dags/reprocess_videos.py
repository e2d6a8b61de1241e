"""
# Reprocess videos

**What it does.** Rebuilds the tables of one day's videos from archived responses, with today's thresholds,
normalizers and table definitions. Audits the tables and publishes them. No task calls Rekognition, so this
Dag cannot incur charges.

**Reads and writes.** Reads the day's manifest, the ledger and the archived responses; writes the finding
tables with `media_type=video`, `media_assets`, `analyses`, `validation_results`, `publish_decisions` and
asset `video_findings`.

**When it fails.** The message names a day that has no manifest: discover it first. Bad data never fails
`validate`; `review` then asks a person whether to publish.

**Re-running.** Safe at any time. Trigger it with a partition key for one day; use `reprocess_days` for
many. Failed analyses stay failed, with their cause. Analyses that were never paid for are *stopped*
(`NotPaidFor`) until `enrich_videos` runs.
"""

from __future__ import annotations

from airflow.sdk import PartitionedAssetTimetable

from media_lake.assets import video_reprocessing
from media_lake.lake_dag import REPROCESSING_LIMITS, lake_dag
from media_lake.tasks.reprocess import reprocess_day


@lake_dag(
    "plan",
    "normalize",
    "validate",
    "publish",
    schedule=PartitionedAssetTimetable(assets=video_reprocessing),
    **REPROCESSING_LIMITS,
)
def reprocess_videos() -> None:
    reprocess_day("video")
