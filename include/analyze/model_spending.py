"""What Custom Labels models cost hard budgets: the first hour is reserved before a model is started.

The reservation is settled by the time that the model ran, once the run that stops it knows it.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from include.analyze.custom_models import HOLD_SECONDS
from include.core.budgets import month_at, month_before
from include.core.features import FEATURES
from include.core.prices import load_price_book
from include.store.budget_records import model_token
from include.store.call_prices import CallPrices
from include.store.stopped_analyses import note_stopped, stopped_analyses

if TYPE_CHECKING:
    from include.store.objects import Row
    from include.store.usage_log import Session
    from include.store.workspace import Workspace

# Under this name a run notes the models that it may not start, in place of a batch.
MODELS = "models"


class ModelSpending:
    """The hard budget of the cost center that pays for one model of a run.

    :param model: from the plan: ``{arn, feature, source, cost_center}``.
    """

    def __init__(self, workspace: Workspace, model: Row) -> None:
        self._workspace = workspace
        self._model = model
        self._cost_center: str = model["cost_center"]
        budget = workspace.lake.budgets.get(self._cost_center)
        self._budget = budget if budget is not None and budget.kind == "hard" else None
        name = hashlib.sha256(model["arn"].encode()).hexdigest()[:16]
        self._token = model_token(name, workspace.run.token)

    def reserve(self) -> bool:
        """Reserve an hour of each inference unit, once, and return whether there is the money.

        If there is none, it is noted that the analyses by the model are stopped.
        """
        if self._budget is None:
            return True
        month = month_at(time.time())
        record, limit = (
            self._workspace.ledger.budget(self._cost_center, month),
            self._budget.limit_micros(month),
        )
        record.opened()
        hour = self._micros(float(self._workspace.settings.model_inference_units), month)
        reserved = record.reserve(self._token, hour, limit, HOLD_SECONDS)
        if not reserved:
            record.refuse(limit)
        self._note(stopped=not reserved)
        return reserved

    def settle(self, session: Session | None) -> None:
        """End the reservation. Once counts.

        :param session: the time of the model that this run is billed, or None.
        """
        if self._budget is not None:
            hours = session.hours if session else 0.0
            now = month_at(time.time())
            for month in (now, month_before(now)):
                record = self._workspace.ledger.budget(self._cost_center, month)
                record.settle(self._token, self._micros(hours, month))

    def _micros(self, hours: float, month: str) -> int:
        call = FEATURES[self._model["feature"]].image
        assert call is not None
        assert call.hourly_price_item is not None
        book = load_price_book(self._workspace.settings.region)
        units = self._workspace.ledger.reported_month(month).units
        return CallPrices(book, units).of_items((call.hourly_price_item,), hours)

    def _note(self, *, stopped: bool) -> None:
        s3, run, arn = self._workspace.s3, self._workspace.run, self._model["arn"]
        noted = stopped_analyses(s3, run, MODELS)
        if stopped != (arn in noted):
            others = {name: payer for name, payer in noted.items() if name != arn}
            note_stopped(s3, run, MODELS, others | ({arn: self._cost_center} if stopped else {}))
