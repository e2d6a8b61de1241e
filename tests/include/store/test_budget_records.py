from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from include.store.budget_records import BudgetRecord, job_token
from include.store.budget_recovery import recover_expired
from include.store.ledger import Entry, Ledger
from include.store.reported_months import ReportedMonth, note_reported
from tests.clocks import FakeClock

TABLE = "media-lake-ledger"
LIMIT = 10_000


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def record(dynamodb: Any, clock: FakeClock) -> BudgetRecord:
    record = BudgetRecord(dynamodb, TABLE, "team", "2026-11", clock)
    record.opened()
    return record


def committed(record: BudgetRecord) -> int | None:
    return record.read().committed


def test_nothing_is_reserved_beyond_the_limit(record: BudgetRecord) -> None:
    assert record.reserve("a", 6000, LIMIT, 60)
    assert not record.reserve("b", 4001, LIMIT, 60)
    assert record.reserve("b", 4000, LIMIT, 60)
    assert committed(record) == LIMIT


def test_the_same_reservation_counts_once(record: BudgetRecord) -> None:
    assert record.reserve("a", 6000, LIMIT, 60)
    assert record.reserve("a", 6000, LIMIT, 60)
    assert committed(record) == 6000


def test_many_at_the_same_time_never_pass_the_limit(record: BudgetRecord) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: record.reserve(f"t{number}", 700, LIMIT, 60), range(40)))
    assert sum(won) == LIMIT // 700
    assert committed(record) == sum(won) * 700


def test_settling_returns_the_rest_once(record: BudgetRecord) -> None:
    record.reserve("a", 6000, LIMIT, 60)
    record.settle("a", 2500)
    record.settle("a", 2500)
    assert (committed(record), record.read().reserved) == (2500, {})


def test_more_may_be_billed_than_was_reserved(record: BudgetRecord) -> None:
    record.reserve("a", 6000, LIMIT, 60)
    record.settle("a", 6010)
    assert committed(record) == 6010


def test_a_closed_chunk_counts_what_was_noted_and_takes_no_more_notes(record: BudgetRecord) -> None:
    record.open_chunk("a", 1000, LIMIT, 60)
    assert record.note("a", 1, 10)
    assert record.note("a", 2, 30)
    record.close_chunk("a")
    record.close_chunk("a")
    assert not record.note("a", 3, 40)
    assert (committed(record), record.read().reserved) == (30, {})


def test_a_note_that_arrives_late_counts_no_more(record: BudgetRecord) -> None:
    record.open_chunk("a", 1000, LIMIT, 60)
    record.note("a", 2, 30)
    assert not record.note("a", 1, 10)
    assert record.note("a", 2, 30)  # the same again, as after a lost answer
    assert record.noted("a") == 30


def test_a_chunk_without_money_leaves_nothing(record: BudgetRecord, dynamodb: Any) -> None:
    assert not record.open_chunk("a", LIMIT + 1, LIMIT, 60)
    assert [item["key"]["S"] for item in dynamodb.scan(TableName=TABLE)["Items"]] == ["budget#team#2026-11"]


def test_a_refund_counts_as_never_spent(record: BudgetRecord) -> None:
    record.open_chunk("a", 1000, LIMIT, 60)
    record.note("a", 1, 500)
    record.close_chunk("a")
    record.refund("b", 200)
    assert (committed(record), record.read().reserved) == (300, {})


def test_a_new_budget_starts_from_what_is_reported(dynamodb: Any, clock: FakeClock) -> None:
    record = BudgetRecord(dynamodb, TABLE, "team", "2026-12", clock)
    note_reported(dynamodb, TABLE, "2026-12", ReportedMonth(micros={"team": 4000, "other": 1}))
    assert record.opened()[1] == 4000
    note_reported(dynamodb, TABLE, "2026-12", ReportedMonth(micros={"team": 9000}))
    assert record.opened()[1] == 4000


def test_a_warning_is_sent_once(record: BudgetRecord) -> None:
    assert record.warn("50% of 10")
    assert not record.warn("50% of 10")
    assert record.warn("50% of 20")
    assert record.warn("80% of 10")


def test_the_chunk_of_a_dead_task_returns_after_its_lease(
    record: BudgetRecord, clock: FakeClock, ledger: Ledger
) -> None:
    record.open_chunk("dead", 5000, LIMIT, 60)
    record.note("dead", 1, 70)
    assert record.read().chunks_held(clock.now)
    assert not recover_expired(record, record.read(), ledger, clock.now)
    clock.now += 61
    assert not record.read().chunks_held(clock.now)
    assert recover_expired(record, record.read(), ledger, clock.now)
    assert committed(record) == 70
    assert not record.note("dead", 2, 90)  # it lives after all, and has to reserve anew


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        pytest.param({"state": "running", "number": 1}, 900, id="may be repeated"),
        pytest.param({"state": "running", "number": 1, "job_id": "j"}, 900, id="runs"),
        pytest.param({"state": "done", "number": 1, "job_id": "j"}, 900, id="done"),
        pytest.param({"state": "failed", "number": 1, "error_code": "x"}, 0, id="refused by AWS"),
        pytest.param({"state": "failed", "number": 1, "job_id": "j"}, 900, id="failed in AWS"),
        pytest.param({"state": "running", "number": 2}, 900, id="a later attempt"),
        pytest.param(None, 900, id="gone"),
    ],
)
def test_the_ledger_says_what_became_of_a_job(
    record: BudgetRecord,
    clock: FakeClock,
    ledger: Ledger,
    dynamodb: Any,
    entry: dict[str, Any] | None,
    left: int,
) -> None:
    if entry is not None:
        dynamodb.put_item(TableName=TABLE, Item=Entry(key="k", owner="o", **entry).to_item())
    record.reserve(job_token("k", 1), 900, LIMIT, 60)
    clock.now += 61
    ended = recover_expired(record, record.read(), ledger, clock.now)
    assert ended == (entry is None or entry["state"] != "running" or entry["number"] == 2)
    assert committed(record) == left
    assert bool(record.read().reserved) != ended
