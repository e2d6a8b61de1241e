"""What video jobs cost hard budgets: each attempt's price is reserved before it is started.

The reservation is kept until the job has ended, and then settled by the duration that is billed. It belongs
to the month in which the attempt was claimed.
"""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING

from include.core.budgets import hard_budgets, month_at
from include.store.budget_records import job_token
from include.store.budget_recovery import recover_expired
from include.store.call_prices import MonthPrices

if TYPE_CHECKING:
    from include.analyze.video_work import JobWork
    from include.store.ledger import Entry
    from include.store.workspace import Workspace


class JobSpending:
    """The hard budgets of one batch of video jobs."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._budgets = hard_budgets(workspace.lake.budgets)
        self._prices = MonthPrices(workspace)
        self._refused: dict[tuple[str, str], int] = {}

    def reserve(self, work: JobWork, claim: Entry) -> bool:
        """Reserve the price of an attempt, and return whether there is the money.

        An attempt that is repeated is reserved once.
        """
        cost_center, month = _payer(work, claim), _month(claim)
        budget = self._budgets.get(cost_center)
        if budget is None:
            return True
        micros, limit = self._most(work, month), budget.limit_micros(month)
        ledger = self._workspace.ledger
        record, token = ledger.budget(cost_center, month), job_token(claim.key, claim.number)
        standing, committed = record.opened()
        if committed + micros > limit:
            recover_expired(record, standing, ledger, time.time())
        reserved = record.reserve(token, micros, limit, self._workspace.settings.lease_seconds)
        if not reserved:
            self._refused[cost_center, month] = micros
            record.refuse(limit)
        return reserved

    def is_out_of(self, work: JobWork) -> bool:
        """Whether there was no money before for a job that costs as much, or less."""
        month = month_at(time.time())
        refused = self._refused.get((work.payer["cost_center"], month))
        return refused is not None and self._most(work, month) >= refused

    def settle(self, work: JobWork, entry: Entry, minutes: float | None) -> None:
        """End the reservation of an attempt.

        :param minutes: that AWS bills; None for all that is reserved.
        """
        cost_center, month = _payer(work, entry), _month(entry)
        if cost_center in self._budgets:
            spent = None if minutes is None else self._price(work, month, minutes)
            record = self._workspace.ledger.budget(cost_center, month)
            record.settle(job_token(entry.key, entry.number), spent)

    def _most(self, work: JobWork, month: str) -> int:
        """Return the price of a job by whole minutes, as its header may say a little less than is billed."""
        return self._price(work, month, max(1, math.ceil((work.asset["duration_ms"] or 0) / 60_000)))

    def _price(self, work: JobWork, month: str, minutes: float) -> int:
        return self._prices.of(month).micros(work.job, work.parameters, minutes)


def _payer(work: JobWork, entry: Entry) -> str:
    """Return the cost center that pays: of an attempt that another run began, that run's."""
    payer = json.loads(entry.payer) if entry.payer else work.payer
    return str(payer["cost_center"])


def _month(entry: Entry) -> str:
    return month_at(entry.claimed_at / 1000)
