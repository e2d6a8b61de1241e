from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowSensorTimeout, TaskDeferred

import include.store.plan_batches
from include.analyze.video_work import Progress
from include.core.run import Run
from include.core.settings import Settings
from media_lake import task_context, video_batch
from media_lake.sensors.video_jobs_sensor import BrokenWaitError, VideoJobsSensor
from media_lake.triggers.video_jobs_trigger import MAX_WAIT, VideoJobsTrigger
from tests.workspaces import make_workspace

BATCH = {"uri": "s3://media-lake/staging/plans/batch-0003.ndjson.gz", "rows": 2, "bytes": 10}


class Analyzer:
    """Stands where it is told to stand, one step at a time."""

    def __init__(self, steps: list[Progress]) -> None:
        self.steps: Iterator[Progress] = iter(steps)
        self.plans: list[Any] = []
        self.archived = 0

    def advance(self, plan: Any) -> Progress:
        self.plans.append(plan)
        self.snapshot = next(self.steps)
        return self.snapshot

    def archive_ended(self) -> None:
        self.archived += 1

    def progress(self) -> Progress:
        return self.snapshot


@pytest.fixture
def analyzer(monkeypatch: pytest.MonkeyPatch) -> Any:
    def stand(*steps: Progress) -> Analyzer:
        made = Analyzer(list(steps))
        run = Run("b", "d", "r", "2026-11-20")
        workspace = make_workspace(run, boto3.Session(), Settings(sweep_after_seconds=77))
        monkeypatch.setattr(task_context, "task_workspace", lambda: workspace)
        monkeypatch.setattr(video_batch, "video_analyzer", lambda workspace, batch: made)
        monkeypatch.setattr(include.store.plan_batches, "read_plan", lambda s3, uri: [uri])
        return made

    return stand


def deferral(action: Any) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as caught:
        action()
    return caught.value


RUNNING = Progress(running={"j-1": "GetLabelDetection"}, pending=2)


def test_a_batch_that_is_finished_is_not_waited_for(analyzer: Any) -> None:
    made = analyzer(Progress(done=3, failed=1))
    result = VideoJobsSensor(task_id="wait", batch=BATCH).execute({})
    assert (result["done"], result["failed"], result["running"]) == (3, 1, 0)
    assert made.plans == [[BATCH["uri"]]]


def test_a_batch_with_jobs_is_waited_for_without_a_worker(analyzer: Any) -> None:
    analyzer(RUNNING)
    began = time.time()
    deferred = deferral(lambda: VideoJobsSensor(task_id="wait", batch=BATCH, timeout=3600).execute({}))
    assert isinstance(deferred.trigger, VideoJobsTrigger)
    _, values = deferred.trigger.serialize()
    assert (values["batch"], values["patience"]) == (BATCH, 3600)
    assert values["run"] == {"bucket": "b", "dag_id": "d", "run_id": "r", "partition": "2026-11-20"}
    assert values["settings"]["sweep_after_seconds"] == 77
    assert values["last_news"] == pytest.approx(began, abs=10)
    assert deferred.method_name == "resume"
    assert deferred.timeout.total_seconds() == 3600 + MAX_WAIT


def event(**changes: Any) -> dict[str, Any]:
    return {"last_news": time.time(), **changes}


def test_it_goes_on_after_each_event_until_the_batch_is_finished(analyzer: Any) -> None:
    made = analyzer(RUNNING, Progress(done=3))
    sensor = VideoJobsSensor(task_id="wait", batch=BATCH)
    deferral(lambda: sensor.resume({}, event()))
    assert made.archived == 1
    assert sensor.resume({}, event())["done"] == 3


def test_silence_is_counted_over_all_waits(analyzer: Any) -> None:
    analyzer(RUNNING)
    last_news = time.time() - 70
    sensor = VideoJobsSensor(task_id="wait", batch=BATCH, timeout=3600)
    deferred = deferral(lambda: sensor.resume({}, event(last_news=last_news)))
    assert deferred.trigger.serialize()[1]["last_news"] == last_news


def test_a_job_that_could_be_started_is_news(analyzer: Any) -> None:
    analyzer(Progress(running={"j-1": "GetLabelDetection"}, started=1))
    sensor = VideoJobsSensor(task_id="wait", batch=BATCH, timeout=3600)
    deferred = deferral(lambda: sensor.resume({}, event(last_news=time.time() - 5000)))
    assert deferred.trigger.serialize()[1]["last_news"] == pytest.approx(time.time(), abs=10)


def test_after_long_silence_it_gives_up_and_says_where_it_stands(analyzer: Any) -> None:
    analyzer(RUNNING)
    sensor = VideoJobsSensor(task_id="wait", batch=BATCH, timeout=3600)
    with pytest.raises(AirflowSensorTimeout, match=r"batch-0003.*for 36\d\d s: 1 jobs run, 2 wait"):
        sensor.resume({}, event(last_news=time.time() - 3601))


def test_what_ended_just_in_time_counts_even_after_long_silence(analyzer: Any) -> None:
    analyzer(Progress(done=3))
    sensor = VideoJobsSensor(task_id="wait", batch=BATCH)
    assert sensor.resume({}, event(last_news=0))["done"] == 3


def test_an_error_of_the_trigger_that_a_worker_does_not_meet_costs_an_attempt(analyzer: Any) -> None:
    analyzer(RUNNING)
    sensor = VideoJobsSensor(task_id="wait", batch=BATCH)
    with pytest.raises(BrokenWaitError, match=r"batch-0003.*was broken by KeyError"):
        sensor.resume({}, event(error="KeyError('x')"))


def test_the_batch_is_templated() -> None:
    assert "batch" in VideoJobsSensor.template_fields
