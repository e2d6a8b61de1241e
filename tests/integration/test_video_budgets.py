"""Hard budgets of videos: Rekognition counts the jobs."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from include.analyze.video_analyzer import VideoAnalyzer
from include.analyze.video_work import Progress
from include.core.budgets import MICROS, Budget, month_at
from include.store.budget_records import BudgetRecord
from include.store.ledger import Ledger
from include.store.objects import Row
from include.store.plan_batches import read_plan
from include.store.stopped_analyses import stopped_analyses
from tests.integration.conftest import LocalLake
from tests.integration.video_runs import clip, forget_slots, key_of, new_run, plan_videos

pytestmark = pytest.mark.integration

DAYS = iter(range(1, 28))
MINUTE_USD = 0.10
SECONDS = 3


class Videos:
    """Clips of a day, and a cost center with a hard budget that pays for them."""

    def __init__(self, lake: LocalLake, upload: Callable[[str, bytes], None]) -> None:
        self.lake = lake
        self.upload = upload
        self.run = new_run(lake, f"2026-07-{next(DAYS):02d}")
        self.cost_center = f"team-{uuid.uuid4().hex[:8]}"
        self.usd = 0.25

    def batch(self, clips: int) -> list[Row]:
        for number in range(clips):
            self.upload(key_of(self.run, f"{number}.mp4"), clip(int(uuid.uuid4()) % 2**32, SECONDS))
        return self.planned()

    def planned(self) -> list[Row]:
        (batch,) = plan_videos(self.lake, self.run, "faces")
        rows = read_plan(self.lake.client("s3"), batch["uri"])
        for row in rows:
            row["asset"]["cost_center"] = self.cost_center
        return rows

    def engine(self) -> VideoAnalyzer:
        budgets = {self.cost_center: Budget(usd=self.usd, kind="hard")}
        workspace = self.lake.workspace(self.run, self.lake.lake.model_copy(update={"budgets": budgets}))
        return VideoAnalyzer(workspace, self.lake.job_client(), batch="batch-0000")

    def finish(self, batch: list[Row]) -> Progress:
        """Advance until nothing runs or waits, and collect."""
        rekognition = self.lake.client("rekognition")
        progress = self.engine().advance(batch)
        while not progress.finished:
            for job in progress.running:
                status = rekognition.get_face_detection(JobId=job, MaxResults=1)["JobStatus"]
                if status != "IN_PROGRESS":
                    self.engine().job_ended(job, status)
            time.sleep(0.05)
            progress = self.engine().advance(batch)
        return self.engine().collect(batch)

    @property
    def record(self) -> BudgetRecord:
        return self.lake.ledger.budget(self.cost_center, month_at(time.time()))

    @property
    def committed_usd(self) -> float:
        return (self.record.read().committed or 0) / MICROS


@pytest.fixture
def videos(local_lake: LocalLake, upload: Callable[[str, bytes], None]) -> Iterator[Videos]:
    forget_slots(local_lake)
    yield Videos(local_lake, upload)
    forget_slots(local_lake)


def billed(seconds: float) -> Any:
    return pytest.approx(seconds / 60 * MINUTE_USD, abs=1e-4)


def test_jobs_are_paid_for_while_there_is_money_and_the_rest_when_it_returns(videos: Videos) -> None:
    batch = videos.batch(3)
    progress = videos.engine().advance(batch)
    assert (len(progress.running), progress.stopped) == (2, 1)
    assert videos.committed_usd == 2 * MINUTE_USD
    collected = videos.finish(batch)
    assert (collected.done, collected.stopped, collected.failed) == (2, 1, 0)
    assert videos.committed_usd == billed(2 * SECONDS)
    assert list(stopped_analyses(videos.lake.client("s3"), videos.run, "batch-0000").values()) == [
        videos.cost_center
    ]

    videos.run = new_run(videos.lake, videos.run.partition)
    assert videos.finish(videos.planned()).done == 1
    assert sorted(videos.lake.billed().values()) == [1] * 3
    assert videos.committed_usd == billed(3 * SECONDS)
    assert videos.record.read().reserved == {}


def test_a_job_that_has_no_slot_reserves_nothing(videos: Videos) -> None:
    batch = videos.batch(1)
    videos.lake.behave(faults=[{"operation": "StartFaceDetection", "code": "LimitExceededException"}])
    progress = videos.engine().advance(batch)
    assert (progress.pending, videos.committed_usd) == (1, 0)


def test_a_killed_start_that_may_have_been_billed_stays_counted_and_is_paid_for_once(
    videos: Videos, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = videos.batch(1)

    def killed(self: Ledger, entry: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "started", killed)
        with pytest.raises(KeyboardInterrupt):
            videos.engine().advance(batch)
    assert videos.committed_usd == MINUTE_USD
    assert videos.finish(batch).done == 1
    assert list(videos.lake.billed().values()) == [1]
    assert videos.committed_usd == billed(SECONDS)


def test_a_start_that_was_killed_before_the_request_leaks_nothing(
    videos: Videos, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = videos.batch(1)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(BudgetRecord, "reserve", killed)
        with pytest.raises(KeyboardInterrupt):
            videos.engine().advance(batch)
    assert videos.committed_usd == 0
    assert videos.finish(batch).done == 1
    assert videos.committed_usd == billed(SECONDS)


def test_a_job_that_fails_costs_nothing(videos: Videos) -> None:
    batch = videos.batch(1)
    videos.lake.behave(job_failures={"rate": 1.0})
    assert videos.finish(batch).failed == 1
    assert videos.committed_usd == 0
