"""A lake that an earlier version filled is worked on by this one, which pays for nothing again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from botocore import xform_name

from include.analyze.custom_models import CustomModels
from include.analyze.image_analyzer import ImageAnalyzer
from include.analyze.video_analyzer import VideoAnalyzer
from include.core import prices
from include.core.features import MEDIA_TYPES, MediaType, run_tables
from include.core.prices import load_price_book
from include.core.run import Run, job_responses_uri
from include.core.schemas import TABLES
from include.core.selection import DayRange, Selection
from include.discover.discovery import discover
from include.discover.event_queue import record_events
from include.discover.events import remove_marks
from include.normalize import normalize
from include.normalize.batch import normalize_batch
from include.operate.failed_analyses import find_failures
from include.plan.planner import plan
from include.publish.publisher import publish
from include.store.ledger import Entry
from include.store.model_time import Session
from include.store.objects import Row, delete_prefix, get_ndjson, list_uris
from include.store.plan_batches import read_plan
from include.store.sql import view_names
from include.store.usage_log import read_usage_log
from include.validate.audit import validate
from media_lake.tasks.report import report_day
from tests import earlier_state
from tests.earlier_state import BUCKET, CUT_DAY, CUT_IMAGES, CUT_VIDEOS, IMAGES, VIDEOS, WHOLE_DAY
from tests.integration.conftest import LocalLake, http, paces
from tests.integration.earlier_lakes import Upgrade
from tests.parquet_objects import get_parquet
from tests.staged_tables import as_audited
from tools.query import run_query

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

WHOLE_RUNS = {"image": IMAGES, "video": VIDEOS}
CUT_RUNS = {"image": CUT_IMAGES, "video": CUT_VIDEOS}
# The operations of the jobs that are not archived yet.
START = {
    "moderation": "StartContentModeration",
    "segments": "StartSegmentDetection",
    "text": "StartTextDetection",
    "celebrities": "StartCelebrityRecognition",
}
# Every call on the file that vanished fails, and is made again by whoever enriches the day.
CALLS_IN_VAIN = {"image": {"DetectLabels": 1, "DetectModerationLabels": 1}, "video": {}}


@pytest.fixture
def earlier(upgraded: Upgrade, local_lake: LocalLake) -> Iterator[LocalLake]:
    """The lake as the earlier version left it, with the tables of this one."""
    lake = upgraded.lake
    s3, dynamodb, glue = lake.client("s3"), lake.client("dynamodb"), lake.client("glue")
    earlier_state.load(s3, dynamodb, lake.settings.ledger_table)
    earlier_state.load_partitions(glue)
    yield lake
    delete_prefix(s3, f"s3://{BUCKET}/")
    table = {"TableName": lake.settings.ledger_table}
    for item in dynamodb.scan(**table)["Items"]:
        dynamodb.delete_item(**table, Key={"key": item["key"]})
    for name, values in catalog(lake):
        glue.delete_partition(
            DatabaseName=lake.settings.database, TableName=name, PartitionValues=list(values)
        )


def catalog(lake: LocalLake) -> dict[tuple[str, tuple[str, ...]], str]:
    """Return the location of each partition that readers see, by table and values."""
    glue, database = lake.client("glue"), lake.settings.database
    tables = {partition.table for partition in earlier_state.partitions()}
    return {
        (table, tuple(partition["Values"])): partition["StorageDescriptor"]["Location"]
        for table in sorted(tables)
        for page in glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=table)
        for partition in page["Partitions"]
    }


def published(lake: LocalLake, day: str, *media_type: MediaType) -> dict[str, list[Row]]:
    """Return the rows that readers see of a day, by table, in the columns that the earlier version had."""
    s3, columns = lake.client("s3"), earlier_columns()
    return {
        table: in_order(
            {name: row[name] for name in columns.get(table, row)}
            for uri in list_uris(s3, location)
            for row in get_parquet(s3, uri).to_pylist()
        )
        for (table, values), location in catalog(lake).items()
        if values == (day, *media_type)
    }


@cache
def earlier_columns() -> dict[str, list[str]]:
    """Return the columns of each table with rows; others may have been added since."""
    rows = {partition.table: partition.rows() for partition in earlier_state.partitions()}
    return {table: list(found[0]) for table, found in rows.items() if found}


def in_order(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=repr)


def requests(lake: LocalLake) -> dict[str, int]:
    """Return how often each operation was requested, answered or not."""
    calls: dict[str, Any] = http.get(f"{lake.control_url}/_control/calls").raise_for_status().json()
    return calls["requests"]


def analyze(lake: LocalLake, run: Run, media_type: MediaType, batch: str, rows: list[Row]) -> Any:
    """Pay for what a batch still needs, as the tasks do, and return what they say."""
    workspace = lake.workspace(run, image_threads=2)
    if media_type == "image":
        return ImageAnalyzer(workspace, batch=batch, paces=paces()).analyze(rows)
    engine = VideoAnalyzer(workspace, lake.job_client(), batch=batch)
    deadline, progress = time.monotonic() + 60, engine.advance(rows)
    while not progress.finished:
        assert time.monotonic() < deadline, progress
        time.sleep(0.2)
        for job, operation in progress.running.items():
            status = getattr(lake.client("rekognition"), xform_name(operation))(JobId=job)["JobStatus"]
            if status != "IN_PROGRESS":
                engine.job_ended(job, status)  # as a notification says
        progress = engine.process_ended_and_start()
    return engine.collect(rows)


def plan_day(
    lake: LocalLake, run: Run, media_type: MediaType, selections: Sequence[Selection] | None = None
) -> tuple[list[str], Row]:
    """Plan a day and return the addresses of its batches and the figures."""
    book = load_price_book("us-east-1")
    batches, figures = plan(lake.workspace(run), media_type, book, dict, selections)
    return [batch["uri"] for batch in batches], figures


def derive(lake: LocalLake, run: Run, media_type: MediaType, uris: Iterable[str]) -> None:
    """Normalize planned batches and publish what they give."""
    s3 = lake.client("s3")
    for uri in uris:
        rows, name = read_plan(s3, uri), name_of(uri)
        normalize_batch(lake.workspace(run), media_type, name, rows)
    workspace = lake.workspace(run)
    publish(workspace, as_audited(workspace, run_tables(media_type), media_type), media_type)


def name_of(uri: str) -> str:
    return uri.rsplit("/", 1)[1].split(".", 1)[0]


def reused(tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Return tables as another run gives them that finds everything paid for."""
    analyses = [
        row | {"status": "reused"} if row["status"] == "succeeded" else row for row in tables["analyses"]
    ]
    return tables | {"analyses": in_order(analyses)}


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_day_is_enriched_again_for_nothing(earlier: LocalLake, media_type: MediaType) -> None:
    before = published(earlier, WHOLE_DAY, media_type)
    run = Run(BUCKET, f"enrich_{media_type}s", "later", WHOLE_DAY)
    uris, figures = plan_day(earlier, run, media_type)
    in_vain = sum(CALLS_IN_VAIN[media_type].values())
    assert (figures["calls"], figures["models"]) == (in_vain, [])
    assert figures["calls"] + figures["reused"] + figures["rejected"] == len(before["analyses"])
    for uri in uris:
        analyze(earlier, run, media_type, name_of(uri), read_plan(earlier.client("s3"), uri))
    derive(earlier, run, media_type, uris)
    assert published(earlier, WHOLE_DAY, media_type) == reused(before)
    assert requests(earlier) == CALLS_IN_VAIN[media_type]
    assert earlier.billed() == {}, "what an earlier version paid for was paid for again"
    s3 = earlier.client("s3")
    log = [line for line in read_usage_log(s3, BUCKET, WHOLE_DAY) if line["run_id"] == run.run_id]
    assert {line["reused"] for line in log} == {True}
    assert {line["analysis_key"] for line in log} == {
        row["analysis_key"]
        for row in before["analyses"]
        # Custom Labels are billed by the hour of their model.
        if row["status"] in ("succeeded", "reused") and row["feature"] != "custom_labels"
    }


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_day_is_reprocessed_without_any_request(earlier: LocalLake, media_type: MediaType) -> None:
    before = published(earlier, WHOLE_DAY, media_type)
    run = Run(BUCKET, f"reprocess_{media_type}s", "later", WHOLE_DAY)
    uris, figures = plan_day(earlier, run, media_type, selections=[])
    assert figures["calls"] == 0
    derive(earlier, run, media_type, uris)
    assert published(earlier, WHOLE_DAY, media_type) == reused(before)
    assert requests(earlier) == {}


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_run_that_was_planned_before_is_finished(earlier: LocalLake, media_type: MediaType) -> None:
    """As when its tasks are cleared after the update: from its own plan, with the same rows in all tables."""
    s3, run = earlier.client("s3"), WHOLE_RUNS[media_type]
    before, log = published(earlier, WHOLE_DAY, media_type), usage_by_id(earlier, WHOLE_DAY)
    uris = list_uris(s3, f"s3://{BUCKET}/staging/plans/dt={WHOLE_DAY}/run={run.token}/")
    for uri in uris:
        analyze(earlier, run, media_type, name_of(uri), read_plan(s3, uri))
    derive(earlier, run, media_type, uris)
    assert published(earlier, WHOLE_DAY, media_type) == before
    assert usage_by_id(earlier, WHOLE_DAY) == log
    assert requests(earlier) == CALLS_IN_VAIN[media_type]
    assert earlier.billed() == {}, "what an earlier version paid for was paid for again"
    assets, analyses = len(before["media_assets"]), len(before["analyses"])
    planned_at = datetime.now(UTC)
    audit = validate(earlier.workspace(run), media_type, assets, analyses, planned_at, normalize)
    assert audit.failed == ""


def usage_by_id(lake: LocalLake, day: str) -> dict[str, Row]:
    """Return the usage log without the times of reuse, which change when a task is repeated."""
    lines = list(read_usage_log(lake.client("s3"), BUCKET, day))
    return {line["usage_id"]: line | ({"at": ""} if line["reused"] else {}) for line in lines}


def test_a_discovery_finds_what_the_manifest_says_and_adds_what_is_new(earlier: LocalLake) -> None:
    """An earlier version did not look for turns, so each file is looked into once more."""
    s3 = earlier.client("s3")
    run = Run(BUCKET, "discover_media", "later", WHOLE_DAY)

    def rows() -> dict[str, Row]:
        found = {row["key"]: row for row in get_parquet(s3, run.manifest_uri()).to_pylist()}
        for row in found.values():
            del row["last_modified"]  # of these copies
        return found

    before = rows()
    found = discover(earlier.workspace(run))
    del before["raw/stock/2026-11-20/gone.jpg"]
    after = rows()
    assert {key: {name: row[name] for name in before[key]} for key, row in after.items()} == before
    assert all(row["rotation"] == 0 for row in after.values() if row["codec"])
    assert (found["images"], found["videos"], found["ignored"]) == (8, 3, 1)
    usable = [row for row in after.values() if row["reason_code"] is None]
    assert [found["known"], discover(earlier.workspace(run))["known"]] == [0, len(usable)]


def test_events_that_were_kept_are_discovered(earlier: LocalLake) -> None:
    s3 = earlier.client("s3")
    run = Run(BUCKET, "discover_events", "later", CUT_DAY)
    left = record_events(earlier.workspace(run), "later", seconds=1).days
    assert [each["day"] for each in left] == [CUT_DAY]
    before = get_parquet(s3, run.manifest_uri()).num_rows
    found = discover(earlier.workspace(run))
    assert (found["known"], found["rows"]) == (0, before + 1)
    remove_marks(s3, BUCKET, left[0]["marks"])
    assert record_events(earlier.workspace(run), "later", seconds=1).days == []
    _, figures = plan_day(earlier, run, "image")
    assert figures["reused"] == 1, "the picture is one that was paid for under another name"


def test_images_that_were_archived_are_recorded_without_a_call(earlier: LocalLake) -> None:
    """And those that were claimed but not called are paid for once, in the form of the others."""
    s3, run = earlier.client("s3"), CUT_IMAGES
    before = usage_by_id(earlier, CUT_DAY)
    archived, claimed = (read_plan(s3, run.plan_uri(number)) for number in (1, 0))

    analyze(earlier, run, "image", "batch-0001", archived)
    assert requests(earlier) == {}, "what was archived was paid for again"
    entries = earlier.ledger.lookup(line["analysis_key"] for line in lines_of(s3, run, "batch-0001"))
    assert {(entry.state, entry.owner) for entry in entries.values()} == {("done", f"{run.token}/batch-0001")}
    assert len(entries) == 2
    assert usage_by_id(earlier, CUT_DAY) == before

    assert analyze(earlier, run, "image", "batch-0000", claimed).interrupted == 2
    assert sorted(earlier.billed().values()) == [1, 1]
    old, new = lines_of(s3, run, "batch-0001"), lines_of(s3, run, "batch-0000")
    assert {frozenset(line) for line in new} == {frozenset(line) for line in old}
    logged = usage_by_id(earlier, CUT_DAY)
    assert len(logged) == len(before) + 2
    assert {frozenset(line) for line in logged.values()} == {frozenset(line) for line in before.values()}

    uris = [run.plan_uri(number) for number in (0, 1)]
    derive(earlier, run, "image", uris)
    analyses = published(earlier, CUT_DAY, "image")["analyses"]
    assert [row["status"] for row in analyses] == ["succeeded"] * 4


def lines_of(s3: Any, run: Run, batch: str) -> list[Row]:
    """Return the archived responses of a batch."""
    return [line for uri in list_uris(s3, run.responses_uri(batch)) for line in get_ndjson(s3, uri)]


def test_video_jobs_go_on_from_where_they_stood(earlier: LocalLake) -> None:
    s3, run = earlier.client("s3"), CUT_VIDEOS
    claimed = start_as_recorded(earlier, "moderation")
    running = start_as_recorded(earlier, "segments")
    entry = earlier.ledger.lookup([earlier_state.entry(feature="segments", state="running")["key"]])
    (segments,) = entry.values()
    # Rekognition gives another JobId here than it gave the earlier version.
    put(earlier, replace(segments, job_id=running))
    before = usage_by_id(earlier, CUT_DAY)

    (row,) = rows = read_plan(s3, run.plan_uri(0))
    # The plan was made before the job for text failed; a plan that is made now says so.
    (analysis,) = [each for each in row["analyses"] if each["feature"] == "text"]
    analysis["failures"] = 1
    progress = analyze(earlier, run, "video", "batch-0000", rows)
    assert (progress.done, progress.failed) == (6, 0), progress.errors

    key = row["asset"]["key"]
    assert earlier.billed() == {(key, operation): 1 for operation in START.values()}
    assert requests(earlier)["StartContentModeration"] == 2  # as recorded, and so the same job
    assert requests(earlier)["StartSegmentDetection"] == 1
    asked = {"GetLabelDetection", "StartLabelDetection", "GetFaceDetection", "StartFaceDetection"}
    assert asked.isdisjoint(requests(earlier)), "what was archived needs no request"

    keys = {each["feature"]: each["analysis_key"] for each in row["analyses"]}
    known = earlier.ledger.lookup(keys.values())
    jobs = {feature: known[key].job_id for feature, key in keys.items()}
    assert (jobs["moderation"], jobs["segments"]) == (claimed, running)
    assert known[keys["text"]].number == 2
    archived = earlier_state.entry(feature="labels", state="running")
    done = known[keys["labels"]]
    assert done == replace(
        Entry.from_item(item_of(archived["key"])),
        state="done",
        response_uri=job_responses_uri(BUCKET, archived["job_id"]),
        model_version=done.model_version,
        completed_at=done.completed_at,
        units=done.units,
    )

    logged = usage_by_id(earlier, CUT_DAY)
    again = {usage_id: logged[usage_id] | {"ended_at": None} for usage_id in before}
    assert again == {usage_id: line | {"ended_at": None} for usage_id, line in before.items()}
    paid = [line["analysis_key"] for line in logged.values() if line["media_type"] == "video"]
    assert sorted(paid) == sorted([*keys.values(), keys["segments"]])  # segments have two price lines
    derive(earlier, run, "video", [run.plan_uri(0)])
    analyses = published(earlier, CUT_DAY, "video")["analyses"]
    assert [each["status"] for each in analyses] == ["succeeded"] * 6


def item_of(key: str) -> Row:
    (item,) = [item for item in earlier_state.analysis_items() if item["key"]["S"] == key]
    return item


def start_as_recorded(lake: LocalLake, feature: str) -> str:
    """Send the Start request that the earlier version recorded, as it did, and return the JobId."""
    recorded = earlier_state.entry(feature=feature, state="running")
    start = getattr(lake.client("rekognition"), xform_name(START[feature]))
    reply = start(**json.loads(recorded["request"]))
    return str(reply["JobId"])


def put(lake: LocalLake, entry: Entry) -> None:
    lake.client("dynamodb").put_item(TableName=lake.settings.ledger_table, Item=entry.to_item())


def as_counted_before(tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Leave out what that version counted wrongly: jobs of two lines as two analyses, re-runs as savings."""
    wrong = {"saved_usd", "analyses", "reused_analyses"}
    return {
        table: in_order({name: row[name] for name in row if name not in wrong} for row in rows)
        for table, rows in tables.items()
    }


def test_the_usage_log_is_priced_as_before(earlier: LocalLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "PRICES", earlier_state.PRICES)
    before = published(earlier, WHOLE_DAY)
    assert {name: len(rows) for name, rows in before.items()} == {"usage": 61, "costs_daily": 15}
    run = Run(BUCKET, "report_costs", "later", WHOLE_DAY)
    reported = report_day(earlier.workspace(run))
    assert as_counted_before(published(earlier, WHOLE_DAY)) == as_counted_before(before)
    assert reported["usd"] == pytest.approx(sum(row["usd"] for row in before["costs_daily"]))
    assert requests(earlier) == {}


def test_published_tables_are_read_through_athena(earlier: LocalLake) -> None:
    """Also by the views; new columns are null. Values are counted: Athena writes lists its own way."""
    athena = earlier.client("athena")

    def ask(sql: str) -> list[Any]:
        settings = earlier.settings
        return list(run_query(athena, sql, settings.database, settings.workgroup).rows)

    rows: dict[str, list[Row]] = {}
    for partition in earlier_state.partitions():
        rows.setdefault(partition.table, []).extend(partition.rows())
    for table, written in rows.items():
        names = [column.name for column in TABLES[table].columns]
        (counted,) = ask(f"SELECT {', '.join(f'count({name})' for name in names)} FROM {table}")
        held = [sum(row.get(name) is not None for row in written) for name in names]
        assert dict(zip(names, counted, strict=True)) == dict(zip(names, held, strict=True)), table
    views = [name.removeprefix("views/") for name in view_names()]
    counts = {name: ask(f"SELECT count(*) FROM {name}")[0][0] for name in views}
    # Nobody was looked for in videos, and there are no budgets. The costs are of two days, and no later
    # report has priced them.
    unused = {"celebrity_spans", "people_moments", "cost_anomalies", "focus_costs", "budget_status"}
    assert {name for name in views if not counts[name]} - {"forecast_monthly"} == unused


def test_failed_analyses_are_found(earlier: LocalLake) -> None:
    days = DayRange(WHOLE_DAY, CUT_DAY)
    found = find_failures(earlier.session, earlier.settings, days, None, Selection())
    assert [(row["dt"], row["feature"], row["error_code"], row["analyses"]) for row in found.rows] == [
        (WHOLE_DAY, feature, "InvalidS3ObjectException", 1) for feature in ("labels", "moderation")
    ]


def test_a_model_that_was_held_is_let_go_and_billed(earlier: LocalLake) -> None:
    (item,) = earlier_state.other_items("model")
    arn = item["key"]["S"].removeprefix("model#")
    use = json.loads(item["record"]["S"])
    now = use["running_since"] + 1800
    models = CustomModels(
        earlier.client("rekognition"), lambda _: "STOPPED", earlier.client("dynamodb"),
        earlier.settings.ledger_table, lambda: now,
    )  # fmt: skip
    billed: list[Session] = []
    assert models.stop(arn, earlier_state.USER_OF_MODEL.token, billed.append)
    assert billed == [Session(arn, use["running_since"], now, 2)]
    assert sum(hours for _, hours in billed[0].hours_by_day()) == 1.0
