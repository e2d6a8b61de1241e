"""How much may be paid: a limit for all plans of a day, one question for all that wait, one amount."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from include.plan.approvals import KEPT_SECONDS, Answer, Approvals, PlannedRun, Question
from include.store.ledger import Ledger

GATHER = 60.0
LIMITS = {"photos": 25.0, "footage": 25.0}
NOON = 1_700_000_000 // 86_400 * 86_400 + 43_200


@dataclass
class Clock:
    now: float = NOON

    def __call__(self) -> float:
        return self.now


class Memory:
    """A record that only this process has."""

    def __init__(self) -> None:
        self.record: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        return self.record

    def change(self, change: Any) -> dict[str, Any]:
        self.record = change(self.record)
        return self.record


@dataclass
class Lake:
    """Runs of days, by number."""

    clock: Clock = field(default_factory=Clock)
    record: Any = field(default_factory=Memory)

    @property
    def approvals(self) -> Approvals:
        return Approvals(self.record, GATHER, self.clock)

    def plan(self, day: int, usd: float = 24.15, source: str = "photos", **paid: float) -> bool:
        """Return whether the run of a day has to wait."""
        run = PlannedRun(token(day), f"2026-11-{day:02}, enrich_images", {source: usd}, {source: usd / 2})
        return self.approvals.plan(run, LIMITS, lambda: paid)

    def turn(self, day: int) -> Any:
        return self.approvals.turn(token(day))

    def usd(self, *days: int) -> list[float | None]:
        """Return what runs that were answered may pay."""
        turns = [self.turn(day) for day in days]
        return [round(turn.usd, 2) if isinstance(turn, Answer) else None for turn in turns]

    def ask(self) -> int:
        """Return the day whose run asks, once no further plan comes."""
        self.clock.now += GATHER
        (asking,) = [day for day in range(1, 31) if isinstance(self.turn(day), Question)]
        return asking


def token(day: int) -> str:
    return f"run-{day}"


@pytest.fixture
def lake() -> Lake:
    return Lake()


@pytest.fixture
def backfill(lake: Lake) -> Lake:
    """Sixteen days, each of which is below the limit; the first fits into it."""
    assert [day for day in range(1, 17) if lake.plan(day)] == list(range(2, 17))
    return lake


def test_a_backfill_is_asked_for_once_for_the_sum_of_its_days(backfill: Lake) -> None:
    assert backfill.turn(1) == "nothing"
    assert {backfill.turn(day) for day in range(2, 17)} == {"wait"}
    asking = backfill.ask()
    question = backfill.turn(asking)
    assert question.usd == pytest.approx(15 * 24.15)
    assert question.likely == pytest.approx(15 * 24.15 / 2)
    assert [title for title, _ in question.runs] == [
        f"2026-11-{day:02}, enrich_images" for day in range(2, 17)
    ]
    backfill.approvals.answer(token(asking), "approved", by="ada")
    assert backfill.usd(*range(2, 17)) == 15 * [24.15]


def test_an_amount_is_shared_in_the_order_of_the_days_and_never_passed(backfill: Lake) -> None:
    asking = backfill.ask()
    backfill.approvals.answer(token(asking), "approved", 60.0, "ada")
    assert backfill.usd(*range(2, 17)) == [24.15, 24.15, 11.70] + 12 * [0.0]
    assert [backfill.turn(day).suffices for day in (2, 4)] == [True, False]


@pytest.mark.parametrize("outcome", ["rejected", "unanswered"])
def test_without_an_approval_nothing_that_waits_may_be_paid(backfill: Lake, outcome: Any) -> None:
    asking = backfill.ask()
    answer = backfill.approvals.answer(token(asking), outcome, 100.0)
    assert isinstance(answer, Answer)
    assert answer.outcome == outcome
    assert backfill.usd(*range(2, 17)) == 15 * [0.0]
    assert backfill.turn(1) == "nothing"


def test_runs_one_after_the_other_do_not_get_below_the_limit(lake: Lake) -> None:
    """Each has ended before the next is planned."""
    assert [lake.plan(day, 10.0) for day in (1, 2, 3)] == [False, False, True]


def test_neither_does_the_other_dag(lake: Lake) -> None:
    assert not lake.plan(1, 20.0)
    videos = PlannedRun("videos", "2026-11-01, enrich_videos", {"photos": 20.0}, {"photos": 20.0})
    assert lake.approvals.plan(videos, LIMITS)


def test_each_day_of_the_calendar_and_each_source_has_its_limit(lake: Lake) -> None:
    assert [lake.plan(1), lake.plan(2, source="footage"), lake.plan(3)] == [False, False, True]
    lake.clock.now += 86_400
    assert not lake.plan(4)


def test_a_plan_that_comes_later_is_waited_for_but_not_for_ever(lake: Lake) -> None:
    lake.plan(1, 30.0)
    for day in range(2, 14):
        lake.clock.now += GATHER - 1
        asked = isinstance(lake.turn(1), Question)
        assert asked == (day > 11)
        lake.plan(day, 30.0)


def test_a_plan_that_comes_after_the_question_is_asked_for_with_the_next(lake: Lake) -> None:
    lake.plan(1, 30.0)
    asking = lake.ask()
    lake.plan(2, 40.0)
    lake.approvals.answer(token(asking), "approved", by="ada")
    assert lake.usd(1, 2) == [30.0, None]
    assert lake.turn(lake.ask()).usd == 40.0


def test_what_is_left_of_an_amount_is_for_later_plans_of_the_source_for_a_week(lake: Lake) -> None:
    lake.plan(1, 30.0)
    lake.approvals.answer(token(lake.ask()), "approved", 100.0, "ada")
    assert not lake.plan(2, 40.0)
    assert lake.usd(2) == [40.0]
    assert lake.plan(3, 40.0)  # 30 are left
    assert lake.plan(4, 30.0, source="footage")
    lake.clock.now += KEPT_SECONDS
    assert lake.plan(5, 30.0)


def test_plans_of_different_sources_are_different_questions(lake: Lake) -> None:
    lake.plan(1, 30.0)
    lake.plan(2, 30.0, source="footage")
    lake.clock.now += GATHER
    assert [lake.turn(day).sources for day in (1, 2)] == [("photos",), ("footage",)]


def test_a_plan_made_again_counts_once_and_with_what_its_run_has_paid(lake: Lake) -> None:
    assert not lake.plan(1, 20.0)
    assert not lake.plan(1, 20.0)
    assert not lake.plan(1, 15.0, photos=5.0)  # five were paid, and fifteen are left
    assert lake.plan(1, 21.0, photos=5.0)


def test_a_run_that_was_approved_and_plans_again_is_asked_only_for_more(lake: Lake) -> None:
    lake.plan(1, 30.0)
    lake.approvals.answer(token(lake.ask()), "approved", by="ada")
    assert not lake.plan(1, 26.0, photos=4.0)
    assert lake.usd(1) == [26.0]
    assert lake.plan(1, 27.0, photos=4.0)


def test_a_run_whose_plan_has_nothing_left_to_pay_is_not_asked_for(lake: Lake) -> None:
    lake.plan(1, 30.0)
    lake.approvals.plan(PlannedRun(token(1), "", {}, {}), LIMITS)
    assert lake.turn(1) == "nothing"


def test_who_was_refused_may_ask_again_but_not_who_got_a_part(lake: Lake) -> None:
    lake.plan(1, 30.0)
    lake.plan(2, 30.0)
    lake.approvals.answer(token(lake.ask()), "approved", 10.0, "ada")
    for day in (1, 2):
        lake.approvals.wait_again(token(day))
    assert lake.usd(1, 2) == [10.0, None]
    assert lake.ask() == 2


def test_if_the_run_that_asks_is_gone_another_one_asks(lake: Lake) -> None:
    lake.plan(1, 30.0)
    lake.plan(2, 30.0)
    first = lake.ask()
    other = 3 - first
    assert lake.turn(other) == "wait"
    assert lake.approvals.is_waiting(token(other))
    lake.plan(first, 30.0)  # its plan was cleared
    lake.approvals.plan(PlannedRun(token(first), "", {}, {}), LIMITS)
    assert not lake.approvals.is_waiting(token(other))
    assert lake.ask() == other


def test_many_tasks_at_once_never_pass_the_limit_and_ask_once(ledger: Ledger) -> None:
    lake = Lake(record=ledger.shared("approvals"))
    days = random.sample(range(1, 9), 8)
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda day: lake.plan(day, 12.0), days))
        assert waits.count(False) == 2
        lake.clock.now += GATHER
        turns = list(pool.map(lake.turn, range(1, 9)))
    assert sum(isinstance(turn, Question) for turn in turns) == 1
    assert (turns.count("wait"), turns.count("nothing")) == (5, 2)
