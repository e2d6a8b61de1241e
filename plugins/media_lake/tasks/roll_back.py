"""The task that goes back to an earlier version of a day."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import get_current_context, task

from media_lake.forms.rollback_form import chosen_rollback

log = logging.getLogger(__name__)


@task(multiple_outputs=False)
def roll_back() -> dict[str, Any]:
    """Give readers of the day the version that the form asks for.

    Returns the tables that moved, with their locations.
    """
    from include.publish.earlier_versions import roll_back
    from media_lake.task_context import task_workspace

    context = get_current_context()
    workspace = task_workspace(context["params"]["day"])
    decided_by = getattr(context["dag_run"], "triggering_user_name", None) or "somebody in Airflow"
    moved = roll_back(workspace, decided_by, **chosen_rollback())
    for each in moved:
        log.info("%s reads version %s of run %s", each.media_type or "costs", each.version, each.run_id)
    if not moved:
        log.info("readers have this already")
    return {name: location for each in moved for name, location in each.locations.items()}
