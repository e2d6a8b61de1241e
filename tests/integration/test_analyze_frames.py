"""Videos by frames, against the local endpoint: each frame is paid for once, whatever interrupts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from fractions import Fraction
from io import BytesIO

import av
import numpy as np
import pytest
from PIL import Image

from include.analyze.frame_analyzer import FRAMES_AT_ONCE, ROUNDS, FrameAnalyzer
from include.core.budgets import Budget
from include.core.prices import load_price_book
from include.core.run import Run
from include.discover.discovery import discover
from include.normalize import normalize
from include.normalize.batch import normalize_batch
from include.plan.planner import plan
from include.store.ledger import Entry
from include.store.objects import Row, list_uris
from include.store.plan_batches import read_plan
from include.store.response_archive import read_lines
from include.store.spare_calls import SpareCalls
from include.store.usage_log import read_usage_log
from include.store.workspace import Workspace
from include.validate.audit import validate
from tests.integration.conftest import ROOT, LocalLake, paces
from tests.integration.video_runs import clip, key_of, new_run
from tests.parquet_objects import get_parquet

pytestmark = pytest.mark.integration

DAYS = iter(range(1, 28))
FRAMES = {"route": "frames", "frames_per_second": 2}
MEDIA = ROOT / "local" / "sample_media"


@pytest.fixture
def run(local_lake: LocalLake) -> Run:
    """A run on a day of its own."""
    return new_run(local_lake, f"2026-05-{next(DAYS):02d}")


def planned(
    local_lake: LocalLake, run: Run, budgets: dict[str, Budget] | None = None, **features: Row
) -> tuple[Workspace, Row, Row]:
    """Discover and plan the day of a run; return the workspace, the claim check of its batch and figures.

    :param budgets: of one cost center, which pays then.
    """
    changes: Row = {"features": {"video": features}}
    if budgets:
        (changes["cost_center"],) = budgets
    source = local_lake.lake.sources[0].model_copy(update=changes)
    lake = local_lake.lake.model_copy(update={"sources": (source,), "budgets": budgets or {}})
    workspace = local_lake.workspace(run, lake)
    discover(workspace)
    (batch,), figures = plan(workspace, "video", load_price_book("us-east-1"), dict)
    return workspace, batch, figures


def analyze(workspace: Workspace, batch: Row) -> Row:
    engine = FrameAnalyzer(workspace, batch="batch-0000", paces=paces())
    return engine.analyze(read_plan(workspace.s3, batch["uri"])).to_xcom()


def usage_of(workspace: Workspace) -> dict[str, Row]:
    """Return what was paid, by feature."""
    lines = read_usage_log(workspace.s3, workspace.run.bucket, workspace.run.partition)
    return {line["feature"]: line for line in lines if not line["reused"]}


def staged(workspace: Workspace, table: str) -> list[Row]:
    uris = list_uris(workspace.s3, workspace.run.staged_uri(table, "video"))
    return [row for uri in uris for row in get_parquet(workspace.s3, uri).to_pylist()]


def archived_times(workspace: Workspace, uri: str) -> list[int]:
    return [line["timestamp_ms"] for line in read_lines(workspace.s3, uri)]


def film(*pictures: str, seconds: int = 2) -> bytes:
    """Return a video that shows some of the sample's pictures one after the other."""
    buffer = BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = 480, 480, "yuv420p"
        for name in pictures:
            image = Image.open(MEDIA / name).convert("RGB").resize((480, 480))
            for _ in range(10 * seconds):
                frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
                container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def test_frames_fill_the_tables_of_a_job_and_pass_the_audit(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    video = film("grace-hopper.jpg", "rocket-night.jpg")
    for name in ("a.mp4", "copy.mp4"):
        upload(key_of(run, name), video)
    regular = {"route": "frames", "frames_per_second": 0.5}
    features = {name: regular for name in ("labels", "moderation", "faces", "celebrities")}
    features["text"] = {"route": "frames", "scene_changes": True}
    workspace, batch, figures = planned(local_lake, run, **features)
    assert figures["units"] == {"image-group-2": 4 * 2 + 4}
    rows = read_plan(workspace.s3, batch["uri"])
    summary = analyze(workspace, batch)
    assert (summary["frames"], summary["done"], summary["reused"]) == (5 * 2, 5, 5)
    assert local_lake.requests("DetectLabels") == local_lake.requests("DetectFaces") == 2
    usage = usage_of(workspace)
    assert {name: line["units"] for name, line in usage.items()} == dict.fromkeys(features, 2.0)
    assert usage["celebrities"]["operation"] == "RecognizeCelebrities"
    written = normalize_batch(workspace, "video", "batch-0000", rows)
    assert (written["analyses"], written["faces"]) == (10, 2)
    assert {row["timestamp_ms"] for row in staged(workspace, "faces")} == {0}
    labels = {(row["timestamp_ms"], row["name"]) for row in staged(workspace, "labels")}
    assert {(0, "Person"), (2000, "Night")} <= labels
    outcomes = [(row["status"], row["operation"]) for row in staged(workspace, "analyses")]
    assert outcomes.count(("succeeded", "DetectLabels")) == outcomes.count(("reused", "DetectLabels")) == 1
    audit = validate(workspace, "video", 2, 10, datetime.fromisoformat(figures["planned_at"]), normalize)
    assert audit.broken("fail") == audit.broken("warn") == []
    again, batch, figures = planned(local_lake, replace(run, run_id=f"again-{run.run_id}"), **features)
    assert (figures["calls"], figures["reused"]) == (0, 10)
    assert analyze(again, batch)["reused"] == 10
    assert local_lake.requests("DetectLabels") == 2


def test_a_video_that_was_replaced_or_cannot_be_decoded_fails_with_a_reason(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    whole = clip(2, seconds=3)
    start = whole.index(b"mdat") + 4
    size = int.from_bytes(whole[start - 8 : start - 4]) - 8
    upload(key_of(run, "gone.mp4"), clip(3, seconds=3))
    upload(key_of(run, "noise.mp4"), whole[:start] + bytes(size) + whole[start + size :])
    workspace, batch, _ = planned(local_lake, run, labels=FRAMES)
    upload(key_of(run, "gone.mp4"), clip(4, seconds=3))
    summary = analyze(workspace, batch)
    assert summary["failed"] == 2
    rows = read_plan(workspace.s3, batch["uri"])
    entries = workspace.ledger.lookup(row["analyses"][0]["analysis_key"] for row in rows)
    assert {entry.error_code for entry in entries.values()} == {"ObjectReplaced", "UndecodableVideo"}


def test_what_was_paid_before_a_frame_was_refused_is_not_paid_again_by_another_run(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    upload(key_of(run, "a.mp4"), clip(5, seconds=12))
    workspace, batch, _ = planned(local_lake, run, labels=FRAMES)
    local_lake.behave(
        faults=[{"operation": "DetectLabels", "code": "InvalidImageFormatException", "times": 1}]
    )
    summary = analyze(workspace, batch)
    assert (summary["failed"], summary["done"]) == (1, 0)
    paid = summary["frames"]
    assert 0 < paid < 24
    assert usage_of(workspace)["labels"]["units"] == paid
    other, batch, _ = planned(local_lake, replace(run, run_id=f"other-{run.run_id}"), labels=FRAMES)
    summary = analyze(other, batch)
    assert (summary["frames"], summary["done"], summary["reused"]) == (24 - paid, 1, 1)
    usage = usage_of(other)["labels"]
    assert (usage["units"], usage["run_id"]) == (24, run.run_id)


def test_a_killed_task_pays_again_for_the_frames_in_flight_at_most(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    upload(key_of(run, "a.mp4"), clip(6, seconds=20))
    workspace, batch, _ = planned(local_lake, run, labels=FRAMES)
    local_lake.behave(latency_ms=100)
    order = json.dumps({"run": asdict(run), "batch": batch, "lake": workspace.lake.model_dump(mode="json")})
    process = subprocess.Popen([sys.executable, "-m", "tests.integration.frames_process", order], cwd=ROOT)
    while local_lake.requests("DetectLabels") < 21:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    local_lake.behave(latency_ms=0)
    summary = analyze(workspace, batch)
    assert (summary["done"], summary["interrupted"]) == (1, 1)
    assert 40 <= local_lake.requests("DetectLabels") <= 40 + ROUNDS * FRAMES_AT_ONCE
    rows = read_plan(workspace.s3, batch["uri"])
    key = rows[0]["analyses"][0]["analysis_key"]
    entry = workspace.ledger.lookup([key])[key]
    assert entry.response_uri is not None
    assert sorted(archived_times(workspace, entry.response_uri)) == [500 * number for number in range(40)]
    assert usage_of(workspace)["labels"]["units"] == entry.units == 40


def test_a_budget_stops_a_video_between_two_frames_and_it_goes_on_from_there(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    upload(key_of(run, "a.mp4"), clip(7, seconds=12))
    team = f"team-{uuid.uuid4().hex[:8]}"
    poor = {team: Budget(usd=0.010, kind="hard")}
    workspace, batch, _ = planned(local_lake, run, poor, labels=FRAMES)
    before = local_lake.requests("DetectLabels")
    summary = analyze(workspace, batch)
    assert (summary["frames"], summary["stopped"], summary["done"]) == (10, 1, 0)
    rows = read_plan(workspace.s3, batch["uri"])
    normalize_batch(workspace, "video", "batch-0000", rows)
    (outcome,) = staged(workspace, "analyses")
    assert (outcome["status"], outcome["error_code"]) == ("stopped", "BudgetReached")
    rich = {team: Budget(usd=0.030, kind="hard")}
    other, batch, _ = planned(local_lake, replace(run, run_id=f"other-{run.run_id}"), rich, labels=FRAMES)
    summary = analyze(other, batch)
    assert (summary["frames"], summary["stopped"], summary["done"]) == (14, 0, 1)
    assert local_lake.requests("DetectLabels") == before + 24
    assert usage_of(other)["labels"]["units"] == 24


@pytest.mark.timeout(60)
def test_a_killed_task_needs_spare_calls_for_all_frames_that_may_be_in_flight(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    upload(key_of(run, "a.mp4"), clip(8, seconds=12))
    workspace, batch, _ = planned(local_lake, run, labels=FRAMES)
    ledger, spare = workspace.ledger, SpareCalls(workspace.ledger, run)
    key = read_plan(workspace.s3, batch["uri"])[0]["analyses"][0]["analysis_key"]
    at = ledger.now() - 1000
    killed = Entry(key, "running", f"{run.token}/batch-0000/frames", claimed_at=at, lease_expires=at + 60_000)
    assert ledger.claim(killed, at) is None
    spare.allow(ROUNDS * FRAMES_AT_ONCE - 1)
    assert analyze(workspace, batch)["frames"] == 0
    spare.allow(ROUNDS * FRAMES_AT_ONCE)
    assert analyze(workspace, batch)["frames"] == 24
    assert not spare.take(1)
