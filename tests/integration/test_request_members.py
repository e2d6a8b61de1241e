"""What members of requests choose, from the plan to the cost page: days that each ask for something else."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from include.analyze.image_analyzer import ImageAnalyzer
from include.analyze.video_analyzer import VideoAnalyzer
from include.core.features import MediaType, run_tables
from include.core.lake import Lake
from include.core.prices import load_price_book
from include.core.run import Run
from include.discover.discovery import discover
from include.normalize import normalize
from include.normalize.batch import normalize_batch
from include.plan.planner import plan
from include.publish.publisher import publish
from include.report.day_costs import draw_page
from include.store.objects import Row, get
from include.store.plan_batches import read_plan
from include.store.workspace import Workspace
from include.validate.audit import validate
from media_lake.tasks.report import report_day
from tests.integration.conftest import LocalLake, http, paces, picture
from tests.integration.video_runs import clip, forget_slots
from tools.query import run_query

pytestmark = pytest.mark.integration

BOOK = load_price_book("us-east-1")
IMAGES = 3
SECONDS = 6.0


@dataclass(frozen=True)
class Case:
    """What a source asks for, and what that costs and fills by AWS's pricing page and API reference."""

    day: str
    media_type: MediaType
    asked: Any
    units: dict[str, float]
    usd: float
    tables: tuple[str, ...]

    @property
    def source(self) -> str:
        """A source of its own, by which the cost page shows it."""
        return f"chosen-{self.day}"


CASES = {
    "shots only": Case(
        "2026-07-01", "video", {"segments": {"SegmentTypes": ["SHOT"]}},
        {"video-shot-minutes": 0.1}, 0.005, ("segments",),
    ),
    "cues only": Case(
        "2026-07-02", "video", {"segments": {"SegmentTypes": ["TECHNICAL_CUE"]}},
        {"video-technical-cue-minutes": 0.1}, 0.005, ("segments",),
    ),
    "both label features": Case(
        "2026-07-03", "image", {"labels": {"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]}},
        {"image-group-2": 3, "image-properties": 3}, 0.00525, ("labels", "image_properties"),
    ),
    "image properties alone": Case(
        "2026-07-04", "image", {"labels": {"Features": ["IMAGE_PROPERTIES"]}},
        {"image-properties": 3}, 0.00225, ("image_properties",),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Result:
    """What came of a day.

    :param failed: failed checks of the audit, in words.
    :param counted: units by line of the bill, as Rekognition counted them.
    """

    plan: Row
    failed: str
    counted: dict[str, float]
    report: Row


@dataclass(frozen=True)
class Worked:
    """All days and the cost page over them."""

    prefix: str
    results: dict[str, Result]
    page: str


def lake_of(case: Case, prefix: str) -> Lake:
    source = {
        "name": case.source, "prefix": f"{prefix}/", "cost_center": "team",
        "features": {case.media_type: [case.asked]},
    }  # fmt: skip
    return Lake.model_validate({"cost_centers": {"team": {"title": "Team"}}, "sources": [source]})


def run_of(local_lake: LocalLake, case: Case) -> Run:
    return Run(local_lake.settings.bucket, f"enrich_{case.media_type}s", f"run-{uuid.uuid4()}", case.day)


def analyze(local_lake: LocalLake, workspace: Workspace, case: Case, rows: list[Row]) -> None:
    if case.media_type == "image":
        ImageAnalyzer(workspace, batch="batch-0000", paces=paces()).analyze(rows)
        return
    engine = VideoAnalyzer(workspace, local_lake.job_client(), batch="batch-0000")
    rekognition, deadline = local_lake.client("rekognition"), time.monotonic() + 120
    while not (progress := engine.advance(rows)).finished:
        assert time.monotonic() < deadline, progress
        for job in progress.running:
            status = rekognition.get_segment_detection(JobId=job, MaxResults=1)["JobStatus"]
            if status != "IN_PROGRESS":
                engine.job_ended(job, status)
        time.sleep(0.3)
    engine.collect(rows)


def enrich(local_lake: LocalLake, case: Case, lake: Lake) -> tuple[Row, str]:
    """Run the stages from plan to publish, and return the plan's figures and the failed checks."""
    workspace = local_lake.workspace(run_of(local_lake, case), lake, image_threads=4, lease_seconds=60)
    (batch,), figures = plan(workspace, case.media_type, BOOK, dict)
    rows = read_plan(workspace.s3, batch["uri"])
    analyze(local_lake, workspace, case, rows)
    normalize_batch(workspace, case.media_type, "batch-0000", rows)
    planned_at = datetime.fromisoformat(figures["planned_at"])
    audit = validate(
        workspace, case.media_type, figures["assets"], figures["analyses"], planned_at, normalize
    )
    publish(workspace, audit.tables, case.media_type)
    return figures, audit.failed


def work(local_lake: LocalLake, case: Case, prefix: str) -> Result:
    """Upload a day, enrich and report it."""
    seed, folder = uuid.uuid4().int % 2**31, f"{prefix}/{case.day.replace('-', '/')}"
    files = (
        {f"{number}.jpg": picture(seed + number) for number in range(IMAGES)}
        if case.media_type == "image"
        else {"a.mp4": clip(seed, SECONDS, black=True)}
    )
    for name, body in files.items():
        local_lake.client("s3").put_object(
            Bucket=local_lake.settings.bucket, Key=f"{folder}/{name}", Body=body
        )
    lake = lake_of(case, prefix)
    discover(local_lake.workspace(run_of(local_lake, case), lake))
    http.post(f"{local_lake.control_url}/_control/reset").raise_for_status()
    figures, failed = enrich(local_lake, case, lake)
    counted = http.get(f"{local_lake.control_url}/_control/calls").raise_for_status().json()["units"]
    return Result(figures, failed, counted, report_day(local_lake.workspace(run_of(local_lake, case), lake)))


@pytest.fixture(scope="module")
def worked(provisioned: LocalLake) -> Worked:
    """Every case, worked through once."""
    forget_slots(provisioned)
    prefix = f"raw/{uuid.uuid4().hex}"
    results = {name: work(provisioned, case, prefix) for name, case in CASES.items()}
    page = draw_page(provisioned.session, provisioned.client("s3"), provisioned.settings)
    return Worked(prefix, results, get(provisioned.client("s3"), page["uri"]).decode())


def query(local_lake: LocalLake, sql: str) -> list[Sequence[Any]]:
    settings = local_lake.settings
    return list(run_query(local_lake.client("athena"), sql, settings.database, settings.workgroup).rows)


def page_usd(page: str, source: str) -> float:
    """Return what a source paid, as the cost page adds it up from its lines."""
    found = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    lines = [line for month in data["lines"].values() for line in month]
    # day, number of the line, analyses, units, dollars; of the line: cost center, source, and more
    return sum(usd for _, number, _, _, usd, *_ in lines if data["of"][number][1] == source)


@pytest.mark.parametrize("name", CASES)
def test_plan_usage_page_and_bill_agree(local_lake: LocalLake, worked: Worked, name: str) -> None:
    case, result = CASES[name], worked.results[name]
    assert result.plan["units"] == pytest.approx(case.units)
    assert result.plan["usd"]["likely"] == pytest.approx(case.usd)
    assert result.counted == pytest.approx(case.units)
    used = query(
        local_lake,
        "SELECT price_item, sum(units), sum(usd), count(DISTINCT analysis_key) FROM usage"
        f" WHERE dt = '{case.day}' AND source = '{case.source}' AND NOT reused GROUP BY 1",
    )
    assert {item: units for item, units, _, _ in used} == pytest.approx(case.units)
    assert sum(usd for _, _, usd, _ in used) == pytest.approx(case.usd)
    assert {analyses for _, _, _, analyses in used} == {result.plan["calls"]}
    assert result.report["usd"] == pytest.approx(case.usd)
    assert page_usd(worked.page, case.source) == pytest.approx(case.usd, abs=0.0001)


@pytest.mark.parametrize("name", CASES)
def test_tables_and_audit_follow(local_lake: LocalLake, worked: Worked, name: str) -> None:
    case, result = CASES[name], worked.results[name]
    assert result.failed == ""
    findings = [table for table in run_tables(case.media_type) if table not in ("analyses", "media_assets")]
    counts = {
        table: query(
            local_lake,
            f"SELECT count(*) FROM {table} WHERE dt = '{case.day}' AND media_type = '{case.media_type}'",
        )[0][0]
        for table in findings
    }
    assert {table for table, rows in counts.items() if rows} <= set(case.tables)
    promised = query(
        local_lake,
        "SELECT each.table_name, sum(each.row_count), sum(findings) FROM analyses"
        " CROSS JOIN UNNEST(findings_by_table) AS parts (each)"
        f" WHERE dt = '{case.day}' AND media_type = '{case.media_type}' GROUP BY 1",
    )
    assert {table: rows for table, rows, _ in promised} == {table: counts[table] for table in case.tables}
    assert {found for _, _, found in promised} == {sum(counts.values())}


@pytest.mark.parametrize(("name", "types"), [("shots only", {"SHOT"}), ("cues only", {"TECHNICAL_CUE"})])
def test_segments_are_of_the_types_asked_for(
    local_lake: LocalLake, worked: Worked, name: str, types: set[str]
) -> None:
    rows = query(local_lake, f"SELECT DISTINCT type FROM segments WHERE dt = '{CASES[name].day}'")
    assert {kind for (kind,) in rows} == types


def test_a_second_run_pays_nothing_and_is_no_saving(local_lake: LocalLake, worked: Worked) -> None:
    case = CASES["both label features"]
    lake = lake_of(case, worked.prefix)
    figures, failed = enrich(local_lake, case, lake)
    assert (figures["calls"], figures["units"], failed) == (0, {}, "")
    assert local_lake.billed() == {}
    report = report_day(local_lake.workspace(run_of(local_lake, case), lake))
    assert (report["usd"], report["saved_usd"]) == (pytest.approx(case.usd), 0.0)
