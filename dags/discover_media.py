"""
# Discover media

**What it does.** Once a day, just after midnight UTC, finds the media that arrived in the lake the day before, looks into
their headers by ranged reads, and leaves a manifest of the day. The manifest starts `enrich_images` and
`enrich_videos` for the same day. How media are found is a matter of the source: by the folder of the day, by the time
they were last modified, from the lists of S3 Inventory, or from the events that `discover_events` has recorded.

**Reads and writes.** Reads the sources of `include/lake.yaml`; writes `staging/manifests/dt=<day>/manifest.parquet`
and asset `media_manifest`. Calls nothing that is billed by Rekognition.

**When it fails.** The log names the bucket or setting. Access denied fails at once; throttling is retried. A file that
cannot be used is no failure: it is in the manifest, with the reason. So are an upload that is not completed and an object
that is replaced or deleted meanwhile. A list of S3 Inventory that is not there yet is looked for every half hour, for
three days; a damaged one fails at once, by its name.

**Re-running.** Safe at any time; objects that the day's manifest has already are not looked into again. To work through
past days, create a backfill of this Dag in the UI (Trigger > Backfill): every day gets one run of every Dag, and nothing
that was paid for is paid for again.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronPartitionTimetable, dag

from media_lake.assets import PARTITION_KEY_FORMAT
from media_lake.callbacks.failed_runs import report_failed_run
from media_lake.callbacks.late_runs import deadline
from media_lake.tasks.defaults import DEFAULT_ARGS
from media_lake.tasks.discover import discover


@dag(
    schedule=CronPartitionTimetable(
        "0 0 * * *", timezone="UTC", run_offset=-1, key_format=PARTITION_KEY_FORMAT
    ),
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_tasks=16,
    default_args=DEFAULT_ARGS,
    deadline=deadline("discover_media"),
    on_failure_callback=report_failed_run,
    doc_md=__doc__,
    tags=["media-lake", "discover"],
)
def discover_media() -> None:
    discover()


discover_media()
