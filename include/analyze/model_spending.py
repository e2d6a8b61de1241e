"""What Custom Labels models cost hard budgets: their first hour is reserved before they are started.

Teams share the hour of a model by the images of their plans, as they share its bill. The reservations are
settled by the time that the model ran, once the run that stops it knows it.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from include.analyze.custom_models import HOLD_SECONDS
from include.core.budgets import hard_budgets, month_at, month_before
from include.core.features import FEATURES
from include.core.run import Run
from include.store.budget_records import model_token
from include.store.call_prices import MonthPrices
from include.store.model_time import model_payer
from include.store.stopped_analyses import note_stopped, stopped_analyses

if TYPE_CHECKING:
    from include.store.model_time import Session
    from include.store.objects import Row
    from include.store.workspace import Workspace

# Under this name a run notes the models that teams have no money for, in place of a batch.
MODELS = "models"


def model_of_team(arn: str, cost_center: str) -> str:
    """Return the name under which it is noted that a team has no money for a model."""
    return f"{arn} {cost_center}"


class ModelSpending:
    """The hard budgets of the teams that use one model.

    :param model: from the plan: ``{arn, feature, teams: [{source, cost_center, images}]}``.
    """

    def __init__(self, workspace: Workspace, model: Row) -> None:
        self._workspace = workspace
        self._model = model
        self._budgets = hard_budgets(workspace.lake.budgets)
        self._prices = MonthPrices(workspace)
        self._teams: list[Row] = model_payer(workspace.run, model)["teams"]

    def reserve(self) -> list[Row]:
        """Reserve an hour of each inference unit, once, and return the teams that have the money.

        It is noted that the analyses of the others are stopped.
        """
        teams, refused = self._teams, set[str]()
        if not any(team["cost_center"] in self._budgets for team in teams):
            return teams
        while poor := self._reserve_of(teams):
            for cost_center in _shares([{"teams": teams}]):
                self._settle(cost_center, self._workspace.run, 0.0)
            refused |= poor
            teams = [team for team in teams if team["cost_center"] not in refused]
        self._note(refused)
        return teams

    def settle(self, session: Session) -> None:
        """End the reservations of all runs that used the model in a time. Once counts."""
        own = model_payer(self._workspace.run, self._model)
        payers = list(session.payers.values()) or [own]
        hours = sum(hours for _, hours in session.hours_by_day())
        images = sum(_shares(payers).values())
        for payer in payers:
            run = Run(self._workspace.run.bucket, payer["dag_id"], payer["run_id"], payer["partition"])
            for cost_center, of_team in _shares([payer]).items():
                self._settle(cost_center, run, hours * of_team / images)

    def _reserve_of(self, teams: list[Row]) -> set[str]:
        """Reserve an hour that teams share; return the cost centers that have no money for their part."""
        shares = _shares([{"teams": teams}])
        units = float(self._workspace.settings.model_inference_units)
        return {
            cost_center
            for cost_center, images in shares.items()
            if not self._has_money(cost_center, units * images / shares.total())
        }

    def _has_money(self, cost_center: str, hours: float) -> bool:
        if (budget := self._budgets.get(cost_center)) is None:
            return True
        month = month_at(time.time())
        record, limit = self._workspace.ledger.budget(cost_center, month), budget.limit_micros(month)
        record.opened()
        token = self._token(self._workspace.run)
        if record.reserve(token, self._micros(hours, month), limit, HOLD_SECONDS):
            return True
        record.refuse(limit)
        return False

    def _settle(self, cost_center: str, run: Run, hours: float) -> None:
        if cost_center in self._budgets:
            now = month_at(time.time())
            for month in (now, month_before(now)):
                record = self._workspace.ledger.budget(cost_center, month)
                record.settle(self._token(run), self._micros(hours, month))

    def _token(self, run: Run) -> str:
        name = hashlib.sha256(self._model["arn"].encode()).hexdigest()[:16]
        return model_token(name, run.token)

    def _micros(self, hours: float, month: str) -> int:
        call = FEATURES[self._model["feature"]].image
        assert call is not None
        assert call.hourly_price_item is not None
        return self._prices.of(month).of_items((call.hourly_price_item,), hours)

    def _note(self, refused: Iterable[str]) -> None:
        s3, run, arn = self._workspace.s3, self._workspace.run, self._model["arn"]
        noted = stopped_analyses(s3, run, MODELS)
        others = {name: payer for name, payer in noted.items() if not name.startswith(f"{arn} ")}
        now = others | {model_of_team(arn, cost_center): cost_center for cost_center in refused}
        if now != noted:
            note_stopped(s3, run, MODELS, now)


def _shares(payers: Iterable[Row]) -> Counter[str]:
    """Return the images of each cost center."""
    images: Counter[str] = Counter()
    for payer in payers:
        for team in payer["teams"]:
            images[team["cost_center"]] += team["images"]
    return images
