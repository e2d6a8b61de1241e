"""A day of the lake goes through all Dags under one key."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import CronPartitionTimetable, IdentityMapper, PartitionedAssetTimetable
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable

from include.core.run import Run
from media_lake import assets
from media_lake.assets import PARTITION_KEY_FORMAT
from media_lake.triggers.waiting_events import EventsWaitingTrigger
from tests.dags.loaded_dags import DAGS

PEOPLE = {"people", "QuickSight"}


def asset_map() -> dict[str, tuple[set[str], set[str]]]:
    """Return for each asset the Dags that produce it and those that read it, as its module's table says."""
    table = (assets.__doc__ or "").split("====\n")[2]
    rows = (re.split(r"\s{2,}", line) for line in table.splitlines() if line.strip() and "==" not in line)
    return {name: (set(made_by.split(", ")), set(read_by.split(", "))) for name, made_by, read_by in rows}


CONSUMERS = sorted(set.union(*(readers for _, readers in asset_map().values())) - PEOPLE)


@pytest.fixture(scope="module")
def dags() -> dict[str, Any]:
    return DAGS.dags


def as_scheduled(dag: Any) -> Any:
    """Return the timetable as the scheduler has it, after it went through the database."""
    return decode_timetable(encode_timetable(dag.timetable))


def test_people_read_of_each_asset_which_dags_produce_it(dags: dict[str, Any]) -> None:
    produced: defaultdict[str, set[str]] = defaultdict(set)
    for dag_id, dag in dags.items():
        for task in dag.tasks:
            for outlet in task.outlets:
                produced[outlet.name].add(dag_id)
    assert produced == {name: producers for name, (producers, _) in asset_map().items()}


def test_people_read_of_each_asset_which_dags_it_starts(dags: dict[str, Any]) -> None:
    started = {
        (asset.name, dag_id)
        for dag_id, dag in dags.items()
        if isinstance(dag.timetable, PartitionedAssetTimetable)
        for asset, _ in as_scheduled(dag).asset_condition.iter_assets()
    }
    told = {(name, reader) for name, (_, readers) in asset_map().items() for reader in readers - PEOPLE}
    assert started == told


def test_findings_are_announced_only_when_everything_is_published(dags: dict[str, Any]) -> None:
    for dag_id in ("enrich_images", "enrich_videos", "reprocess_images", "reprocess_videos"):
        assert dags[dag_id].get_task("publish").downstream_task_ids == set()


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


@pytest.mark.parametrize("dag_id", CONSUMERS)
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
        re.findall(
            r"^## (\w+)$",
            (Path(__file__).parents[2] / "docs/DATA.md").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    assets = {outlet.name: outlet for dag in dags.values() for task in dag.tasks for outlet in task.outlets}
    assert len(assets) == 8
    for name, asset in assets.items():
        assert asset.extra["what"].endswith("."), name
        assert set(asset.extra.get("tables", {})) <= sections, name
    assert "labels" in assets["video_findings"].extra["tables"]
    assert assets["cost_report"].extra["tables"]["usage"] == "docs/DATA.md#usage"
    assert {asset.group for asset in assets.values()} == {"media-lake", "media-lake requests"}
