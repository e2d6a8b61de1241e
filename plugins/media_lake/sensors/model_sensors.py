"""Sensors that start and stop Custom Labels models around the analysis of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator, Context

from media_lake.task_models import task_models

if TYPE_CHECKING:
    from include.analyze.custom_models import CustomModels
    from include.store.model_time import Session
    from include.store.workspace import Workspace


# AWS takes up to half an hour to start a model.
START_SECONDS = 2 * 3600.0

POLL_SECONDS = 10.0


class ModelsSensor(BaseSensorOperator):
    """
    Base of the sensors that bring models into a state; between two looks no worker is held.

    :param models: Models of the plan: ``[{arn, feature, teams}, ...]``. (templated)
    """

    template_fields: Sequence[str] = ("models",)

    def __init__(self, *, models: list[dict[str, Any]], **kwargs: Any) -> None:
        defaults: dict[str, Any] = {
            "mode": "reschedule",
            "poke_interval": POLL_SECONDS,
            "timeout": START_SECONDS,
        }
        super().__init__(**(defaults | kwargs))
        self.models = models

    def poke(self, context: Context) -> bool:
        if not self.models:
            return True
        models, workspace = task_models()
        return all([self.settle(models, workspace, model) for model in self.models])

    def settle(self, models: CustomModels, workspace: Workspace, model: dict[str, Any]) -> bool:
        """Bring one model nearer to its state and return whether it is there."""
        raise NotImplementedError


class StartModelsSensor(ModelsSensor):
    """
    Start models and wait until they can be called.

    A model that cannot be started is left out with an error in the log: its analyses fail, or are stopped if
    its hard budget is reached, and say why in table ``analyses``; those of the other features go on.
    """

    def settle(self, models: CustomModels, workspace: Workspace, model: dict[str, Any]) -> bool:
        from include.analyze.custom_models import ModelError
        from include.analyze.model_spending import ModelSpending
        from include.store.model_time import model_payer

        payer = model_payer(workspace.run, model)
        teams = ModelSpending(workspace, model).reserve()
        if len(teams) < len(payer["teams"]):
            # Those that have no money for the model pay nothing for it either.
            models.reserve(model["arn"], workspace.run.token, payer | {"teams": teams})
            missing = len(payer["teams"]) - len(teams)
            self.log.error("%d teams have no money left for %s", missing, model["arn"])
        if not teams:
            return True
        try:
            return models.start(model["arn"], workspace.settings.model_inference_units)
        except ModelError as error:
            self.log.error("%s", error)
            return True


class StopModelsSensor(ModelsSensor):
    """Stop models that no other run uses, and record for how long they ran."""

    def settle(self, models: CustomModels, workspace: Workspace, model: dict[str, Any]) -> bool:
        from include.analyze.custom_models import ModelError
        from include.analyze.model_spending import ModelSpending
        from include.store.model_time import log_model_hours

        def bill(session: Session) -> None:
            log_model_hours(workspace.s3, workspace.run, model, session)
            ModelSpending(workspace, model).settle(session)

        try:
            return models.stop(model["arn"], workspace.run.token, bill)
        except ModelError as error:
            self.log.error("%s", error)
            return True
