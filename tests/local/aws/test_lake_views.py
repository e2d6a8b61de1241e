"""What views answer beyond the questions of ``docs/QUERIES.md``: replaced files, gaps, what is missing."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.local.aws.queried_lake import Lake, Query, Row

pytestmark = pytest.mark.integration

DAYS = (("old", "2026-11-19"), ("new", "2026-11-20"))
VIDEO = {"dt": "2026-11-20", "media_type": "video", "media_id": "v"}


def image(media_id: str, hour: int = 9, dt: str = "2026-11-20", **more: object) -> Row:
    return {
        "dt": dt,
        "media_type": "image",
        "media_id": media_id,
        "bucket": "b",
        "key": media_id,
        "last_modified": datetime.fromisoformat(f"{dt}T{hour:02}:00:00"),
        **more,
    }


def test_the_newest_version_of_an_object_is_current_unless_it_is_known_to_be_gone(
    lake: Lake, query: Query
) -> None:
    lake.insert(
        "media_assets",
        image("first", dt="2026-11-19", key="replaced"),
        image("second", key="replaced"),
        image("twice", dt="2026-11-19", key="on-two-days"),
        image("twice", dt="2026-11-20", key="on-two-days", last_modified=datetime(2026, 11, 19, 9)),
        image("elsewhere", key="replaced", bucket="another"),
        image("whole", hour=8, key="being-written-again"),
        image("upload", key="being-written-again", reason_code="Uploading"),
        *(image(code, reason_code=code) for code in ("Deleted", "Overwritten", "ObjectReplaced")),
        image("odd", reason_code="UnsupportedFormat"),
    )
    lake.make_views("current_assets")
    assert query("SELECT dt, media_id FROM current_assets ORDER BY media_id, dt") == [
        ("2026-11-20", "elsewhere"),
        ("2026-11-20", "odd"),
        ("2026-11-20", "second"),
        ("2026-11-19", "twice"),
        ("2026-11-20", "twice"),
        ("2026-11-20", "whole"),
    ]
    assert query("SELECT count(*) FROM asset_versions") == [("11",)]
    # Also where the condition excludes the day of the newer version.
    assert query("SELECT media_id FROM current_assets WHERE dt = '2026-11-19'") == [("twice",)]


def test_replaced_files_stay_out_of_views_about_content(lake: Lake, query: Query) -> None:
    lake.insert("media_assets", image("old", dt="2026-11-19", key="a"), image("new", key="a"))
    for table, values in {
        "labels": {"name": "Dog", "confidence": 90.0},
        "moderation_labels": {"name": "Alcohol", "confidence": 90.0},
        "texts": {"text": "SALE", "type": "LINE"},
        "protective_equipment": {"person_id": 0},
        "image_properties": {"region": "image", "brightness": 3.0},
        "custom_labels": {"name": "Logo"},
        "analyses": {"feature": "moderation", "status": "succeeded", "findings": 1},
    }.items():
        lake.insert(table, *({**image(name, dt=dt), **values} for name, dt in DAYS))
    by_file = ("moderation_queue", "text_search", "equipment_by_person", "quality_issues", "coverage")
    lake.make_views(*by_file, "safety_by_source_day", "asset_findings")
    for view in by_file:
        assert query(f"SELECT DISTINCT media_id FROM {view}") == [("new",)], view
    assert query("SELECT dt, checked_assets FROM safety_by_source_day") == [("2026-11-20", "1")]
    found = query("SELECT media_id, is_current, count(*) FROM asset_findings GROUP BY 1, 2 ORDER BY 1")
    assert found == [("new", "true", "6"), ("old", "false", "6")]


def test_coverage_tells_not_yet_from_not_asked_for(lake: Lake, query: Query) -> None:
    days = {"before": "2026-11-18", "dropped": "2026-11-19", "now": "2026-11-20"}
    lake.insert(
        "media_assets",
        *(image(name, dt=dt, source="s") for name, dt in days.items()),
        image("stopped", source="s"),
        image("other", source="another"),
    )

    def analysis(media_id: str, feature: str, status: str = "succeeded") -> Row:
        return {**image(media_id, dt=days.get(media_id, "2026-11-20")), "feature": feature, "status": status}

    lake.insert(
        "analyses",
        analysis("before", "labels"),
        analysis("dropped", "labels"),
        analysis("dropped", "faces"),
        analysis("now", "labels", "reused"),
        analysis("now", "text", "failed"),
        analysis("now", "moderation", "rejected"),
        analysis("stopped", "labels", "stopped"),
        analysis("other", "faces"),
    )
    lake.make_views("coverage")
    rows = query("SELECT media_id, feature, state FROM coverage WHERE state <> 'not asked' ORDER BY 1, 2")
    assert rows == [
        ("before", "labels", "done"),
        ("before", "moderation", "not yet"),
        ("before", "text", "not yet"),
        ("dropped", "faces", "done"),  # the source does not ask for it any more
        ("dropped", "labels", "done"),
        ("dropped", "moderation", "not yet"),
        ("dropped", "text", "not yet"),
        ("now", "labels", "done"),
        ("now", "moderation", "rejected"),
        ("now", "text", "failed"),
        ("other", "faces", "done"),
        ("stopped", "labels", "not yet"),
        ("stopped", "moderation", "not yet"),
        ("stopped", "text", "not yet"),
    ]
    assert query("SELECT count(DISTINCT feature) FROM coverage WHERE media_id = 'other'") == [("9",)]
    only_a_day = "SELECT state FROM coverage WHERE dt = '2026-11-18' AND feature = 'moderation'"
    assert query(only_a_day) == [("not yet",)]


def test_spans_merge_what_overlaps_and_what_is_close(lake: Lake, query: Query) -> None:
    lake.insert("media_assets", {**VIDEO, "duration_ms": 60_000})
    spans = ((0, 4000), (1000, 2000), (5000, 6000), (7001, 8000))
    lake.insert(
        "labels",
        *(
            {**VIDEO, "name": "Dog", "start_ms": start, "end_ms": end, "confidence": 90.0}
            for start, end in spans
        ),
        *({**VIDEO, "name": "Cat", "timestamp_ms": at, "confidence": at / 1000} for at in (0, 0, 1500, 3001)),
    )
    lake.make_views("label_spans")
    columns = "label, start_ms, end_ms, seconds, detections, confidence"
    assert query(f"SELECT {columns} FROM label_spans ORDER BY label, start_ms") == [
        ("Cat", "0", "2000", "2.0", "3", "1.5"),
        ("Cat", "3001", "3501", "0.5", "1", "3.001"),
        ("Dog", "0", "6000", "6.0", "3", "90.0"),
        ("Dog", "7001", "8000", "0.999", "1", "90.0"),
    ]


def test_gloves_are_counted_by_hand(lake: Lake, query: Query) -> None:
    def seen(part: str | None, item: str | None = None, covers: bool | None = None) -> Row:
        return {
            **image("i"),
            "person_id": 0,
            "body_part": part,
            "equipment": item,
            "covers_body_part": covers,
        }

    lake.insert("media_assets", image("i"))
    lake.insert(
        "protective_equipment",
        seen("LEFT_HAND", "HAND_COVER", covers=True),
        seen("LEFT_HAND", "HAND_COVER", covers=True),
        seen("RIGHT_HAND", "HAND_COVER", covers=False),
        seen("FACE", "FACE_COVER", covers=True),
        {**seen(None), "person_id": 1},
    )
    lake.make_views("equipment_by_person")
    columns = "person_id, head_seen, head_covered, face_seen, face_covered, hands_seen, hands_covered"
    assert query(f"SELECT {columns} FROM equipment_by_person ORDER BY person_id") == [
        ("0", "false", "false", "true", "true", "2", "1"),
        ("1", "false", "false", "false", "false", "0", "0"),
    ]


def test_costs_of_files_that_are_gone_are_kept_and_hours_of_models_are_no_files(
    lake: Lake, query: Query
) -> None:
    lake.insert("media_assets", image("a"))
    use = {"dt": "2026-11-20", "media_type": "image", "usd": 0.25, "saved_usd": 0.0}
    lake.insert(
        "usage",
        {**use, "media_id": "a", "analysis_key": "1"},
        {**use, "media_id": "a", "analysis_key": "1"},  # two lines of the bill for one call
        {**use, "media_id": "a", "analysis_key": "2", "reused": True, "usd": 0.0, "saved_usd": 0.5},
        {**use, "media_id": "gone", "analysis_key": "3"},
        {**use, "media_id": "arn:aws:model", "operation": "StartProjectVersion"},
    )
    lake.make_views("cost_by_asset")
    columns = "media_id, s3_uri, paid_analyses, reused_analyses, usd, saved_usd"
    assert query(f"SELECT {columns} FROM cost_by_asset ORDER BY media_id") == [
        ("a", "s3://b/a", "1", "1", "0.5", "0.5"),
        ("gone", None, "1", "0", "0.25", "0.0"),
    ]


def test_the_queue_shows_the_last_decision_about_a_file_of_its_day(lake: Lake, query: Query) -> None:
    files = (image("twice", hour=10), image("once"), image("never", hour=8), image("once", dt="2026-11-19"))
    lake.insert("media_assets", *files)
    lake.insert("moderation_labels", *({**file, "name": "Alcohol", "confidence": 60.0} for file in files))

    def review(media_id: str, minute: int, decided_by: str, decision: str, dt: str = "2026-11-20") -> Row:
        return {
            **image(media_id, dt=dt),
            "decision": decision,
            "decided_by": decided_by,
            "decided_at": datetime(2026, 11, 21, 9, minute),
            "reason": f"{decided_by} says so",
            "label": "Smoking",
        }

    lake.insert(
        "moderation_reviews",
        review("twice", 30, "ben", "reject"),
        review("twice", 10, "ann", "approve"),
        review("once", 20, "ann", "approve"),
        review("gone", 20, "ann", "approve"),
    )
    lake.make_views("moderation_queue")
    columns = "queue_place, media_id, state, decided_by, reason, decided_label, decisions"
    day = f"SELECT {columns} FROM moderation_queue WHERE dt = '2026-11-20' ORDER BY queue_place"
    assert query(day) == [
        ("1", "twice", "rejected", "ben", "ben says so", "Smoking", "2"),
        ("2", "once", "approved", "ann", "ann says so", "Smoking", "1"),
        ("3", "never", "waiting", None, None, None, "0"),
    ]
    # A file that two days have is decided about on each.
    assert query("SELECT state FROM moderation_queue WHERE dt = '2026-11-19'") == [("waiting",)]


def test_people_are_asked_about_twenty_files_that_wait_or_about_the_one_they_name(
    lake: Lake, query: Query
) -> None:
    early = [image(f"early-{number}", hour=number, dt="2026-11-19") for number in range(12)]
    late = [image(f"late-{number:02}", hour=number) for number in range(12)]
    lake.insert("media_assets", *early, *late)
    lake.insert("moderation_labels", *({**file, "name": "Alcohol"} for file in (*early, *late)))
    lake.insert("moderation_reviews", {**early[0], "decision": "approve"})
    lake.make_views("moderation_queue")

    def asked(first: str, last: str, media_id: str = "") -> list[str | None]:
        values = [f"'{value}'" for value in (first, last, media_id, media_id)]
        return [row[1] for row in lake.run("reports/files_to_review", ExecutionParameters=values)]

    everything = ("0001-01-01", "9999-12-31")
    waiting = [*(file["media_id"] for file in early[1:]), *(file["media_id"] for file in late)]
    assert asked(*everything) == waiting[:20]
    assert asked("2026-11-20", "2026-11-20") == [file["media_id"] for file in late]
    assert asked(*everything, "early-0") == ["early-0"]
    assert asked(*everything, "nobody") == []


def test_freshness_tells_which_version_of_a_day_readers_see(lake: Lake, query: Query) -> None:
    lake.insert("media_assets", image("a"), image("b"))
    lake.insert("usage", {"dt": "2026-11-20"})
    lake.make_views("published_partitions")
    rows = query("SELECT * FROM published_partitions WHERE dt = '2026-11-20' ORDER BY table_name")
    assert rows == [
        ("media_assets", "2026-11-20", "image", "2026-11-21 02:15:00.000", "2", "1"),
        ("usage", "2026-11-20", None, "2026-11-21 02:15:00.000", "1", "1"),
    ]
