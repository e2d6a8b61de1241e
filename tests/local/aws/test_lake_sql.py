"""The project's own SQL, executed by Athena on tables that its own DDL made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from include.core.schemas import TABLES
from include.store.sql import view_names
from tests.local.aws.queried_lake import Lake, Query, Row

pytestmark = pytest.mark.integration

VIDEO = {"dt": "2026-11-20", "media_type": "video", "media_id": "v"}


def test_views_can_be_made_again_and_are_empty_on_an_empty_lake(lake: Lake, query: Query) -> None:
    lake.make_views()
    lake.make_views()
    # QuickSight hides all rows from all readers if nothing says who sees what.
    rules = [("media-lake-finance", None)]
    for name in view_names():
        expected = rules if name == "views/dashboard_readers" else []
        assert query(f"SELECT * FROM {name.removeprefix('views/')}") == expected


def test_moderation_queue_has_one_row_per_asset_newest_first_with_its_best_label(
    lake: Lake, query: Query
) -> None:
    image = {"dt": "2026-11-20", "media_type": "image"}
    lake.insert(
        "media_assets",
        {
            **image,
            "media_id": "old",
            "bucket": "b",
            "key": "raw/o ld.jpg",
            "last_modified": datetime(2026, 11, 18),
        },
        {**image, "media_id": "clean", "bucket": "b", "key": "raw/c.jpg"},
        {**VIDEO, "bucket": "b", "key": "raw/v.mp4", "last_modified": datetime(2026, 11, 19)},
    )
    lake.insert(
        "moderation_labels",
        {**image, "media_id": "old", "name": "Drugs & Tobacco", "taxonomy_level": 1, "confidence": 99.0},
        {
            **image,
            "media_id": "old",
            "name": "Smoking",
            "parent_name": "Tobacco",
            "taxonomy_level": 3,
            "confidence": 99.0,
        },
        {**VIDEO, "name": "Alcohol", "confidence": 60.0, "timestamp_ms": 500},
        {**VIDEO, "name": "Alcohol", "confidence": 80.0, "timestamp_ms": 1000},
    )
    lake.make_views("moderation_queue")
    columns = "queue_place, media_id, label, parent_label, confidence, timestamp_ms, findings, s3_uri"
    assert query(f"SELECT {columns} FROM moderation_queue ORDER BY dt DESC, queue_place") == [
        ("1", "v", "Alcohol", None, "80.0", "1000", "2", "s3://b/raw/v.mp4"),
        ("2", "old", "Smoking", "Tobacco", "99.0", None, "2", "s3://b/raw/o ld.jpg"),
    ]


def test_moderation_queue_shows_the_most_specific_label_also_of_models_without_levels(
    lake: Lake, query: Query
) -> None:
    """Days that were published before levels were counted have none."""
    image = {"dt": "2026-11-20", "media_type": "image", "media_id": "i"}
    lake.insert("media_assets", {**image, "bucket": "b", "key": "raw/i.jpg"})
    lake.insert(
        "moderation_labels",
        {**image, "name": "Explicit Nudity", "confidence": 99.0},
        {**image, "name": "Graphic Nudity", "parent_name": "Explicit Nudity", "confidence": 99.0},
        {**image, "name": "Alcohol", "parent_name": "Drinks", "confidence": 80.0},
    )
    lake.make_views()
    assert query("SELECT label, parent_label FROM moderation_queue") == [
        ("Graphic Nudity", "Explicit Nudity")
    ]


def test_video_moments_put_everything_on_one_time_line(lake: Lake, query: Query) -> None:
    lake.insert("media_assets", {**VIDEO, "key": "raw/v.mp4"})
    lake.insert(
        "labels",
        {**VIDEO, "name": "Tree", "confidence": 90.0, "timestamp_ms": 1000},
        {"dt": "2026-11-20", "media_type": "image", "media_id": "i", "name": "Tree"},
    )
    lake.insert("moderation_labels", {**VIDEO, "name": "Alcohol", "confidence": 80.0, "timestamp_ms": 2000})
    lake.insert(
        "texts",
        {**VIDEO, "text": "Big Buck Bunny", "type": "LINE", "confidence": 95.0, "timestamp_ms": 3000},
        {**VIDEO, "text": "Big", "type": "WORD", "confidence": 95.0, "timestamp_ms": 3000},
    )
    lake.insert("faces", {**VIDEO, "face_index": 0, "confidence": 98.0, "timestamp_ms": 4000})
    lake.insert(
        "segments",
        {
            **VIDEO,
            "type": "TECHNICAL_CUE",
            "cue_type": "BlackFrames",
            "start_ms": 0,
            "end_ms": 750,
            "confidence": 99.5,
        },
        {**VIDEO, "type": "SHOT", "shot_index": 1, "start_ms": 5000, "end_ms": 6000, "confidence": 99.0},
    )
    lake.make_views("video_moments")
    rows = query("SELECT key, start_ms, end_ms, kind, what, confidence FROM video_moments ORDER BY start_ms")
    assert {row[0] for row in rows} == {"raw/v.mp4"}
    assert [row[1:] for row in rows] == [
        ("0", "750", "technical cue", "BlackFrames", "99.5"),
        ("1000", None, "label", "Tree", "90.0"),
        ("2000", None, "moderation", "Alcohol", "80.0"),
        ("3000", None, "text", "Big Buck Bunny", "95.0"),
        ("5000", "6000", "shot", "Shot 1", "99.0"),
    ]


def test_people_moments_put_people_on_one_time_line(lake: Lake, query: Query) -> None:
    lake.insert("media_assets", {**VIDEO, "key": "raw/v.mp4"})
    lake.insert(
        "faces",
        {**VIDEO, "face_index": 0, "confidence": 98.0, "timestamp_ms": 4000},
        {**VIDEO, "face_index": 1, "confidence": 99.0, "timestamp_ms": 4000},
        {**VIDEO, "face_index": 0, "confidence": 97.0, "timestamp_ms": 4500},
        {"dt": "2026-11-20", "media_type": "image", "media_id": "i", "face_index": 0},
    )
    lake.insert("celebrities", {**VIDEO, "name": "Grace Hopper", "confidence": 96.0, "timestamp_ms": 1000})
    lake.insert(
        "face_matches",
        {
            **VIDEO,
            "similarity": 91.0,
            "confidence": 99.0,
            "face_id": "f1",
            "external_image_id": "grace",
            "timestamp_ms": 2000,
        },
        {**VIDEO, "similarity": 90.0, "face_id": "f2", "timestamp_ms": 3000},
    )
    lake.insert("persons", {**VIDEO, "person_index": 7, "timestamp_ms": 5000})
    lake.make_views("people_moments")
    rows = query("SELECT key, start_ms, kind, who, confidence FROM people_moments ORDER BY start_ms")
    assert {row[0] for row in rows} == {"raw/v.mp4"}
    assert [row[1:] for row in rows] == [
        ("1000", "celebrity", "Grace Hopper", "96.0"),
        ("2000", "face match", "grace", "91.0"),
        ("3000", "face match", "f2", "90.0"),
        ("4000", "faces", "2 faces", "99.0"),
        ("4500", "faces", "1 face", "97.0"),
        ("5000", "person", "Person 7", None),
    ]


def test_findings_by_file_tell_none_from_not_asked_for(lake: Lake, query: Query) -> None:
    image = {"dt": "2026-11-20", "media_type": "image"}
    lake.insert(
        "media_assets",
        {**image, "media_id": "a", "key": "raw/a.jpg", "status": "partial"},
        {**image, "media_id": "b", "key": "raw/b.jpg", "status": "rejected"},
        {**VIDEO, "key": "raw/v.mp4", "status": "analyzed"},
        {
            "dt": "2026-11-21",
            "media_type": "image",
            "media_id": "a",
            "key": "raw/a.jpg",
            "status": "analyzed",
        },
    )
    lake.insert(
        "analyses",
        {**image, "media_id": "a", "feature": "labels", "status": "succeeded", "findings": 12},
        {**image, "media_id": "a", "feature": "faces", "status": "reused", "findings": 0},
        {**image, "media_id": "a", "feature": "text", "status": "failed", "findings": 0},
        {**image, "media_id": "b", "feature": "labels", "status": "rejected", "findings": 0},
        {**VIDEO, "feature": "labels", "status": "succeeded", "findings": 3},
    )
    lake.make_views("findings_by_file")
    columns = "key, media_type, status, labels, faces, text, custom_labels, dt"
    assert query(f"SELECT {columns} FROM findings_by_file ORDER BY dt, key") == [
        ("raw/a.jpg", "image", "partial", "12", "0", None, None, "2026-11-20"),
        ("raw/b.jpg", "image", "rejected", None, None, None, None, "2026-11-20"),
        ("raw/v.mp4", "video", "analyzed", "3", None, None, None, "2026-11-20"),
        ("raw/a.jpg", "image", "analyzed", None, None, None, None, "2026-11-21"),
    ]


def test_cost_by_team_day_sums_over_sources_and_partitions(lake: Lake, query: Query) -> None:
    row = {
        "cost_center": "news",
        "feature": "labels",
        "media_type": "image",
        "units": 2.0,
        "usd": 0.002,
        "saved_usd": 0.5,
    }
    lake.insert(
        "costs_daily",
        {**row, "dt": "2026-11-20", "source": "a"},
        {**row, "dt": "2026-11-21", "source": "b"},
        {**row, "dt": "2026-11-21", "cost_center": "archive"},
        {**row, "dt": "2026-11-21", "media_type": "video", "units": 7.0},
    )
    lake.make_views("cost_by_team_day")
    assert query("SELECT * FROM cost_by_team_day ORDER BY cost_center, media_type") == [
        ("2026-11-20", "archive", "labels", "image", "2.0", "0.002", "0.5"),
        ("2026-11-20", "news", "labels", "image", "4.0", "0.004", "1.0"),
        ("2026-11-20", "news", "labels", "video", "7.0", "0.002", "0.5"),
    ]


def test_month_to_date_counts_what_was_paid_elsewhere_in_the_month(lake: Lake) -> None:
    def use(dt: str, at: datetime, **more: Any) -> Row:
        return {"dt": dt, "at": at, "price_item": "image-group-2", "units": 10.0, "reused": False, **more}

    lake.insert(
        "usage",
        use("2026-11-19", datetime(2026, 11, 1)),
        use("2026-11-19", datetime(2026, 11, 20, 8, 59, 59, 999000), units=0.5, price_item="video-minutes"),
        use("2026-11-19", datetime(2026, 10, 31, 23, 59, 59)),
        use("2026-11-19", datetime(2026, 11, 20, 9)),
        use("2026-11-19", datetime(2026, 11, 2), reused=True),
        use("2026-11-20", datetime(2026, 11, 3)),
    )
    parameters = ["'2026-11-01 00:00:00'", "'2026-11-20 09:00:00.000'", "'2026-11-20'"]
    rows = lake.run("reports/month_to_date_units", ExecutionParameters=parameters)
    assert sorted(rows) == [("image-group-2", "10.0"), ("video-minutes", "0.5")]


def test_rows_are_counted_by_table_and_day(lake: Lake) -> None:
    image = {"media_type": "image", "name": "Tree"}
    lake.insert(
        "labels",
        {**image, "dt": "2026-11-19", "media_id": "a"},
        {**image, "dt": "2026-11-20", "media_id": "b"},
        {**image, "dt": "2026-11-21", "media_id": "c"},
    )
    lake.insert("persons", {**VIDEO, "person_index": 1})
    rows = lake.run("reports/table_rows", ExecutionParameters=["'2026-11-20'", "'2026-11-21'"])
    assert {name for name, _ in rows} == set(TABLES)
    assert {name: count for name, count in rows if count != "0"} == {"labels": "2", "persons": "1"}


def test_costs_are_added_up_over_partitions(lake: Lake) -> None:
    row = {"feature": "labels", "cost_center": "news", "source": "a", "media_type": "image", "units": 2.0}
    lake.insert(
        "costs_daily",
        {**row, "dt": "2026-11-20", "usd": 0.25},
        {**row, "dt": "2026-11-21", "usd": 0.5},
        {**row, "dt": "2026-11-21", "usd": 1.0, "cost_center": "archive"},
    )
    found = [(row[2], row[4], row[9], row[10]) for row in lake.run("reports/costs")]
    assert found == [("archive", "labels", "2.0", "1.0"), ("news", "labels", "4.0", "0.75")]


def test_the_hours_of_a_model_cost_a_run_but_are_no_analysis(lake: Lake) -> None:
    def use(media: str, key: str, **more: Any) -> Row:
        row = {"dt": "2026-11-20", "run_id": "r", "media_id": media, "analysis_key": key, "units": 1.0}
        return {**row, "usd": 0.5, "saved_usd": 0.0, "operation": "DetectLabels", "reused": False, **more}

    lake.insert(
        "usage",
        use("a", "k1"),
        use("a", "k1", price_item="image-properties"),
        use("a", "k2"),
        use("arn:of:a:model", "k3", operation="StartProjectVersion", usd=4.0, units=1.25),
        use("b", "k1", reused=True, usd=0.0, saved_usd=0.25),
        use("a", "k1", dt="2026-11-21"),
    )
    rows = lake.run("reports/run_costs", ExecutionParameters=["'2026-11-20'", "'2026-11-20'"])
    assert sorted(rows) == [
        ("r", "false", "2", "4.25", "5.5", "0.0"),
        ("r", "true", "1", "1.0", "0.0", "0.25"),
    ]


def test_failures_are_listed_with_their_file_and_counted_once_for_each_analysis(
    lake: Lake, query: Query
) -> None:
    clip = {**VIDEO, "bucket": "b", "source": "clips", "duration_ms": 90_000}
    lake.insert("media_assets", *({**clip, "media_id": name, "key": f"raw/{name}.mp4"} for name in "vwx"))
    failed = {**VIDEO, "feature": "labels", "status": "failed", "error_code": "VideoJobFailed"}
    lake.insert(
        "analyses",
        {**failed, "media_id": "v", "analysis_key": "k1", "error_message": "codec"},
        {**failed, "media_id": "w", "analysis_key": "k1", "error_message": "codec"},  # a duplicate of v
        {**failed, "media_id": "x", "analysis_key": "k2", "error_message": "audio"},
        {**failed, "media_id": "v", "analysis_key": "k3", "feature": "text", "status": "succeeded"},
        {**failed, "media_id": "w", "analysis_key": "k4", "feature": "text", "status": "stopped"},
        {**failed, "media_id": "x", "analysis_key": "k5", "feature": "text", "status": "rejected"},
    )
    lake.make_views("failed_analyses")
    columns = "media_id, s3_uri, feature, error_code, error_message, duration_ms, analysis_key"
    assert query(f"SELECT {columns} FROM failed_analyses ORDER BY media_id") == [
        ("v", "s3://b/raw/v.mp4", "labels", "VideoJobFailed", "codec", "90000", "k1"),
        ("w", "s3://b/raw/w.mp4", "labels", "VideoJobFailed", "codec", "90000", "k1"),
        ("x", "s3://b/raw/x.mp4", "labels", "VideoJobFailed", "audio", "90000", "k2"),
    ]
    days = {"ExecutionParameters": ["'2026-11-20'", "'2026-11-20'"]}
    assert lake.run("reports/failure_causes", **days) == [
        ("2026-11-20", "video", "clips", "labels", "VideoJobFailed", "2", "3.0", "codec")
    ]
    days = {"ExecutionParameters": ["'2026-11-21'", "'2026-11-30'"]}
    assert lake.run("reports/failure_causes", **days) == []
