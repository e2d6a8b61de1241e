"""A day of the lake goes through all Dags under one key."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import CronPartitionTimetable, IdentityMapper, PartitionedAssetTimetable
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable

from include.core.run import Run
from media_lake.assets import (
    PARTITION_KEY_FORMAT,
    cost_report,
    image_findings,
    image_redrives,
    image_reprocessing,
    media_manifest,
    video_findings,
    video_redrives,
    video_reprocessing,
)
from media_lake.triggers.waiting_events import EventsWaitingTrigger

ROOT = Path(__file__).parents[2]
CONSUMED = {
    "enrich_images": {media_manifest.name, image_redrives.name},
    "enrich_videos": {media_manifest.name, video_redrives.name},
    "reprocess_images": {image_reprocessing.name},
    "reprocess_videos": {video_reprocessing.name},
    "report_costs": {image_findings.name, video_findings.name},
}
PRODUCED = {
    ("discover_events", "discover.discover_day"): {media_manifest.name},
    ("discover_media", "discover"): {media_manifest.name},
    ("enrich_images", "publish"): {image_findings.name},
    ("enrich_videos", "publish"): {video_findings.name},
    ("redrive_failed", "redrive_images"): {image_redrives.name},
    ("redrive_failed", "redrive_videos"): {video_redrives.name},
    ("reprocess_days", "reprocess_images"): {image_reprocessing.name},
    ("reprocess_days", "reprocess_videos"): {video_reprocessing.name},
    ("reprocess_images", "publish"): {image_findings.name},
    ("reprocess_videos", "publish"): {video_findings.name},
    ("report_costs", "report"): {cost_report.name},
}


@pytest.fixture(scope="module")
def dags() -> dict[str, Any]:
    return DagBag(ROOT / "dags").dags


def as_scheduled(dag: Any) -> Any:
    """Return the timetable as the scheduler has it, after it went through the database."""
    return decode_timetable(encode_timetable(dag.timetable))


def test_assets_are_produced_where_people_read_that_they_are(dags: dict[str, Any]) -> None:
    produced = {
        (dag_id, task.task_id): {outlet.name for outlet in task.outlets}
        for dag_id, dag in dags.items()
        for task in dag.tasks
        if task.outlets
    }
    assert produced == PRODUCED


def test_findings_are_announced_only_when_everything_is_published(dags: dict[str, Any]) -> None:
    for dag_id in ("enrich_images", "enrich_videos", "reprocess_images", "reprocess_videos"):
        assert dags[dag_id].get_task("publish").downstream_task_ids == set()


@pytest.mark.parametrize("dag_id", CONSUMED)
def test_consumers_are_started_by_their_assets(dags: dict[str, Any], dag_id: str) -> None:
    assert isinstance(dags[dag_id].timetable, PartitionedAssetTimetable)
    timetable = as_scheduled(dags[dag_id])
    assert {key.name for key, _ in timetable.asset_condition.iter_assets()} == CONSUMED[dag_id]


@pytest.mark.parametrize(
    "dag_id",
    [
        "report_costs",
        "enrich_images",
        "enrich_videos",
    ],
)
def test_each_event_starts_a_run_by_itself(dags: dict[str, Any], dag_id: str) -> None:
    """Of two events at the same moment, Airflow files each apart: a run that needs both would never start."""
    assert type(as_scheduled(dags[dag_id]).asset_condition).__name__ == "SerializedAssetAny"


@pytest.mark.parametrize("dag_id", CONSUMED)
@pytest.mark.parametrize("key", ["2026-11-20", "2020-02-29", "2026-01-01"])
def test_a_key_reaches_the_consumer_as_it_left_the_producer(
    dags: dict[str, Any], dag_id: str, key: str
) -> None:
    timetable = as_scheduled(dags[dag_id])
    for asset, _ in timetable.asset_condition.iter_assets():
        mapper = timetable.get_partition_mapper(name=asset.name, uri=asset.uri)
        downstream = mapper.to_downstream(key)
        assert ({downstream} if isinstance(downstream, str) else set(downstream)) == {key}
        assert not mapper.is_rollup
    assert isinstance(dags[dag_id].timetable.default_partition_mapper, IdentityMapper)


def test_every_day_has_one_run_with_its_key(dags: dict[str, Any]) -> None:
    assert isinstance(dags["discover_media"].timetable, CronPartitionTimetable)
    timetable = as_scheduled(dags["discover_media"])
    days = timetable.iter_partition_dagrun_infos(
        earliest=datetime(2026, 2, 27, tzinfo=UTC), latest=datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC)
    )
    keys = [info.partition_key for info in days]
    assert keys == ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]


def test_the_run_just_after_midnight_is_for_the_day_before(dags: dict[str, Any]) -> None:
    timetable = as_scheduled(dags["discover_media"])
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    assert timetable._get_partition_info(midnight)[1] == "2026-11-20"


def test_a_key_of_the_schedule_is_a_day_of_the_lake(dags: dict[str, Any]) -> None:
    key = datetime(2026, 11, 20, tzinfo=UTC).strftime(PARTITION_KEY_FORMAT)
    assert Run("lake", "discover_media", "r", key).partition == "2026-11-20"
    assert as_scheduled(dags["discover_media"]).resolve_partition_date(key) == datetime(
        2026, 11, 20, tzinfo=UTC
    )


def test_events_are_watched_and_their_days_are_found_by_the_task(dags: dict[str, Any]) -> None:
    timetable = as_scheduled(dags["discover_events"])
    assert not timetable.partitioned
    (asset,) = dags["discover_events"].schedule
    (watcher,) = asset.watchers
    assert isinstance(watcher.trigger, EventsWaitingTrigger)


def test_costs_are_reported_one_day_at_a_time(dags: dict[str, Any]) -> None:
    assert dags["report_costs"].max_active_runs == 1


def test_assets_say_what_they_are_and_where_their_tables_are_described(dags: dict[str, Any]) -> None:
    sections = set(
        re.findall(r"^## (\w+)$", (ROOT / "docs/DATA.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assets = {outlet.name: outlet for dag in dags.values() for task in dag.tasks for outlet in task.outlets}
    assert len(assets) == 8
    for name, asset in assets.items():
        assert asset.extra["what"].endswith("."), name
        assert set(asset.extra.get("tables", {})) <= sections, name
    assert "labels" in assets["video_findings"].extra["tables"]
    assert assets["cost_report"].extra["tables"]["usage"] == "docs/DATA.md#usage"
    assert {asset.group for asset in assets.values()} == {"media-lake", "media-lake requests"}
