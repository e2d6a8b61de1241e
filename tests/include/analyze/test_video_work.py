from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from include.analyze.job_failures import RESULTS_EXPIRED
from include.analyze.video_work import (
    LEAST_ENDED,
    LOG_SECONDS,
    LONGEST_SILENCE,
    MAX_JOB_ATTEMPTS,
    JobWork,
    Progress,
    ProgressLog,
    fair_order,
    next_look_up,
)
from include.core.error_counts import ErrorCounts
from include.core.features import FEATURES
from include.store.ledger import Entry
from tests.clocks import FakeClock


def work(source: str, feature: str, number: int = 0, failures: int = 0) -> JobWork:
    job = FEATURES[feature].video
    assert job is not None
    asset = {"source": source, "key": f"{number}.mp4"}
    return JobWork(f"{source}-{number}-{feature}", feature, job, {}, asset, {}, failures)


def test_sources_take_turns_and_in_each_its_features() -> None:
    planned = [
        work(source, feature, number)
        for source, videos in (("big", 20), ("small", 2))
        for number in range(videos)
        for feature in ("labels", "faces")
    ]
    order = fair_order(planned)
    assert [(item.asset["source"], item.feature) for item in order[:8]] == [
        ("big", "labels"), ("small", "labels"), ("big", "faces"), ("small", "faces"),
        ("big", "labels"), ("small", "labels"), ("big", "faces"), ("small", "faces"),
    ]  # fmt: skip
    assert Counter(item.key for item in order) == Counter(item.key for item in planned)


def test_one_kind_stays_in_its_order() -> None:
    planned = [work("a", "labels", number) for number in range(5)]
    assert fair_order(planned) == planned
    assert fair_order([]) == []


def failed(number: int, job_id: str | None = "j") -> Entry:
    return Entry("k", "failed", number=number, job_id=job_id)


def test_a_run_gives_a_job_three_attempts_whoever_made_them() -> None:
    new = work("a", "labels")
    assert [new.is_given_up(failed(number)) for number in (1, 2, 3)] == [False, False, True]
    again = work("a", "labels", failures=MAX_JOB_ATTEMPTS)
    assert [again.is_given_up(failed(number)) for number in (3, 4, 5, 6)] == [False, False, False, True]


def test_a_job_whose_results_expired_was_paid_for_and_is_not_started_again_in_the_run() -> None:
    expired = replace(failed(1), error_code=RESULTS_EXPIRED[0])
    assert work("a", "labels").is_given_up(expired)
    assert not work("a", "labels", failures=1).is_given_up(expired)


def test_what_aws_refused_is_tried_once_in_a_run() -> None:
    assert work("a", "labels").is_given_up(failed(1, job_id=None))
    assert not work("a", "labels", failures=1).is_given_up(failed(1, job_id=None))


def test_what_runs_or_is_done_is_not_given_up() -> None:
    assert not work("a", "labels").is_given_up(Entry("k", "running", number=9))
    assert not work("a", "labels").is_given_up(Entry("k", "done", number=9))


def test_a_job_is_looked_up_after_times_that_double() -> None:
    at, asked = 1000.0, []
    while at < 1000 + 3000:
        at = next_look_up(1000, at, 300)
        asked.append(at - 1000)
    assert asked == [300, 900, 2100, 4500]


def test_a_silent_job_is_looked_up_every_hour_at_least() -> None:
    day = 86_400.0
    assert 0 < next_look_up(0, 10 * day, 300) - 10 * day <= LONGEST_SILENCE


def test_who_comes_later_looks_up_no_earlier() -> None:
    assert next_look_up(0, 299, 300) == 300
    assert next_look_up(0, 301, 300) == next_look_up(0, 899, 300) == 900


def test_look_ups_slower_than_hourly_stay_so() -> None:
    assert next_look_up(0, 7200, 7200) == 14_400


def stand(running: int, pending: int, done: int) -> Progress:
    return Progress(running={f"j-{n}": "Get" for n in range(running)}, pending=pending, done=done)


def test_movement_is_news_the_first_look_is_not() -> None:
    progress_log = ProgressLog(FakeClock(0.0))
    assert not progress_log.note(stand(2, 3, 0))
    assert not progress_log.note(stand(2, 3, 0))
    assert progress_log.note(stand(2, 2, 1))


def test_lines_are_few(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = FakeClock(0.0)
    progress_log = ProgressLog(clock)
    for done in range(5):
        progress_log.note(stand(2, 10 - done, done))
    assert len(caplog.records) == 1
    clock.now += LOG_SECONDS
    progress_log.note(stand(2, 5, 5))
    clock.now += LOG_SECONDS
    progress_log.note(stand(2, 5, 5))
    assert [record.getMessage() for record in caplog.records] == [
        f"2 jobs run, {waiting} wait for a slot, {done} are done (0.0 minutes of video), 0 have failed; "
        "the longest has run for 0 s"
        for waiting, done in ((10, 0), (5, 5))
    ]


def test_the_rest_is_judged_by_the_pace_so_far_once_enough_jobs_have_ended() -> None:
    clock = FakeClock(0.0)
    progress_log = ProgressLog(clock)
    progress_log.note(stand(5, 100, 7))
    clock.now = 600
    progress_log.note(stand(5, 100 - LEAST_ENDED + 1, 7 + LEAST_ENDED - 1))
    assert progress_log.minutes_left() is None
    progress_log.note(stand(5, 100 - LEAST_ENDED, 7 + LEAST_ENDED))
    assert progress_log.minutes_left() == pytest.approx(10 / LEAST_ENDED * (105 - LEAST_ENDED))
    progress_log.note(stand(0, 0, 112))
    assert progress_log.minutes_left() is None


def test_an_xcom_stays_small_whatever_the_batch() -> None:
    errors = ErrorCounts()
    for number in range(1000):
        errors.add(f"Error{number}", "long " * 1000)
    progress = Progress(
        running={f"{number:064d}": "GetLabelDetection" for number in range(10_000)},
        pending=10_000,
        done=10_000,
        failed=10_000,
        minutes=1e6 / 3,
        errors=errors,
    )
    xcom: Any = progress.to_xcom()
    assert len(json.dumps(xcom)) < 1500
    assert len(str(progress)) < 200
