"""What one task spends under hard budgets; cost centers without one spend freely."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from include.analyze.model_spending import MODELS, model_of_team
from include.analyze.purse import Payment, Purse
from include.core.budgets import hard_budgets
from include.store.call_prices import MonthPrices
from include.store.stopped_analyses import stopped_analyses

if TYPE_CHECKING:
    from include.analyze.image_lanes import ImageWork
    from include.store.workspace import Workspace

Work = TypeVar("Work", bound="ImageWork")


class Spending:
    """The purses of one batch of images, one for each cost center with a hard budget.

    :param stop: once set, nothing more is paid for.
    """

    def __init__(self, workspace: Workspace, stop: threading.Event) -> None:
        self._workspace = workspace
        self._prices = MonthPrices(workspace)
        self._purses = {
            name: Purse(name, budget, workspace.ledger, workspace.settings.lease_seconds, stop)
            for name, budget in hard_budgets(workspace.lake.budgets).items()
        }

    def take(self, work: ImageWork) -> Payment | None:
        """Take the money for a call and note it as spent; return None if the budget is reached."""
        purse = self._purses.get(work.payer["cost_center"])
        return Payment() if purse is None else purse.take(self._price(work, purse.month))

    def is_out_of(self, work: ImageWork) -> bool:
        """Whether there was no money for such a call before, or for the model that it needs."""
        cost_center = work.payer["cost_center"]
        purse = self._purses.get(cost_center)
        if purse is None:
            return False
        if work.call.model_parameter:
            arn = work.parameters[work.call.model_parameter]
            if model_of_team(arn, cost_center) in self._stopped_models:
                return True
        return purse.is_out_of(self._price(work, purse.month))

    def payable_by_others(self, stopped: list[Work], existing: list[Work]) -> list[Work]:
        """Return what a budget stopped and another cost center, which needs the same, has money for.

        Who was stopped moves to the existing: it reuses what the other pays for.
        """
        keys = {item.key for item in stopped}
        others = {item.key: item for item in existing if item.key in keys and not self.is_out_of(item)}
        existing += [item for item in stopped if item.key in others]
        stopped[:] = [item for item in stopped if item.key not in others]
        return list(others.values())

    def close(self) -> None:
        """Return what was not needed."""
        for purse in self._purses.values():
            purse.close()

    @cached_property
    def _stopped_models(self) -> Mapping[str, str]:
        return stopped_analyses(self._workspace.s3, self._workspace.run, MODELS)

    def _price(self, work: ImageWork, month: str) -> int:
        return self._prices.of(month).micros(work.call, work.parameters, 1.0)
