"""Reprocessing: tables of days are derived anew from archived responses. No task here, nor in its Dags, can pay."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from include.core.features import MediaType
from media_lake.assets import REPROCESSING
from media_lake.forms.day_form import chosen_days
from media_lake.tasks.plan import plan_day
from media_lake.tasks.start_runs import start_runs

log = logging.getLogger(__name__)


@task
def plan_reprocessing(media_type: MediaType) -> list[dict[str, Any]]:
    """Cut the day into batches in which nothing is to be paid for.

    Returns the batches' claim checks, to be mapped over, and leaves the plan's figures as XCom ``summary``.
    """
    from media_lake.task_context import task_workspace

    batches, _ = plan_day(task_workspace(), media_type, dict, selections=[])
    return batches


@task
def select_days() -> list[str]:
    """Return the days that the form asks for, as far as they were discovered."""
    from include.core.selection import SelectionError
    from include.operate.failed_analyses import MOST_DAYS
    from include.store.manifest import discovered_days
    from media_lake.task_context import task_deployment

    context, chosen = task_deployment(), chosen_days()
    days = [day for day in discovered_days(context.s3, context.settings.bucket) if day in chosen]
    if len(days) > MOST_DAYS:
        raise SelectionError(
            f"{len(days)} days are selected; at most {MOST_DAYS} go into one request: choose fewer"
        )
    log.info("%d days%s", len(days), f", {days[0]} to {days[-1]}" if days else "")
    return days


@task
def start_reprocessing(media_type: MediaType, days: list[str]) -> int:
    """Start the runs that derive the tables of the days anew, one for each day."""
    wanted = get_current_context()["params"]["media_type"]
    if wanted and wanted != media_type:
        raise AirflowSkipException(f"only {wanted}s are asked for")
    return start_runs(REPROCESSING[media_type], days)
