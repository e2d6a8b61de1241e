"""Who may pay how much: what goes within a source's limit, what waits for a person, and what was approved.

One record of the ledger's table has it for all runs, and every change of it is atomic.

- A source may plan up to its ``approval_limit_usd`` on a day (UTC) without a person, in however many runs:
  the upper bounds of all plans made on that day count. So a backfill is judged as a whole, and neither many
  days, nor runs one after the other, nor another Dag get below the limit.
- A plan that does not fit waits. Plans that wait for the same sources are gathered, and one of their runs
  asks for all of them.
- The answer is an amount: their sum, or what the person says. The runs take from it in the order of their
  days. A plan that gets less is cut; one that gets nothing does not pay. What is left of the amount is for
  later plans of the same sources, for a week.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from include.core.deadlines import answer_time
from include.store.shared_record import Record, SharedRecord

KEY = "approvals"

# For how long an approved amount may be used.
KEPT_SECONDS = 7 * 86_400
# Sums of dollars are not exact to the last bit.
_ROUNDING = 1e-9
# Plans that keep coming are not waited for longer than so many times the time of gathering.
_GATHER_TIMES = 10

Outcome = Literal["approved", "rejected", "unanswered"]


@dataclass(frozen=True)
class PlannedRun:
    """What a run plans to pay.

    :param token: of the run.
    :param title: for people, in the order in which they are paid: ``2026-11-20, enrich_images``.
    :param high: upper bound by source, in dollars.
    :param likely: likewise.
    """

    token: str
    title: str
    high: Mapping[str, float]
    likely: Mapping[str, float]


@dataclass
class Waiting:
    """A plan that waits for a person.

    :ivar high: upper bound by source, of those sources whose limit it does not fit into.
    :ivar since: in seconds since the epoch.
    """

    title: str
    high: dict[str, float]
    likely: dict[str, float]
    since: float

    @property
    def usd(self) -> float:
        return sum(self.high.values())

    @property
    def group(self) -> str:
        """Plans of one group are asked for together."""
        return "+".join(sorted(self.high))


@dataclass
class Answer:
    """What became of a plan that had to wait.

    :ivar plan: as it waited.
    :ivar usd: what it may pay.
    :ivar by: who answered; empty if nobody did.
    """

    plan: Waiting
    outcome: Outcome
    usd: float
    by: str
    at: float

    @property
    def suffices(self) -> bool:
        return self.usd >= self.plan.usd - _ROUNDING


class Question(NamedTuple):
    """What a person is asked.

    :param runs: titles of the runs that wait, with the upper bounds of their plans.
    """

    sources: tuple[str, ...]
    runs: tuple[tuple[str, float], ...]
    usd: float
    likely: float


Turn = Answer | Question | Literal["wait", "nothing"]


@dataclass
class State:
    """The record.

    :ivar day: the day (UTC) that ``within`` is about.
    :ivar within: source to run to what it may pay within the limit.
    :ivar waiting: run to its plan.
    :ivar asks: group to ``{by, at, runs, usd}``: the run that asks, since when, for whom, how much.
    :ivar answers: run to its answer.
    :ivar left: group to ``{usd, by, until}``: what is left of an approved amount.
    """

    day: str = ""
    within: dict[str, dict[str, float]] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    asks: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    left: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Record, now: float) -> State:
        """Read a record, without what is over."""
        waiting = {token: Waiting(**each) for token, each in record.get("waiting", {}).items()}
        answers = {
            token: Answer(**each | {"plan": Waiting(**each["plan"])})
            for token, each in record.get("answers", {}).items()
        }
        state = cls(**{**record, "waiting": waiting, "answers": answers})
        today = datetime.fromtimestamp(now, UTC).date().isoformat()
        if state.day != today:
            state.day, state.within = today, {}
        # Who asked, or waits, for longer is gone: its run was deleted.
        gone = now - answer_time().total_seconds() - 3600
        state.waiting = {token: each for token, each in state.waiting.items() if each.since > gone}
        state.answers = {token: each for token, each in state.answers.items() if each.at > gone}
        state.asks = {
            group: each
            for group, each in state.asks.items()
            if each["at"] > gone and each["by"] in state.waiting
        }
        state.left = {group: each for group, each in state.left.items() if each["until"] > now}
        return state

    def plan(
        self, run: PlannedRun, limits: Mapping[str, float], paid: Mapping[str, float], now: float
    ) -> None:
        """Note a plan, in place of an earlier one of the run.

        :param paid: what the run has paid for each source already.
        """
        earlier, high = self.forget(run.token), {}
        for source, usd in run.high.items():
            runs = self.within.setdefault(source, {})
            before = 0.0 if earlier else paid.get(source, 0.0)
            if sum(runs.values()) + before + usd <= limits[source] + _ROUNDING:
                runs[run.token] = before + usd
            else:
                high[source] = usd
                if before:
                    runs[run.token] = before
        if not high:
            return
        likely = {source: run.likely[source] for source in high}
        self.waiting[run.token] = Waiting(run.title, high, likely, now)
        if earlier and earlier.outcome == "approved":
            rest = earlier.usd - sum(paid.values())
            self._grant_from(run.token, {"usd": rest, "by": earlier.by}, now)
        if (group := _group(high)) in self.left:
            self._grant_from(run.token, self.left[group], now)

    def forget(self, token: str) -> Answer | None:
        """Take a run out, and return the answer that it had."""
        for runs in self.within.values():
            runs.pop(token, None)
        self.waiting.pop(token, None)
        return self.answers.pop(token, None)

    def turn(self, token: str, gather_seconds: float, now: float) -> Turn:
        """Return what a run has to do; if it is to ask, it is noted that it does.

        Nothing is known of a run that does not wait, or that waited for longer than people have to answer.
        """
        if token in self.answers:
            return self.answers[token]
        if token not in self.waiting:
            return "nothing"
        group = self.waiting[token].group
        runs = {other: plan for other, plan in self.waiting.items() if plan.group == group}
        ask = self.asks.get(group)
        if ask is not None and ask["by"] != token:
            return "wait"
        since = [plan.since for plan in runs.values()]
        until = min(max(since) + gather_seconds, min(since) + _GATHER_TIMES * gather_seconds)
        if ask is None and now < until:
            return "wait"
        usd = sum(plan.usd for plan in runs.values())
        self.asks[group] = {"by": token, "at": now, "runs": list(runs), "usd": usd}
        return Question(
            tuple(sorted(self.waiting[token].high)),
            tuple(sorted((plan.title, plan.usd) for plan in runs.values())),
            usd,
            sum(sum(plan.likely.values()) for plan in runs.values()),
        )

    def answer(self, token: str, outcome: Outcome, amount: float | None, by: str, now: float) -> None:
        """Share an answer among the runs for which it was asked.

        :param token: of the run that asked.
        :param amount: dollars that were approved; None for the sum that was asked for.
        """
        if token not in self.waiting:
            return
        group = self.waiting[token].group
        ask = self.asks.pop(group, None) or {"runs": [token], "usd": self.waiting[token].usd}
        money = 0.0 if outcome != "approved" else ask["usd"] if amount is None else amount
        runs = [run for run in ask["runs"] if run in self.waiting]
        for run in sorted(runs, key=lambda run: self.waiting[run].title):
            plan = self.waiting.pop(run)
            share = min(plan.usd, money)
            money -= share
            self.answers[run] = Answer(plan, outcome, share, by, now)
        if money > _ROUNDING:
            left = {"usd": money, "by": by, "until": now + KEPT_SECONDS}
            self.left[group] = left
            for run in [run for run, plan in self.waiting.items() if plan.group == group]:
                self._grant_from(run, left, now)

    def _grant_from(self, token: str, left: dict[str, Any], now: float) -> None:
        """Let a plan that waits take from an approved amount, if there is enough of it."""
        plan = self.waiting.get(token)
        if plan is not None and plan.usd <= left["usd"] + _ROUNDING:
            left["usd"] -= plan.usd
            del self.waiting[token]
            self.answers[token] = Answer(plan, "approved", plan.usd, left["by"], now)

    def wait_again(self, token: str, now: float) -> None:
        """Let a run ask again that may not pay at all."""
        answer = self.answers.get(token)
        if answer is not None and not answer.usd:
            del self.answers[token]
            self.waiting[token] = Waiting(answer.plan.title, answer.plan.high, answer.plan.likely, now)


def _group(sources: Mapping[str, float]) -> str:
    return "+".join(sorted(sources))


class Approvals:
    """The record, as a run sees and changes it. Every method may be repeated.

    :param record: shared by all runs.
    :param gather_seconds: a person is asked when no further plan has come for so long.
    :param clock: seconds since the epoch.
    """

    def __init__(
        self, record: SharedRecord, gather_seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._record = record
        self._gather_seconds = gather_seconds
        self._clock = clock

    def plan(
        self,
        run: PlannedRun,
        limits: Mapping[str, float],
        paid_before: Callable[[], Mapping[str, float]] = dict,
    ) -> bool:
        """Note a run's plan, and return whether it has to wait for a person.

        :param limits: dollars by source.
        :param paid_before: returns what the run has paid already, by source; asked if it planned before.
        """
        known = self._knows(run.token)
        if not known and not run.high:
            return False
        paid = paid_before() if known else {}
        state = self._change(lambda state, now: state.plan(run, limits, paid, now))
        return run.token in state.waiting

    def turn(self, token: str) -> Turn:
        """Return what a run that waits has to do now: ask, wait, or go on as it was answered.

        :return: "nothing" if nothing is known of it: it must not pay then.
        """
        found: list[Turn] = []
        self._change(lambda state, now: found.append(state.turn(token, self._gather_seconds, now)))
        return found[-1]

    def is_waiting(self, token: str) -> bool:
        """Whether a run still has nothing to do but wait. Changes nothing."""
        now = self._clock()
        return State.of(self._record.read(), now).turn(token, self._gather_seconds, now) == "wait"

    def answer(self, token: str, outcome: Outcome, amount: float | None = None, by: str = "") -> Turn:
        """Record the answer to the question of a run, and return what it means for this run."""
        state = self._change(lambda state, now: state.answer(token, outcome, amount, by, now))
        return state.answers.get(token, "nothing")

    def wait_again(self, token: str) -> None:
        """Let a run ask again if it may not pay at all."""
        self._change(lambda state, now: state.wait_again(token, now))

    def _knows(self, token: str) -> bool:
        state = State.of(self._record.read(), self._clock())
        waits = token in state.waiting or token in state.answers
        return waits or any(token in runs for runs in state.within.values())

    def _change(self, change: Callable[[State, float], None]) -> State:
        now = self._clock()
        state = State()

        def changed(record: Record) -> Record:
            nonlocal state
            state = State.of(record, now)
            change(state, now)
            return asdict(state)

        self._record.change(changed)
        return state
