"""The Custom Labels models of the running task's account."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.analyze.custom_models import CustomModels
    from include.store.workspace import Workspace
    from rekognition.hooks import RekognitionHook


def task_models() -> tuple[CustomModels, Workspace]:
    """Return the models of the task's account, and what the task works with."""
    from include.analyze.custom_models import CustomModels
    from media_lake.aws_clients import rekognition_hook
    from media_lake.task_context import task_workspace

    workspace = task_workspace()
    hook = rekognition_hook(workspace)
    dynamodb = workspace.aws.client("dynamodb")
    models = CustomModels(hook.conn, partial(model_status, hook), dynamodb, workspace.settings.ledger_table)
    return models, workspace


def model_status(hook: RekognitionHook, arn: str) -> str:
    """Return the state of a model, as AWS names it.

    :raises include.analyze.custom_models.ModelError: if the model does not exist.
    """
    from airflow.providers.common.compat.sdk import AirflowException

    from include.analyze.custom_models import ModelError

    try:
        return hook.get_project_version_status(arn, hook.get_project_arn(arn)).state
    except (AirflowException, ValueError) as error:
        raise ModelError(f"{error}; name another model in lake.yaml") from error
