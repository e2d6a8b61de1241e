"""Reprocessing: tables of days are derived anew from archived responses. No task of it can pay."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from include.core.features import MediaType
from media_lake.assets import FINDINGS, REPROCESSING
from media_lake.forms.day_form import chosen_days
from media_lake.operators.approval import review_checks
from media_lake.tasks.normalize import normalize_batch
from media_lake.tasks.publish import publish
from media_lake.tasks.start_runs import start_runs
from media_lake.tasks.validate import validate

log = logging.getLogger(__name__)


@task
def plan_reprocessing(media_type: MediaType) -> list[dict[str, Any]]:
    """Cut the day into batches in which nothing is to be paid for.

    Returns the batches' claim checks, to be mapped over, and leaves the plan's figures as XCom ``summary``.
    """
    from include.core.prices import load_price_book
    from include.plan.planner import plan
    from media_lake.task_context import task_workspace

    workspace = task_workspace()
    book = load_price_book(workspace.settings.region)
    batches, summary = plan(workspace, media_type, book, month_to_date=dict, selections=[])
    get_current_context()["ti"].xcom_push(key="summary", value=summary)
    return batches


def reprocess_day(media_type: MediaType) -> None:
    """Wire the tasks of the Dag that derives a day's tables of a media type anew."""
    planned = plan_reprocessing.override(task_id="plan")(media_type)
    normalize = normalize_batch.override(task_id="normalize").partial(media_type=media_type)
    normalized = normalize.expand(batch=planned)
    validated = validate(media_type, planned["summary"])  # type: ignore[index]
    published = publish.override(outlets=[FINDINGS[media_type]])(media_type)
    normalized >> validated >> review_checks(media_type) >> published


@task
def select_days() -> list[str]:
    """Return the days that the form asks for and that were discovered."""
    from include.core.selection import SelectionError
    from include.operate.failed_analyses import MOST_DAYS
    from include.store.manifest import discovered_days
    from media_lake.task_context import task_deployment

    deployment, chosen = task_deployment(), chosen_days()
    discovered = discovered_days(deployment.s3, deployment.settings.bucket)
    days = [day for day in discovered if day in chosen]
    if len(days) > MOST_DAYS:
        raise SelectionError(
            f"{len(days)} days are selected, but one request takes at most {MOST_DAYS}: choose fewer"
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
