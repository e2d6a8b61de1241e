"""
# Discover events

**What it does.** Serves sources with `discovery: events`. S3 reports new objects to a queue. This Dag looks
at the queue once a minute. When messages wait there, it moves their events into the lake and discovers
exactly the days that have new ones. Each manifest starts `enrich_images` and `enrich_videos` for its day.
Events of one minute go together.

**Reads and writes.** Reads the queue `MEDIA_LAKE_EVENTS_QUEUE` and the sources of `include/lake.yaml`;
writes `events/`, `staging/manifests/dt=<day>/manifest.parquet` and asset `media_manifest`. Makes no call
that Rekognition bills.

**When it fails.** No event is lost. A message is deleted only after its events are in the lake, and a day
keeps its mark under `events/undiscovered/` until its manifest is announced. The next run discovers the days
that a failed run left behind; so does clearing its tasks. A message that is no event of S3 goes to
`quarantine/messages/`, with the reason, and an alert says how many did.

**Re-running.** Safe at any time, also by clearing tasks. A run skips objects that the day's manifest
already has. For past days, backfill `discover_media`, which reads the same events.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, AssetWatcher, task_group

from media_lake.lake_dag import lake_dag
from media_lake.tasks.discover import discover_day, record_events, remove_marks
from media_lake.triggers.waiting_events import EventsWaitingTrigger

media_events = Asset(
    name="media_events",
    uri="x-media-lake://events",
    group="media-lake requests",
    extra={"what": "Messages of S3 about new objects, in the queue MEDIA_LAKE_EVENTS_QUEUE."},
    watchers=[AssetWatcher(name="media_events_queue", trigger=EventsWaitingTrigger())],
)


@task_group
def discover(found: dict[str, Any]) -> None:
    discover_day(found=found) >> remove_marks(found=found)


@lake_dag(
    "discover",
    schedule=[media_events],
    # One at a time: events that come while a run works are gathered for the next.
    max_active_runs=1,
)
def discover_events() -> None:
    discover.expand(found=record_events())
