from __future__ import annotations

import time
from dataclasses import replace

import pytest

from include.analyze.batch_state import BatchState
from include.analyze.video_work import MAX_JOB_ATTEMPTS, JobWork
from include.core.features import FEATURES
from include.store.ledger import Entry

AFTER = 60.0


def work(key: str, minutes: float = 1.0) -> JobWork:
    job = FEATURES["segments"].video
    assert job is not None
    asset = {"source": "sample", "duration_ms": 60_000 * minutes}
    return JobWork(key, "segments", job, {}, asset, {})


def running(key: str, ago: float = 0.0) -> Entry:
    """An entry whose job was started so many seconds ago."""
    return Entry(key, "running", number=1, job_id=f"job-{key}", started_at=int(time.time() - ago))


def failed(key: str, number: int, job_id: str | None = "j") -> Entry:
    return Entry(
        key, "failed", number=number, job_id=job_id, error_code="VideoJobFailed", error_message="why"
    )


def state(*entries: Entry, unknown: str = "") -> BatchState:
    """The state of a batch with these entries, and of analyses that the ledger does not know."""
    known = {entry.key: entry for entry in entries}
    items = [work(key) for key in [*known, *unknown]]
    return BatchState(items, known, began=int(1000 * time.time()), look_up_after=AFTER)


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        pytest.param(running("k"), "running", id="job runs"),
        pytest.param(Entry("k", "running", number=1), "pending", id="claimed, not started"),
        pytest.param(failed("k", 1), "pending", id="failed, may be tried again"),
        pytest.param(failed("k", MAX_JOB_ATTEMPTS), "failed", id="failed too often"),
        pytest.param(failed("k", 1, job_id=None), "failed", id="refused by AWS"),
        pytest.param(Entry("k", "done", units=1.0), "done", id="done"),
    ],
)
def test_an_analysis_stands_where_its_entry_puts_it(entry: Entry, place: str) -> None:
    progress = state(entry).progress(started=0)
    counts = {
        "running": len(progress.running),
        "pending": progress.pending,
        "failed": progress.failed,
        "done": progress.done,
    }
    assert counts == {name: int(name == place) for name in counts}


def test_what_the_ledger_does_not_know_waits_in_its_order() -> None:
    batch = state(failed("b", 1), unknown="ac")
    assert [item.key for item in batch.pending] == ["b", "a", "c"]
    assert batch.entry("a") is None


def test_a_job_that_succeeded_counts_as_done_though_its_pages_are_not_archived() -> None:
    batch = state(running("a"), running("b"))
    batch.succeeded("job-a")
    progress = batch.progress(started=2)
    assert (len(progress.running), progress.done, progress.ended, progress.started) == (1, 1, 1, 2)
    assert progress.minutes == 1.0


def test_an_attempt_that_failed_is_pending_again_and_then_given_up() -> None:
    batch = state(running("a"))
    entry = batch.running.pop("job-a").entry
    batch.place(work("a"), replace(entry, state="failed", error_code="VideoJobFailed"))
    assert [item.key for item in batch.pending] == ["a"]
    batch.pending.clear()
    batch.place(work("a"), failed("a", MAX_JOB_ATTEMPTS))
    progress = batch.progress(started=0)
    assert (progress.failed, progress.errors.by_code) == (1, {"VideoJobFailed": 1})


def test_jobs_are_looked_up_when_they_are_overdue_and_then_later() -> None:
    batch = state(running("new"), running("old", ago=AFTER - 0.5))
    assert batch.overdue() == []
    batch.running["job-old"].look_up_at = time.time() - 1
    assert batch.overdue() == ["job-old"]
    batch.looked_up("job-old")
    assert batch.overdue() == []


def test_the_longest_wait_is_told() -> None:
    batch = state(running("a", ago=100), running("b", ago=40), unknown="c")
    progress = batch.progress(started=0)
    assert progress.oldest == pytest.approx(100, abs=2)
    assert progress.waiting == pytest.approx(40, abs=2)
