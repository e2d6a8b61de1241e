"""
# Discover media

**What it does.** Just after midnight UTC, finds the media that arrived in the lake the day before. It reads
their headers with ranged reads and writes a manifest of the day. The manifest starts `enrich_images` and
`enrich_videos` for the same day. Each source sets its discovery method: the folder of the day, the time of
last modification, the lists of S3 Inventory, or the events that `discover_events` has recorded.

**Reads and writes.** Reads the sources of `include/lake.yaml`; writes
`staging/manifests/dt=<day>/manifest.parquet` and asset `media_manifest`. Makes no call that Rekognition
bills.

**When it fails.** The log names the bucket or setting. Access denied fails at once; throttling is retried.
An unusable file does not fail the run: the manifest lists it, with the reason. The same holds for an upload
that is not completed, for an object that is replaced or deleted meanwhile, and for one that S3 does not
return, while others of its bucket can be read. Looking into a file takes at most 5 CPU seconds, 16 MiB and 64
requests. If a list of S3 Inventory is
not there yet, the task looks again every half hour for three days; a damaged list fails at once, and the
message names it.

**Re-running.** Safe at any time; a run skips objects that the day's manifest already has. To work through
past days, create a backfill of this Dag (Trigger > Backfill): every day gets one run of every Dag, and
analyses that are already paid for are reused.
"""

from __future__ import annotations

from airflow.sdk import CronPartitionTimetable

from media_lake.assets import PARTITION_KEY_FORMAT
from media_lake.lake_dag import lake_dag
from media_lake.tasks.discover import discover


@lake_dag(
    "discover",
    schedule=CronPartitionTimetable(
        "0 0 * * *", timezone="UTC", run_offset=-1, key_format=PARTITION_KEY_FORMAT
    ),
)
def discover_media() -> None:
    discover()
