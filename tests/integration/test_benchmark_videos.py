"""Benchmark of the video engine without Airflow's processes: real trigger and HTTP, 200 jobs in 20 slots."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.conftest import LocalLake, http
from tests.integration.slot_watch import SlotWatch
from tests.integration.test_benchmarks import show
from tests.integration.video_runs import (
    check_done,
    clip,
    enrich,
    forget_slots,
    key_of,
    new_run,
    plan_videos,
    settle,
)

pytestmark = [pytest.mark.integration, pytest.mark.benchmark, pytest.mark.timeout(600)]

SLOTS = 20
JOBS = 200
FEATURES = ("moderation", "celebrities", "segments", "faces", "labels")


@pytest.fixture
def airflow(local_lake: LocalLake, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settle(monkeypatch, sweep_after_seconds=60)
    monkeypatch.setattr("include.analyze.job_slots.FIRST_PAUSE", 30.0)
    monkeypatch.setattr("media_lake.triggers.video_jobs_trigger.LONG_POLL", 2)
    forget_slots(local_lake)
    yield
    forget_slots(local_lake)


@pytest.mark.parametrize("days", [1, 4], ids=["one run", "four runs at once"])
def test_two_hundred_jobs_through_twenty_slots(
    local_lake: LocalLake, airflow: None, upload: Callable[[str, bytes], None], days: int
) -> None:
    runs = [new_run(local_lake, f"2026-{5 + days:02d}-{day + 1:02d}") for day in range(days)]
    batches = []
    for run in runs:
        for number in range(JOBS // len(FEATURES) // days):
            upload(key_of(run, f"{number}.mp4"), clip(hash((run.run_id, number)) & 0xFFFFFFFF, seconds=1))
        (batch,) = plan_videos(local_lake, run, *FEATURES)
        batches.append(batch)
    local_lake.behave(job_limit=SLOTS, job_seconds=(5, 40), seed=1)
    began = time.monotonic()
    with SlotWatch(local_lake.control_url) as watch, ThreadPoolExecutor(days) as pool:
        ended = list(
            pool.map(lambda each: (enrich(*each), time.monotonic() - began), zip(runs, batches, strict=True))
        )
    calls = http.get(f"{local_lake.control_url}/_control/calls").raise_for_status().json()["requests"]
    starts = sum(count for name, count in calls.items() if name.startswith("Start"))
    gets = sum(count for name, count in calls.items() if name.startswith("Get"))
    show(
        f"video_slots_{days}_runs",
        jobs=JOBS,
        slots=SLOTS,
        seconds=time.monotonic() - began,
        slots_in_use=watch.share_in_use(SLOTS),
        most_slots=watch.most(),
        starts_per_job=starts / JOBS,
        gets_per_job=gets / JOBS,
        first_run_seconds=min(took for _, took in ended),
    )
    for run, batch, (summary, _) in zip(runs, batches, ended, strict=True):
        assert summary["failed"] == 0
        check_done(local_lake, run, batch)
    assert watch.most() <= SLOTS
    assert watch.share_in_use(SLOTS) >= 0.9
    assert starts / JOBS <= 1.2
    assert gets / JOBS <= 2  # a look-up, and the page of the result
