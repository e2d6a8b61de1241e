"""Every stage of one day, on the shipped sample, and its tables as an analyst reads them through Athena."""

from __future__ import annotations

import re
import time
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import awswrangler as wr
import pandas as pd
import pytest
from botocore import xform_name

from include.analyze.image_analyzer import ImageAnalyzer
from include.analyze.video_analyzer import VideoAnalyzer
from include.core.features import MEDIA_TYPES, MediaType, run_tables
from include.core.prices import load_price_book
from include.core.run import Run
from include.discover.discovery import discover
from include.normalize import normalize
from include.normalize.batch import normalize_batch
from include.plan.planner import plan
from include.publish.check_results import publish_results
from include.publish.publisher import publish
from include.store.compaction import compact
from include.store.job_ends import job_end_item
from include.store.objects import Row, get
from include.store.plan_batches import read_plan
from include.store.sql import view_names
from include.store.waiting_reports import ask_for_report
from include.validate.audit import validate
from local.stack.people import index_people
from media_lake.tasks.report import report_waiting_days
from tests.integration.conftest import ROOT, LocalLake, http, paces

pytestmark = pytest.mark.integration

SAMPLE = ROOT / "local" / "sample_media"
DAY = "2026-03-01"
# The whole sample takes minutes of text recognition; these files show most tables.
FILES = ("grace-hopper.jpg", "rocket-night.jpg", "IMG_0001 copy.jpg", "big-buck-bunny-opening.mp4")
BAD = {"empty.jpg": b"", "page.jpg": b"<html><body>404</body></html>", "readme.txt": b"not media"}


def original_of_copy() -> str:
    """Return the file that the sample's duplicate is a copy of."""
    copy = (SAMPLE / "IMG_0001 copy.jpg").read_bytes()
    return next(
        path.name
        for path in SAMPLE.iterdir()
        if path.name != "IMG_0001 copy.jpg" and path.read_bytes() == copy
    )


def wait_for_jobs(local_lake: LocalLake, engine: VideoAnalyzer, batch: list[Row]) -> None:
    """Advance until every job has ended, recording the ends as the trigger does."""
    rekognition, dynamodb = local_lake.client("rekognition"), local_lake.client("dynamodb")
    deadline = time.monotonic() + 180
    while not (progress := engine.advance(batch)).finished:
        assert time.monotonic() < deadline, progress
        for job, operation in progress.running.items():
            status = getattr(rekognition, xform_name(operation))(JobId=job, MaxResults=1)["JobStatus"]
            if status != "IN_PROGRESS":
                item = job_end_item(job, status, time.time())
                dynamodb.put_item(TableName=local_lake.settings.ledger_table, Item=item)
        time.sleep(0.5)


def enrich(local_lake: LocalLake, media_type: MediaType) -> tuple[list[Row], str]:
    """Run every stage for one media type and return its checks."""
    run = Run(local_lake.settings.bucket, f"enrich_{media_type}s", f"run-{uuid.uuid4()}", DAY)
    s3, book = local_lake.client("s3"), load_price_book("us-east-1")
    workspace = local_lake.workspace(run)
    batches, figures = plan(workspace, media_type, book, dict)
    for batch in batches:
        rows = read_plan(s3, batch["uri"])
        if media_type == "image":
            workspace = local_lake.workspace(run, image_threads=4, lease_seconds=60)
            ImageAnalyzer(workspace, batch="batch-0000", paces=paces()).analyze(rows)
        else:
            jobs = VideoAnalyzer(local_lake.workspace(run), local_lake.job_client(), batch="batch-0000")
            wait_for_jobs(local_lake, jobs, rows)
            jobs.collect(rows)
        normalize_batch(workspace, media_type, "batch-0000", rows)
    planned_at = datetime.fromisoformat(figures["planned_at"])
    compact(workspace.s3, run, media_type)
    audit = validate(workspace, media_type, figures["assets"], figures["analyses"], planned_at, normalize)
    publish_results(workspace, media_type, audit.results, audit.failures, audit.tables.audited_at)
    publish(workspace, audit.tables, media_type)
    return audit.results, audit.failed


@pytest.fixture(scope="module")
def day(provisioned: LocalLake) -> dict[str, Any]:
    """The sample's day, worked through once."""
    http.post(f"{provisioned.control_url}/_control/reset").raise_for_status()
    provisioned.behave(model_seconds=0)
    rekognition, source = provisioned.client("rekognition"), provisioned.lake.sources[0]
    index_people(rekognition, source)
    model = source.features["image"]["custom_labels"]["ProjectVersionArn"]
    rekognition.start_project_version(ProjectVersionArn=model, MinInferenceUnits=1)
    s3 = provisioned.client("s3")
    files = {name: (SAMPLE / name).read_bytes() for name in (*FILES, original_of_copy())} | BAD
    for name, body in files.items():
        s3.put_object(
            Bucket=provisioned.settings.bucket, Key=f"raw/sample/{DAY.replace('-', '/')}/{name}", Body=body
        )
    run = Run(provisioned.settings.bucket, "discover_media", "discovery", DAY)
    found = discover(provisioned.workspace(run))
    outcome = {media_type: enrich(provisioned, media_type) for media_type in MEDIA_TYPES}
    reporting = Run(provisioned.settings.bucket, "report_costs", "report", DAY)
    ask_for_report(s3, Run(provisioned.settings.bucket, "enrich_images", "images", DAY))
    figures, page = report_waiting_days(provisioned.workspace(reporting), always=False)
    reported = {**figures[DAY], **page}
    billed = {
        (key, name): count for (key, name), count in provisioned.billed().items() if name != "IndexFaces"
    }
    return {"found": found, "checks": outcome, "report": reported, "billed": billed}


def query(local_lake: LocalLake, sql: str) -> pd.DataFrame:
    return wr.athena.read_sql_query(
        sql,
        database="media_lake",
        workgroup="media-lake",
        ctas_approach=False,
        boto3_session=local_lake.session,
    )


def test_every_file_is_accounted_for(local_lake: LocalLake, day: dict[str, Any]) -> None:
    assert (day["found"]["images"], day["found"]["videos"], day["found"]["ignored"]) == (6, 1, 1)
    assets = query(local_lake, f"select key, status from media_assets where dt = '{DAY}'").set_index("key")
    status = {Path(key).name: row["status"] for key, row in assets.iterrows()}
    assert status.pop("empty.jpg") == status.pop("page.jpg") == "rejected"
    assert set(status.values()) == {"analyzed"}


def test_all_checks_hold(day: dict[str, Any]) -> None:
    """Also those that would only warn."""
    for checks, failed in day["checks"].values():
        assert failed == ""
        assert [row for row in checks if not row["success"]] == []
        assert len(checks) > 300


def test_the_duplicate_is_reused(local_lake: LocalLake, day: dict[str, Any]) -> None:
    statuses = query(
        local_lake,
        f"select status, count(*) n from analyses where dt = '{DAY}' and media_type = 'image' group by 1",
    )
    counts = dict(zip(statuses["status"], statuses["n"], strict=True))
    assert counts == {"succeeded": 3 * 9, "reused": 9, "rejected": 2 * 9}
    # Labels and image properties are two analyses by one operation.
    image_labels = {count for (_, operation), count in day["billed"].items() if operation == "DetectLabels"}
    others = {count for (_, operation), count in day["billed"].items() if operation != "DetectLabels"}
    assert (image_labels, others) == ({2}, {1})


def test_findings_are_what_the_pixels_show(local_lake: LocalLake, day: dict[str, Any]) -> None:
    faces = query(
        local_lake,
        "select a.key, count(*) n from faces f"
        " join media_assets a on a.media_id = f.media_id and a.dt = f.dt "
        f"where a.media_type = 'image' and a.dt = '{DAY}' group by 1",
    )
    assert {Path(row.key).name: row.n for row in faces.itertuples()} == {"grace-hopper.jpg": 1}
    matches = query(
        local_lake,
        "select a.key, f.external_image_id who from face_matches f "
        f"join media_assets a on a.media_id = f.media_id and a.dt = f.dt where f.dt = '{DAY}'",
    )
    assert [(Path(row.key).name, row.who) for row in matches.itertuples()] == [
        ("grace-hopper.jpg", "grace-hopper")
    ]
    texts = query(local_lake, "select text from texts where media_type = 'video' and type = 'LINE'")
    assert "THE PEACH OPEN MOVIE PROJECT" in set(texts["text"])
    segments = query(local_lake, "select type, cue_type, start_ms, end_ms from segments order by start_ms")
    assert "BlackFrames" in set(segments["cue_type"].dropna())
    assert any(abs(start - 12_458) <= 100 for start in segments["start_ms"])


def test_findings_hold_no_duplicates(local_lake: LocalLake, day: dict[str, Any]) -> None:
    repeated = query(
        local_lake,
        "select media_id, timestamp_ms, name, start_ms, count(*) n from labels"
        " group by 1, 2, 3, 4 having count(*) > 1",
    )
    assert repeated.empty


# Nothing of this day failed, it shows neither celebrities nor equipment, and nobody is in its video.
# Forecasts and anomalies are of whole days, and all was paid for today. There are no budgets.
EMPTY_VIEWS = {
    "failed_analyses", "celebrity_spans", "equipment_by_person", "people_moments", "forecast_monthly",
    "cost_anomalies", "budget_status",
}  # fmt: skip


@pytest.mark.parametrize("view", sorted({Path(name).name for name in view_names()} - EMPTY_VIEWS))
def test_the_views_answer(local_lake: LocalLake, day: dict[str, Any], view: str) -> None:
    assert len(query(local_lake, f"select * from {view}")) > 0


def test_it_is_known_when_the_day_was_published(local_lake: LocalLake, day: dict[str, Any]) -> None:
    fresh = query(
        local_lake,
        "select table_name, published_at, date_diff('hour', published_at, current_timestamp) hours "
        f"from published_partitions where dt = '{DAY}'",
    )
    assert {"media_assets", "analyses", "labels", "costs_daily"} <= set(fresh["table_name"])
    assert set(fresh["hours"]) == {0}


def test_costs_equal_units_times_price(local_lake: LocalLake, day: dict[str, Any]) -> None:
    minutes = query(
        local_lake,
        f"select sum(duration_ms) / 6e4 m from media_assets where status = 'analyzed' and dt = '{DAY}'",
    )["m"][0]
    image = 7 * 0.001 + 0.00075  # calls of the groups, and image properties; a model is billed by the hour
    expected = 3 * image + float(minutes) * (6 * 0.10 + 2 * 0.05)
    costs = query(
        local_lake, f"select sum(usd) usd, sum(saved_usd) saved from costs_daily where dt = '{DAY}'"
    )
    assert float(costs["usd"][0]) == pytest.approx(expected, abs=1e-6)
    assert float(costs["saved"][0]) == pytest.approx(image)
    assert day["report"]["usd"] == pytest.approx(expected, abs=1e-6)


def test_the_cost_page_is_in_the_lake_and_has_the_totals(local_lake: LocalLake, day: dict[str, Any]) -> None:
    page = get(local_lake.client("s3"), day["report"]["uri"]).decode()
    months = re.findall(r'data-total="usd" data-value="([^"]+)"', page)
    billed = query(local_lake, "select price_item, sum(units) units from usage where not reused group by 1")
    prices = {"image-group-1": 0.001, "image-group-2": 0.001, "image-properties": 0.00075}
    prices |= {"video-minutes": 0.10, "video-shot-minutes": 0.05}
    prices["video-technical-cue-minutes"] = 0.05
    assert sum(map(float, months)) == pytest.approx(
        sum(float(row.units) * prices[row.price_item] for row in billed.itertuples())
    )
    assert "https://cdn" not in page


def test_a_second_run_pays_nothing_and_leaves_the_same_tables(
    local_lake: LocalLake, day: dict[str, Any]
) -> None:
    tables = {*run_tables("image"), *run_tables("video")}
    of_the_day = f"where dt = '{DAY}'"
    before = {name: len(query(local_lake, f"select * from {name} {of_the_day}")) for name in tables}
    billed_before = sum(local_lake.billed().values())
    for media_type in MEDIA_TYPES:
        enrich(local_lake, media_type)
    assert sum(local_lake.billed().values()) == billed_before
    after = {name: len(query(local_lake, f"select * from {name} {of_the_day}")) for name in tables}
    assert after == before
    statuses = set(query(local_lake, f"select status from analyses {of_the_day}")["status"])
    assert statuses == {"reused", "rejected"}
