"""Whatever goes wrong, every video job ends in the state that is true, and is paid for and kept once.

The tasks run as Airflow runs them, deferrals and retries included; the local Rekognition counts the jobs it
starts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

import botocore.client
import pytest

from include.analyze import job_pages
from include.analyze.video_work import MAX_JOB_ATTEMPTS
from include.core.metrics import Metric
from include.core.run import Run
from include.store.ledger import Ledger
from include.store.objects import Row
from include.store.usage_log import read_usage_log
from tests.integration import video_runs
from tests.integration.conftest import LocalLake
from tests.integration.video_runs import (
    check_done,
    check_pages,
    clip,
    collect,
    enrich,
    entries_of,
    forget_slots,
    key_of,
    new_run,
    plan_videos,
    settle,
)
from tests.metrics_recorder import MetricsRecorder

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

FEATURES = ("segments", "moderation", "celebrities")
DAYS = iter(range(1, 29))


@pytest.fixture
def airflow(local_lake: LocalLake, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Tasks run in this process. Their calls of Rekognition are judged too, at the first address."""
    monkeypatch.delenv("AWS_ENDPOINT_URL_REKOGNITION")
    settle(monkeypatch, lease_seconds=5, sweep_after_seconds=2)
    forget_slots(local_lake)
    yield monkeypatch
    forget_slots(local_lake)


@pytest.fixture
def run(airflow: pytest.MonkeyPatch, local_lake: LocalLake) -> Run:
    return new_run(local_lake, f"2026-06-{next(DAYS):02d}")


@pytest.fixture
def day(local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None]) -> Callable[..., Row]:
    """Upload clips of the run's day and return its only batch."""

    def make(clips: int = 3, *features: str, shots: int = 3) -> Row:
        for number in range(clips):
            upload(key_of(run, f"{number}.mp4"), clip(hash((run.run_id, number)) & 0xFFFFFFFF, shots=shots))
        (batch,) = plan_videos(local_lake, run, *(features or FEATURES))
        return batch

    return make


@pytest.mark.parametrize(
    "behavior",
    [
        {"faults": [{"code": "ThrottlingException", "rate": 0.3}]},
        {"faults": [{"code": "InternalServerError", "status": 500, "rate": 0.05}]},
        {"notifications": {"lost": 1.0}},
        {"notifications": {"duplicated": 1.0}},
        {"notifications": {"delay_seconds": 6}},
        {"notifications": {"lost": 0.5, "duplicated": 0.5}, "job_limit": 3},
    ],
    ids=["throttled", "500s", "lost", "duplicated", "late", "mixed"],
)
def test_faults_of_the_service(
    local_lake: LocalLake, run: Run, day: Callable[..., Row], behavior: dict[str, Any]
) -> None:
    batch = day()
    local_lake.behave(job_seconds=(0, 2), page_size=1, seed=7, **behavior)
    assert enrich(run, batch)["failed"] == 0
    check_done(local_lake, run, batch)


def test_the_service_is_down_for_a_while(local_lake: LocalLake, run: Run, day: Callable[..., Row]) -> None:
    batch = day()
    local_lake.behave(job_seconds=(0, 1), faults=[{"code": "ServiceUnavailable", "status": 503}])
    timer = threading.Timer(6, lambda: local_lake.behave(faults=[]))
    timer.start()
    enrich(run, batch)
    timer.join()
    check_done(local_lake, run, batch)


def test_the_service_goes_down_between_start_and_harvest(
    local_lake: LocalLake, run: Run, day: Callable[..., Row]
) -> None:
    batch = day()
    local_lake.behave(job_seconds=1, notifications={"lost": 1.0})
    down = threading.Timer(
        0.7, lambda: local_lake.behave(faults=[{"code": "ServiceUnavailable", "status": 503}])
    )
    up = threading.Timer(6, lambda: local_lake.behave(faults=[]))
    for timer in (down, up):
        timer.start()
    enrich(run, batch)
    for timer in (down, up):
        timer.join()
    check_done(local_lake, run, batch)


def test_failed_jobs_are_tried_again_under_another_token(
    local_lake: LocalLake, run: Run, day: Callable[..., Row]
) -> None:
    batch = day(6)
    local_lake.behave(job_failures={"rate": 0.2, "message": "Bad luck"}, job_seconds=(0, 1), seed=3)
    summary = enrich(run, batch)
    entries = [entry for _, _, entry in entries_of(local_lake, batch).values()]
    assert (summary["done"], summary["failed"]) == (18, 0)
    assert {entry.state for entry in entries} == {"done"}
    again = sum(entry.number - 1 for entry in entries)
    assert again > 0
    assert sum(local_lake.billed().values()) == len(entries) + again


def test_a_job_that_always_fails_is_given_up_with_its_reason(
    local_lake: LocalLake, run: Run, day: Callable[..., Row]
) -> None:
    batch = day(2, "moderation")
    local_lake.behave(job_failures={"rate": 1.0, "message": "Bad luck"})
    summary = enrich(run, batch)
    assert (summary["done"], summary["failed"], summary["errors"]) == (0, 2, {"VideoJobFailed": 2})
    for _, _, entry in entries_of(local_lake, batch).values():
        assert (entry.state, entry.number, entry.error_message) == ("failed", MAX_JOB_ATTEMPTS, "Bad luck")
    assert sorted(local_lake.billed().values()) == [MAX_JOB_ATTEMPTS] * 2

    local_lake.behave(job_failures={"rate": 0.0})
    later = new_run(local_lake, run.partition)
    (batch,) = plan_videos(local_lake, later, "moderation")
    assert enrich(later, batch)["done"] == 2


def test_two_runs_give_up_on_a_job_that_always_fails(
    local_lake: LocalLake, run: Run, day: Callable[..., Row]
) -> None:
    other = new_run(local_lake, run.partition)
    first = day(2, "moderation")
    (second,) = plan_videos(local_lake, other, "moderation")
    local_lake.behave(job_failures={"rate": 1.0}, job_seconds=(0, 1))
    with ThreadPoolExecutor(2) as pool:
        summaries = list(pool.map(enrich, (run, other), (first, second)))
    assert [summary["failed"] for summary in summaries] == [2, 2]
    assert set(local_lake.billed().values()) == {MAX_JOB_ATTEMPTS}


def test_a_page_token_expires_in_the_middle_of_a_harvest(
    local_lake: LocalLake, run: Run, day: Callable[..., Row], airflow: pytest.MonkeyPatch
) -> None:
    """A harvest is interrupted after a page, and goes on when its token is no longer good."""
    batch = day(2, "segments", shots=6)
    airflow.setattr(job_pages, "PAGES_PER_OBJECT", 1)
    local_lake.behave(page_size=1, page_token_seconds=1)
    put = job_pages.Ndjson.put
    left = [2]

    def slow(self: Any, *arguments: Any) -> int:
        written = put(self, *arguments)
        left[0] -= 1
        if left[0] == 0:
            time.sleep(1.2)  # the token that comes next has expired by then
        return written

    airflow.setattr(job_pages.Ndjson, "put", slow)
    enrich(run, batch)
    check_done(local_lake, run, batch)
    for _, _, entry in entries_of(local_lake, batch).values():
        check_pages(local_lake.client("s3"), run.bucket, entry)


def test_a_job_read_again_with_fewer_pages_leaves_none_of_the_old(
    local_lake: LocalLake, run: Run, day: Callable[..., Row], airflow: pytest.MonkeyPatch
) -> None:
    batch = day(1, "segments", shots=6)
    airflow.setattr(job_pages, "PAGES_PER_OBJECT", 1)
    local_lake.behave(page_size=1, page_token_seconds=1)
    page, pages = job_pages.JobArchive._page, [0]

    def fifth_fails(self: Any, token: str | None) -> Row:
        pages[0] += 1
        if pages[0] == 5:
            raise ConnectionAbortedError
        return page(self, token)

    with airflow.context() as patch:
        patch.setattr(job_pages.JobArchive, "_page", fifth_fails)
        patch.setattr(video_runs, "RETRIES", 0)
        with pytest.raises(ConnectionAbortedError):
            enrich(run, batch)
    time.sleep(1.1)
    local_lake.behave(page_size=3, page_token_seconds=60)
    collect(run, batch)
    check_done(local_lake, run, batch)


def test_results_that_were_not_collected_in_time_are_recorded_and_asked_for_by_the_next_run(
    local_lake: LocalLake, run: Run, day: Callable[..., Row], airflow: pytest.MonkeyPatch
) -> None:
    batch = day(2, "moderation")
    local_lake.behave(job_result_seconds=0.5)
    with airflow.context() as patch:
        patch.setattr(video_runs, "collect", lambda run, batch: time.sleep(1))
        enrich(run, batch)
    summary = collect(run, batch)
    assert (summary["done"], summary["errors"]) == (0, {"ResultsExpired": 2})

    local_lake.behave(job_result_seconds=3600)
    later = new_run(local_lake, run.partition)
    (batch,) = plan_videos(local_lake, later, "moderation")
    assert enrich(later, batch)["done"] == 2
    assert sorted(local_lake.billed().values()) == [2, 2]


def test_the_ledger_fails_after_a_start(
    local_lake: LocalLake, run: Run, day: Callable[..., Row], airflow: pytest.MonkeyPatch
) -> None:
    batch = day()
    local_lake.behave(job_seconds=(0, 1), job_limit=3)
    started, calls = Ledger.started, [0]

    def fails_often(self: Ledger, entry: Any) -> Any:
        calls[0] += 1
        if calls[0] in (1, 4, 9):
            raise ConnectionError("the ledger cannot be reached")
        return started(self, entry)

    airflow.setattr(Ledger, "started", fails_often)
    enrich(run, batch)
    check_done(local_lake, run, batch)


def test_two_runs_want_the_same_jobs_at_the_same_time(
    local_lake: LocalLake, run: Run, day: Callable[..., Row]
) -> None:
    other = new_run(local_lake, run.partition)
    first = day(6)
    (second,) = plan_videos(local_lake, other, *FEATURES)
    local_lake.behave(job_seconds=(0, 1), job_limit=4)
    with ThreadPoolExecutor(2) as pool:
        summaries = list(pool.map(enrich, (run, other), (first, second)))
    assert [(summary["done"], summary["failed"]) for summary in summaries] == [(18, 0)] * 2
    check_done(local_lake, run, first)


def test_a_copy_under_another_name_is_waited_for_though_its_request_differs(
    local_lake: LocalLake, run: Run, upload: Callable[[str, bytes], None], day: Callable[..., Row]
) -> None:
    """Both runs use one token; who comes second repeats the first one's request, or AWS would refuse it."""
    other = new_run(local_lake, f"2026-06-{next(DAYS):02d}")
    first = day(3)
    for number in range(3):
        body = clip(hash((run.run_id, number)) & 0xFFFFFFFF, shots=3)
        upload(key_of(other, f"copy of {number}.mp4"), body)
    (second,) = plan_videos(local_lake, other, *FEATURES)
    local_lake.behave(
        job_seconds=(0, 1), job_limit=2, seed=5, faults=[{"code": "InternalServerError", "rate": 0.3}]
    )
    with ThreadPoolExecutor(2) as pool:
        summaries = list(pool.map(enrich, (run, other), (first, second)))
    assert [(summary["done"], summary["failed"]) for summary in summaries] == [(9, 0)] * 2
    assert sorted(local_lake.billed().values()) == [1] * 9


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def killed_after(calls: int, answered: bool) -> Iterator[None]:
    """Let so many calls to AWS through, and then none.

    :param answered: the last call is made, and its answer lost.
    """
    made = 0
    real = botocore.client.BaseClient._make_api_call

    def call(self: Any, operation: str, parameters: Any) -> Any:
        nonlocal made
        made += 1
        if made > calls:
            if answered and made == calls + 1:
                real(self, operation, parameters)
            raise Killed
        return real(self, operation, parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.client.BaseClient, "_make_api_call", call)
        yield


@pytest.mark.matrix
@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
def test_tasks_may_be_killed_at_any_call(
    local_lake: LocalLake, run: Run, day: Callable[..., Row], answered: bool
) -> None:
    """Each life of the tasks is some calls longer than the one before, until they get through."""
    batch = day(2, "segments", "moderation")
    local_lake.behave(page_size=1, job_limit=3)
    for lives in count():
        assert lives < 100
        try:
            with killed_after(1 + answered + 3 * lives, answered):
                enrich(run, batch)
            break
        except Killed:
            continue
    assert lives > 5
    check_done(local_lake, run, batch)


def once_started(local_lake: LocalLake, jobs: int, work: Callable[[], Any]) -> None:
    """Do something as soon as so many jobs run."""
    deadline = time.monotonic() + 30
    while len(local_lake.billed()) < jobs:
        assert time.monotonic() < deadline, "the jobs were not started"
        time.sleep(0.05)
    work()


def test_a_video_that_was_replaced_before_its_jobs_started_is_not_paid_for(
    local_lake: LocalLake, run: Run, day: Callable[..., Row], upload: Callable[[str, bytes], None]
) -> None:
    batch = day(2)
    upload(key_of(run, "0.mp4"), clip(1))
    summary = enrich(run, batch)
    assert (summary["done"], summary["errors"]) == (3, {"ObjectReplaced": 3})
    assert {key for key, _ in local_lake.billed()} == {key_of(run, "1.mp4")}


def test_a_video_that_is_replaced_while_its_jobs_run_is_recorded_as_such_and_in_the_books(
    local_lake: LocalLake, run: Run, day: Callable[..., Row], upload: Callable[[str, bytes], None]
) -> None:
    batch = day(2)
    local_lake.behave(job_seconds=3)
    with ThreadPoolExecutor(1) as pool:
        replaced = pool.submit(once_started, local_lake, 6, lambda: upload(key_of(run, "0.mp4"), clip(1)))
        summary = enrich(run, batch)
        replaced.result()
    assert (summary["done"], summary["errors"]) == (3, {"ObjectReplaced": 3})
    assert sorted(local_lake.billed().values()) == [1] * 6
    usage = read_usage_log(local_lake.client("s3"), run.bucket, run.partition)
    assert len({line["analysis_key"] for line in usage if not line["reused"]}) == 6


def test_a_video_that_is_deleted_while_its_jobs_run_was_the_one_they_read(
    local_lake: LocalLake, run: Run, day: Callable[..., Row]
) -> None:
    batch = day(1)
    local_lake.behave(job_seconds=3)
    gone = {"Bucket": run.bucket, "Key": key_of(run, "0.mp4")}
    with ThreadPoolExecutor(1) as pool:
        deleted = pool.submit(
            once_started, local_lake, 3, lambda: local_lake.client("s3").delete_object(**gone)
        )
        assert enrich(run, batch)["done"] == 3
        deleted.result()


def test_metrics_tell_of_jobs_and_slots(
    local_lake: LocalLake, run: Run, day: Callable[..., Row], airflow: pytest.MonkeyPatch
) -> None:
    told = MetricsRecorder()
    airflow.setattr("media_lake.video_batch.AirflowMetrics", lambda **tags: told)
    batch = day(2, "segments")
    local_lake.behave(job_limit=1, job_seconds=1)
    enrich(run, batch)
    assert told.counted(Metric.JOBS, feature="segments", state="started") == 2
    assert told.counted(Metric.JOBS, feature="segments", state="archived") == 2
    assert 1 <= min(told.values(Metric.JOB_DURATION)) < 30
    assert max(told.values(Metric.JOBS_WAITING)) == 1
    for metric in (Metric.SLOTS_IN_USE, Metric.JOBS_WAITING):
        assert told.values(metric)[-1] == 0
        assert max(told.values(metric)) > 0
    assert told.values(Metric.QUEUE_AGE)[-1] == 0
