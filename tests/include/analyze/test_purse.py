from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from include.analyze.purse import CHUNK_CALLS, Purse
from include.core.budgets import Budget
from include.store.ledger import Ledger
from tests.clocks import FakeClock

PRICE = 1000
LEASE = 60


class Purses:
    """Purses of tasks that share a budget."""

    def __init__(self, dynamodb: Any) -> None:
        self.clock = FakeClock(datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp())
        self.ledger = Ledger(dynamodb, "media-lake-ledger", self.clock)
        self.record = partial(self.ledger.budget, "team")
        self.stop = threading.Event()

    def purse(self, usd: float) -> Purse:
        budget = Budget(usd=usd, kind="hard")
        return Purse("team", budget, self.ledger, LEASE, self.stop, self.clock)

    def committed(self, month: str = "2026-11") -> int | None:
        return self.record(month).read().committed


@pytest.fixture
def purses(dynamodb: Any) -> Purses:
    return Purses(dynamodb)


def test_the_last_dollar_is_spent_and_no_more(purses: Purses) -> None:
    purse = purses.purse(0.02)
    taken = [purse.take(PRICE) for _ in range(21)]
    assert [payment is None for payment in taken] == [False] * 20 + [True]
    assert purse.is_out_of(PRICE)
    assert purses.committed() == 20_000


def test_a_cheaper_call_may_still_be_paid_for(purses: Purses) -> None:
    purse = purses.purse(0.0015)
    assert purse.take(PRICE)
    assert purse.take(PRICE) is None
    assert not purse.is_out_of(500)
    assert purse.take(500)


def test_what_is_not_needed_returns(purses: Purses) -> None:
    purse = purses.purse(10)
    purse.take(PRICE)
    assert purses.committed() == CHUNK_CALLS * PRICE
    purse.close()
    assert (purses.committed(), purses.record("2026-11").read().reserved) == (PRICE, {})


@pytest.mark.parametrize("closed", [False, True], ids=["chunk open", "chunk closed"])
def test_a_call_that_was_not_billed_costs_nothing(purses: Purses, closed: bool) -> None:
    purse = purses.purse(10)
    first, second = purse.take(PRICE), purse.take(PRICE)
    assert first
    assert second
    if closed:
        purse.close()
    second.take_back()
    purse.close()
    assert purses.committed() == PRICE


def test_threads_share_the_money(purses: Purses) -> None:
    purse = purses.purse(0.03)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: purse.take(PRICE), range(40)))
    purse.close()
    assert sum(payment is not None for payment in taken) == 30
    assert purses.committed() == 30_000


def test_a_month_has_its_own_money(purses: Purses) -> None:
    purse = purses.purse(0.001)
    assert purse.take(PRICE)
    assert purse.take(PRICE) is None
    purses.clock.now += 86_400
    assert purse.take(PRICE)
    assert (purses.committed(), purses.committed("2026-12")) == (PRICE, PRICE)


def test_a_chunk_is_not_used_after_its_month(purses: Purses) -> None:
    purse = purses.purse(10)
    purses.clock.now = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC).timestamp()
    purse.take(PRICE)
    purses.clock.now += 2
    purse.take(PRICE)
    purse.close()
    assert (purses.committed(), purses.committed("2026-12")) == (PRICE, PRICE)


def test_a_task_taken_for_dead_reserves_anew(purses: Purses) -> None:
    purse = purses.purse(10)
    purse.take(PRICE)
    (token,) = purses.record("2026-11").read().reserved
    purses.record("2026-11").close_chunk(token)
    assert purse.take(PRICE)
    purse.close()
    assert purses.committed() == 2 * PRICE


def test_a_task_waits_for_what_another_may_return(purses: Purses, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = purses.purse(0.1), purses.purse(0.1)
    purses.record("2026-11").opened()
    purses.record("2026-11").open_chunk("other", 100_000, 100_000, LEASE)
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        purses.record("2026-11").close_chunk("other")
        return False

    monkeypatch.setattr(purses.stop, "wait", wait)
    assert one.take(PRICE)
    assert len(waits) == 1
    one.close()
    assert other.take(PRICE)


def test_after_the_stop_nothing_is_paid_for(purses: Purses) -> None:
    purse = purses.purse(10)
    purses.stop.set()
    assert purse.take(PRICE) is None
    assert not purse.is_out_of(PRICE)


def test_what_costs_nothing_needs_no_money(purses: Purses) -> None:
    assert purses.purse(0).take(0)
    assert purses.committed() is None
