"""Benchmark: 200 video jobs of random duration through 20 slots, by the real Dag on the real scheduler."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.end_to_end.conftest import Stack, running_stack
from tests.integration.slot_watch import SlotWatch
from tests.integration.video_runs import clip

pytestmark = [pytest.mark.end_to_end, pytest.mark.benchmark, pytest.mark.timeout(1200)]

VIDEOS, FEATURES, SLOTS = 40, ("moderation", "celebrities", "segments", "faces", "labels"), 20
JOBS = VIDEOS * len(FEATURES)
BATCHES = 4
LAKE = {
    "cost_centers": {"team": {"title": "Team"}},
    "sources": [
        {
            "name": "sample",
            "prefix": "raw/sample/",
            "cost_center": "team",
            "features": {"video": list(FEATURES)},
        }
    ],
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("jobs")
    lake_file = folder / "lake.yaml"
    lake_file.write_text(yaml.safe_dump(LAKE), encoding="utf-8")
    with running_stack(
        folder / "stack", MEDIA_LAKE_LAKE_FILE=str(lake_file), MEDIA_LAKE_BATCH_SIZE=str(JOBS // BATCHES)
    ) as stack:
        up = stack.run("-m", "local.stack", "up", seconds=300)
        assert up.returncode == 0, up.stdout
        yield stack


def test_two_hundred_jobs_through_twenty_slots(stack: Stack, tmp_path: Path) -> None:
    for number in range(VIDEOS):
        (tmp_path / f"{number}.mp4").write_bytes(clip(number, seconds=1))
    stack.behave(job_limit=SLOTS, job_seconds=[5, 40], seed=1)
    began = time.monotonic()
    with SlotWatch(stack.url("rekognition")) as watch:
        demo = stack.run("-m", "local.stack", "demo", "--media", str(tmp_path), "--days", "1", seconds=900)
    took = time.monotonic() - began
    assert demo.returncode == 0, demo.stdout
    requests = stack.calls()["requests"]
    starts = sum(count for name, count in requests.items() if name.startswith("Start"))
    gets = sum(count for name, count in requests.items() if name.startswith("Get"))
    tasks = _task_instances(stack)
    figures = {
        "jobs": JOBS,
        "batches": BATCHES,
        "demo_seconds": round(took, 1),
        "jobs_seconds": round(watch.seconds(), 1),
        "slots_in_use": round(watch.share_in_use(SLOTS), 3),
        "most_slots": watch.most(),
        "starts_per_job": starts / JOBS,
        "gets_per_job": gets / JOBS,
        "task_instances": len(tasks),
        "retries": sum(task["try_number"] - 1 for task in tasks if task["try_number"]),
        "mismatches": _mismatches(stack),
    }
    print(json.dumps({"benchmark": "video_slots_dag", **figures}))
    assert Counter(task["state"] for task in tasks) == {"success": len(tasks)}
    paid = stack.calls()["jobs"]
    assert (len(paid), {job["count"] for job in paid}) == (JOBS, {1})
    assert watch.most() <= SLOTS
    assert figures["slots_in_use"] >= 0.9
    assert figures["starts_per_job"] <= 1.2
    assert figures["gets_per_job"] <= 2


def _task_instances(stack: Stack) -> list[Any]:
    """Return the tasks of the run of `enrich_videos` in which jobs are waited for."""
    path = "dags/enrich_videos/dagRuns/~/taskInstances?limit=100"
    reply = stack.airflow("GET", path)
    return [task for task in reply["task_instances"] if task["task_id"].startswith("analyze.")]


def _mismatches(stack: Stack) -> int:
    """Return how often the scheduler took a wait that had ended soon for a lost task."""
    log = (stack.folder / "logs" / "airflow-scheduler.log").read_text(encoding="utf-8", errors="replace")
    return sum(
        "task instance's state attribute" in line and "wait_for_jobs" in line for line in log.splitlines()
    )
