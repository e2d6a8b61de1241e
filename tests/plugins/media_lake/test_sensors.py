from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSensorTimeout, TaskDeferred

import include.responses
from include.analyze_videos import Progress
from include.settings import Settings
from media_lake import video_batch
from media_lake.sensors import VideoJobsSensor
from media_lake.triggers import VideoJobsTrigger

BATCH = {"uri": "s3://media-lake/staging/plans/batch-0003.ndjson.gz", "rows": 2, "bytes": 10}


class Analyzer:
    """Stands where it is told to stand, one step at a time."""

    def __init__(self, steps: list[Progress]) -> None:
        self.steps: Iterator[Progress] = iter(steps)
        self.plans: list[Any] = []

    def advance(self, plan: Any) -> Progress:
        self.plans.append(plan)
        return next(self.steps)


@pytest.fixture
def analyzer(monkeypatch: pytest.MonkeyPatch) -> Any:
    def stand(*steps: Progress) -> Analyzer:
        made = Analyzer(list(steps))
        context = SimpleNamespace(
            s3=None, settings=Settings(jobs_queue="q", ledger_table="t", sweep_after_seconds=77)
        )
        monkeypatch.setattr(video_batch, "video_analyzer", lambda batch: (made, context))
        monkeypatch.setattr(include.responses, "read_plan", lambda s3, uri: [uri])
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
    assert (values["jobs"], values["pending"]) == ({"j-1": "GetLabelDetection"}, 2)
    assert (values["queue_name"], values["ledger_table"], values["sweep_after"]) == ("q", "t", 77)
    assert values["deadline"] == pytest.approx(began + 3600, abs=10)
    assert values["looked_up"] == pytest.approx(began, abs=10)
    assert deferred.method_name == "resume"
    assert deferred.timeout.total_seconds() == pytest.approx(3600, abs=10)


def test_it_goes_on_after_each_event_until_the_batch_is_finished(analyzer: Any) -> None:
    analyzer(RUNNING, Progress(done=3))
    sensor = VideoJobsSensor(task_id="wait", batch=BATCH)
    deferral(lambda: sensor.resume({}, event(ended=["j-1"])))
    assert sensor.resume({}, event())["done"] == 3


def event(**changes: Any) -> dict[str, Any]:
    return {"ended": [], "deadline": time.time() + 600, "looked_up": time.time(), **changes}


def test_many_short_waits_are_one_long_one(analyzer: Any) -> None:
    """Each deferral gets what is left of the attempt's time, and knows when jobs were last looked up."""
    analyzer(RUNNING)
    deadline, looked_up = time.time() + 90, time.time() - 70
    sensor = VideoJobsSensor(task_id="wait", batch=BATCH, timeout=3600)
    deferred = deferral(lambda: sensor.resume({}, event(deadline=deadline, looked_up=looked_up)))
    _, values = deferred.trigger.serialize()
    assert (values["deadline"], values["looked_up"]) == (deadline, looked_up)
    assert deferred.timeout.total_seconds() == pytest.approx(90, abs=10)


def test_after_the_deadline_it_gives_up_and_says_where_it_stands(analyzer: Any) -> None:
    analyzer(RUNNING)
    sensor = VideoJobsSensor(task_id="wait", batch=BATCH)
    with pytest.raises(AirflowSensorTimeout, match=r"batch-0003.*did not end in time.*'running': 1"):
        sensor.resume({}, event(deadline=time.time() - 1))


def test_what_ended_just_in_time_counts_even_after_the_deadline(analyzer: Any) -> None:
    analyzer(Progress(done=3))
    sensor = VideoJobsSensor(task_id="wait", batch=BATCH)
    assert sensor.resume({}, event(deadline=time.time() - 1))["done"] == 3


def test_the_batch_is_templated() -> None:
    assert "batch" in VideoJobsSensor.template_fields
