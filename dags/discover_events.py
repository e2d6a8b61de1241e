"""
# Discover events

**What it does.** For sources with `discovery: events`: when messages wait in the queue to which S3 reports new objects,
moves their events into the lake, and discovers exactly the days that have new ones. Each manifest starts
`enrich_images` and `enrich_videos` for its day. The queue is looked at once a minute; events of that time go together.

**Reads and writes.** Reads the queue `MEDIA_LAKE_EVENTS_QUEUE` and the sources of `include/lake.yaml`; writes `events/`,
`staging/manifests/dt=<day>/manifest.parquet` and asset `media_manifest`. Calls nothing that is billed by Rekognition.

**When it fails.** No event is lost: a message is deleted only after its events are in the lake, and a day keeps its mark
under `events/undiscovered/` until its manifest is announced. Days that a failed run left behind are discovered by the
next, or by clearing its tasks. Messages that are no events of S3 are put aside under `events/unreadable/`.

**Re-running.** Safe at any time, also by clearing tasks. Objects that the day's manifest has already are not looked into
again. For past days, backfill `discover_media`, which reads the same events.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Asset, AssetWatcher, dag, task_group

from media_lake.callbacks.failed_runs import report_failed_run
from media_lake.callbacks.late_runs import deadline
from media_lake.tasks.defaults import DEFAULT_ARGS
from media_lake.tasks.discover import discover_day, record_events, remove_marks
from media_lake.triggers.waiting_events import EventsWaitingTrigger

media_events = Asset(
    name="media_events",
    uri="x-media-lake://events",
    group="media-lake",
    watchers=[AssetWatcher(name="media_events_queue", trigger=EventsWaitingTrigger())],
)


@task_group
def discover(found: dict[str, Any]) -> None:
    discover_day(found=found) >> remove_marks(found=found)


@dag(
    schedule=[media_events],
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    catchup=False,
    # One at a time: events that come while a run works are gathered for the next.
    max_active_runs=1,
    max_active_tasks=16,
    default_args=DEFAULT_ARGS,
    deadline=deadline("discover_events"),
    on_failure_callback=report_failed_run,
    doc_md=__doc__,
    tags=["media-lake", "discover"],
)
def discover_events() -> None:
    discover.expand(found=record_events())


discover_events()
