"""The video engine against the local Rekognition, which counts the jobs that are started."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from include.analyze import job_pages
from include.analyze.job_pages import JobArchive
from include.analyze.video_analyzer import VideoAnalyzer
from include.analyze.video_work import MAX_JOB_ATTEMPTS, Progress
from include.core.run import Run, job_responses_uri
from include.store.ledger import Ledger
from include.store.objects import Row, list_uris
from include.store.plan_batches import read_plan
from include.store.response_archive import read_lines
from include.store.usage_log import read_usage_log
from tests.integration.conftest import LocalLake, http
from tests.integration.video_runs import clip, forget_slots, key_of, new_run, plan_videos

pytestmark = pytest.mark.integration

DAYS = iter(range(1, 28))


@pytest.fixture(autouse=True)
def slots(local_lake: LocalLake) -> Iterator[None]:
    forget_slots(local_lake)
    yield
    forget_slots(local_lake)


@pytest.fixture
def run(local_lake: LocalLake) -> Run:
    """A run on a day of its own."""
    return new_run(local_lake, f"2026-02-{next(DAYS):02d}")


def planned(local_lake: LocalLake, run: Run, *features: str) -> list[Row]:
    (batch,) = plan_videos(local_lake, run, *features)
    return read_plan(local_lake.client("s3"), batch["uri"])


def analyzer(local_lake: LocalLake, run: Run) -> VideoAnalyzer:
    return VideoAnalyzer(local_lake.workspace(run), local_lake.job_client(), batch="batch-0000")


def report_ended(local_lake: LocalLake, run: Run, progress: Progress) -> None:
    """Record every running job as ended once it has, as the trigger does."""
    rekognition, engine = local_lake.client("rekognition"), analyzer(local_lake, run)
    getters = {"GetSegmentDetection": "get_segment_detection", "GetFaceDetection": "get_face_detection"}
    for job, operation in progress.running.items():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            status = getattr(rekognition, getters[operation])(JobId=job, MaxResults=1)["JobStatus"]
            if status != "IN_PROGRESS":
                break
            time.sleep(0.1)
        engine.job_ended(job, status)


def finish(local_lake: LocalLake, run: Run, batch: list[Row]) -> Progress:
    """Advance until nothing runs or waits, with a new engine at every look, as the sensor does."""
    for _ in range(20):
        progress = analyzer(local_lake, run).advance(batch)
        if progress.finished:
            return progress
        report_ended(local_lake, run, progress)
    raise AssertionError(progress)


def test_jobs_are_started_collected_and_billed_once(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    upload(key_of(run, "a.mp4"), clip(1))
    upload(key_of(run, "b.mp4"), clip(2))
    batch = planned(local_lake, run, "segments", "faces")
    engine = analyzer(local_lake, run)

    finish(local_lake, run, batch)
    collected = engine.collect(batch)
    again = analyzer(local_lake, run).collect(batch)

    assert (collected.done, collected.failed) == (again.done, again.failed) == (4, 0)
    assert sorted(local_lake.billed().values()) == [1] * 4
    usage = list(read_usage_log(local_lake.client("s3"), run.bucket, run.partition))
    assert sorted(line["price_item"] for line in usage) == sorted(
        ["video-shot-minutes", "video-technical-cue-minutes", "video-minutes"] * 2
    )
    assert {round(line["units"], 6) for line in usage} == {round(2 / 60, 6)}
    assert len({line["usage_id"] for line in usage}) == 6


def test_starting_again_before_the_job_id_was_recorded_starts_no_second_job(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(key_of(run, "c.mp4"), clip(3))
    batch = planned(local_lake, run, "segments")

    def killed(self: Ledger, entry: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "started", killed)
        with pytest.raises(KeyboardInterrupt):
            analyzer(local_lake, run).advance(batch)

    progress = finish(local_lake, run, batch)

    assert progress.done == 1
    assert sorted(local_lake.billed().values()) == [1]
    assert local_lake.requests("StartSegmentDetection") == 2


def test_two_runs_share_a_job_even_for_a_copy_under_another_key(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    other = new_run(local_lake, f"2026-02-{next(DAYS):02d}")
    upload(key_of(run, "d.mp4"), clip(4))
    upload(key_of(other, "copy of d.mp4"), clip(4))
    batches = [planned(local_lake, each, "segments") for each in (run, other)]
    engines = [analyzer(local_lake, each) for each in (run, other)]

    for engine, batch in zip(engines, batches, strict=True):
        engine.advance(batch)
    for each, engine, batch in zip((run, other), engines, batches, strict=True):
        assert finish(local_lake, each, batch).done == 1
        assert engine.collect(batch).done == 1

    assert sorted(local_lake.billed().values()) == [1]
    s3 = local_lake.client("s3")
    assert [line["reused"] for line in read_usage_log(s3, run.bucket, run.partition)] == [False] * 2
    assert [line["reused"] for line in read_usage_log(s3, run.bucket, other.partition)] == [True] * 2


def test_jobs_without_a_slot_wait_and_are_started_later(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    for seed in range(5, 9):
        upload(key_of(run, f"{seed}.mp4"), clip(seed))
    batch = planned(local_lake, run, "segments")
    local_lake.behave(job_limit=2, job_seconds=3)

    first = analyzer(local_lake, run).advance(batch)
    local_lake.behave(job_seconds=0)
    last = finish(local_lake, run, batch)

    assert (len(first.running), first.pending) == (2, 2)
    assert last.done == 4
    assert sorted(local_lake.billed().values()) == [1] * 4


def test_a_job_that_fails_is_tried_again_and_then_given_up(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    upload(key_of(run, "gone.mp4"), clip(10))
    batch = planned(local_lake, run, "segments")
    engine = analyzer(local_lake, run)
    local_lake.behave(job_seconds=1)
    progress = engine.advance(batch)
    (job,) = progress.running

    report_failed(local_lake, job)
    jobs = {job}
    for _ in range(MAX_JOB_ATTEMPTS - 1):
        progress = engine.advance(batch)
        jobs |= set(progress.running)
        report_failed(local_lake, *progress.running)
    progress = engine.advance(batch)

    assert len(jobs) == MAX_JOB_ATTEMPTS
    assert (progress.failed, progress.running, progress.pending) == (1, {}, 0)
    assert progress.errors.by_code["VideoJobFailed"] == 1
    assert engine.collect(batch).failed == 1


def test_a_job_whose_results_expired_has_failed(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    """Rekognition keeps results for seven days; a lake that was down for longer asks in vain."""
    upload(key_of(run, "late.mp4"), clip(12))
    batch = planned(local_lake, run, "segments")
    engine = analyzer(local_lake, run)
    finish(local_lake, run, batch)
    http.post(f"{local_lake.control_url}/_control/reset").raise_for_status()

    assert engine.collect(batch).failed == 1

    (entry,) = local_lake.ledger.lookup([batch[0]["analyses"][0]["analysis_key"]]).values()
    assert (entry.state, entry.error_code) == ("failed", "ResultsExpired")
    used = read_usage_log(local_lake.client("s3"), run.bucket, run.partition)
    assert {line["price_item"] for line in used} == {"video-shot-minutes", "video-technical-cue-minutes"}


def test_a_failed_job_that_is_forgotten_is_started_anew_by_the_next_run(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]
) -> None:
    upload(key_of(run, "forgotten.mp4"), clip(13))
    batch = planned(local_lake, run, "segments")
    engine = analyzer(local_lake, run)
    (first,) = engine.advance(batch).running
    report_failed(local_lake, first)
    http.post(f"{local_lake.control_url}/_control/reset").raise_for_status()

    progress = engine.advance(batch)
    assert (progress.running, progress.failed) == ({}, 1)
    another = replace(run, run_id=f"another-{run.run_id}")
    (second,) = analyzer(local_lake, another).advance(planned(local_lake, another, "segments")).running
    assert second != first
    assert sorted(local_lake.billed().values()) == [1]


def report_failed(local_lake: LocalLake, *jobs: str) -> None:
    for job in jobs:
        assert local_lake.ledger.record_end(job, "FAILED")


def test_a_harvest_that_was_cut_off_goes_on_from_the_last_archived_page(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_pages, "PAGE_SIZE", 1)
    monkeypatch.setattr(job_pages, "PAGES_PER_OBJECT", 1)
    upload(key_of(run, "pages.mp4"), clip(11, seconds=4))
    batch = planned(local_lake, run, "segments")
    engine = analyzer(local_lake, run)
    progress = engine.advance(batch)
    (job,) = progress.running
    report_ended(local_lake, run, progress)
    calls = 0
    page = JobArchive._page

    def cut_off(self: JobArchive, *arguments: Any) -> Row:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return page(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(JobArchive, "_page", cut_off)
        with pytest.raises(KeyboardInterrupt):
            engine.collect(batch)
    s3, prefix = local_lake.client("s3"), job_responses_uri(run.bucket, job)
    assert len(list_uris(s3, prefix)) == 1
    before = local_lake.requests("GetSegmentDetection")

    assert engine.collect(batch).done == 1

    pages = [line["response"] for line in read_lines(s3, prefix)]
    shots = [
        segment["ShotSegment"]["Index"]
        for page in pages
        for segment in page["Segments"]
        if "ShotSegment" in segment
    ]
    assert len(pages) >= 2
    assert shots == sorted(set(shots))
    assert local_lake.requests("GetSegmentDetection") - before == len(pages) - 1
