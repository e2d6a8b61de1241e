"""What the ledger does for video jobs alone: attempts in order, each with the request recorded for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from include.store.ledger import Entry, Ledger
from tests.conftest import LEDGER_TABLE

NOW = 1_700_000_000.0
SECOND = 1000


@pytest.fixture
def ledger(dynamodb: Any) -> Ledger:
    return Ledger(dynamodb, LEDGER_TABLE, clock=lambda: NOW)


def claim(number: int = 1, owner: str = "a", request: str = "{}", expires: int = 60) -> Entry:
    now = int(NOW * 1000)
    return Entry(
        "k",
        "running",
        owner,
        now,
        now + expires * SECOND,
        number=number,
        request=request,
        payer='{"run_id": "r"}',
    )


def state(ledger: Ledger) -> Entry:
    return ledger.lookup(["k"])["k"]


def test_a_claim_that_lapsed_is_taken_over_with_the_request_that_was_recorded(ledger: Ledger) -> None:
    """Whoever has not seen it would send another request under the same token."""
    assert ledger.claim(claim(request='{"one": 1}', expires=-1), 0) is None
    conflict = ledger.claim(claim(owner="b", request='{"two": 2}'), 0)
    assert conflict is not None
    assert conflict.request == '{"one": 1}'
    assert ledger.claim(claim(owner="b", request=conflict.request or ""), 0) is None
    assert state(ledger).owner == "b"


@pytest.mark.parametrize(("number", "taken"), [(1, False), (2, False), (3, True), (4, False)])
def test_an_attempt_follows_the_one_that_failed_last(ledger: Ledger, number: int, taken: bool) -> None:
    ledger.finish([replace(claim(2), state="failed", job_id="j-2")])
    assert (ledger.claim(claim(number), 0) is None) is taken


def test_an_older_failure_does_not_undo_a_newer_one(ledger: Ledger) -> None:
    ledger.finish([replace(claim(2), state="failed", job_id="j-2")])
    ledger.finish([replace(claim(1), state="failed", job_id="j-1")])
    assert (state(ledger).number, state(ledger).job_id) == (2, "j-2")


def test_a_release_leaves_the_request_for_whoever_comes_next(ledger: Ledger) -> None:
    assert ledger.claim(claim(), 0) is None
    ledger.release(claim())
    assert ledger.claim(claim(owner="b"), 0) is None


def test_failures_are_counted_as_they_are_recorded(ledger: Ledger) -> None:
    assert claim(1).failures == 0
    assert claim(3).failures == 2
    assert replace(claim(3), state="failed").failures == 3
    assert Entry("k", "failed").failures == 0


def test_the_end_of_a_job_is_news_once(ledger: Ledger) -> None:
    assert ledger.record_end("j", "SUCCEEDED")
    assert not ledger.record_end("j", "SUCCEEDED")
    assert not ledger.record_end("j", "FAILED")
    assert ledger.job_ends(["j"]) == {"j": "SUCCEEDED"}


def test_a_shared_record_is_in_the_table(ledger: Ledger) -> None:
    ledger.shared("a#b").change(lambda record: record | {"n": 1})
    assert ledger.shared("a#b").read() == {"n": 1}
