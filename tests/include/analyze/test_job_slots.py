from __future__ import annotations

from typing import Any

import pytest

from include.analyze.job_slots import FIRST_PAUSE, KEY, LONGEST_PAUSE, TRY_SECONDS, JobSlots
from include.store.shared_record import SharedRecord
from tests.clocks import FakeClock
from tests.conftest import LEDGER_TABLE


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def item(dynamodb: Any) -> SharedRecord:
    return SharedRecord(dynamodb, LEDGER_TABLE, KEY)


@pytest.fixture
def one(item: SharedRecord, clock: FakeClock) -> JobSlots:
    return JobSlots(item, clock)


@pytest.fixture
def other(item: SharedRecord, clock: FakeClock) -> JobSlots:
    return JobSlots(item, clock)


def test_one_request_at_a_time_tries_how_many_slots_there_are(one: JobSlots, other: JobSlots) -> None:
    assert one.take()
    assert not other.take()
    one.used()
    assert other.take()
    other.refused()
    assert not one.take()
    assert not other.take()


def test_a_try_of_a_task_that_died_keeps_others_from_trying_for_a_moment_only(
    one: JobSlots, other: JobSlots, clock: FakeClock
) -> None:
    assert one.take()
    clock.now += TRY_SECONDS
    assert other.take()


def test_a_full_account_is_tried_more_and_more_rarely(one: JobSlots, clock: FakeClock) -> None:
    pauses = []
    for _ in range(6):
        assert one.take()
        one.refused()
        refused_at = clock.now
        while not one.take():
            clock.now += 1
        pauses.append(clock.now - refused_at)
        one.unused()
    assert pauses[0] == FIRST_PAUSE
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


def test_an_account_that_has_slots_again_is_tried_as_often_as_at_first(
    one: JobSlots, clock: FakeClock
) -> None:
    for _ in range(3):
        assert one.take()
        one.refused()
        clock.now += LONGEST_PAUSE
    assert one.take()
    one.used()
    assert one.take()
    one.refused()
    clock.now += FIRST_PAUSE
    assert one.take()


def test_each_job_that_ends_frees_one_slot_for_whoever_asks_first(one: JobSlots, other: JobSlots) -> None:
    one.take()
    one.refused()
    one.freed()
    one.freed()
    assert one.take()
    one.used()
    assert other.take()
    other.used()
    assert not one.take()
    assert not other.take()


def test_a_slot_that_was_not_used_is_left_to_others(one: JobSlots, other: JobSlots) -> None:
    one.take()
    one.refused()
    one.freed()
    assert one.take()
    assert not other.take()
    one.unused()
    assert other.take()


def test_a_try_that_came_to_nothing_may_be_repeated_by_anybody(one: JobSlots, other: JobSlots) -> None:
    assert one.take()
    one.unused()
    assert other.take()


def test_a_refusal_corrects_what_was_taken_to_be_free(one: JobSlots, other: JobSlots) -> None:
    for _ in range(3):
        one.freed()
    assert one.take()
    one.refused()
    assert not one.take()
    assert not other.take()


def test_nothing_is_written_while_there_is_no_slot(
    one: JobSlots, item: SharedRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.take()
    one.refused()
    monkeypatch.setattr(item, "change", lambda change: pytest.fail("wrote"))
    assert not one.take()
