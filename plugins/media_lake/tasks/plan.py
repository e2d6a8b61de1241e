"""The task that plans a day."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task

from include.core.features import MediaType
from include.core.metrics import Metric, count_each
from media_lake.airflow_metrics import task_metrics
from media_lake.assets import REDRIVES, media_manifest
from media_lake.tasks.resume import ALL_OF_THE_DAY

if TYPE_CHECKING:
    from include.core.selection import Selection


def requested_selections(media_type: MediaType) -> list[Selection] | None:
    """Return which failures the run may pay for, or None if it may pay for everything.

    A run that only re-drives started is limited to their selections, unless it goes on with what a budget
    stopped.
    """
    from include.core.selection import Selection

    events = get_current_context()["triggering_asset_events"]
    started_by = {asset.name for asset in events}
    if REDRIVES[media_type].name not in started_by or media_manifest.name in started_by:
        return None
    asked = [event.extra for event in events[REDRIVES[media_type]]]
    return None if ALL_OF_THE_DAY in asked else [Selection.from_json(extra) for extra in asked]


@task
def plan(media_type: MediaType) -> list[dict[str, Any]]:
    """Find out what has to be paid for, cut it into batches and price it.

    Returns the batches' claim checks, to be mapped over, and leaves the plan's figures as XCom ``summary``.
    """
    from include.core.prices import load_price_book
    from include.plan.planner import plan
    from include.store.month_to_date import this_month
    from media_lake.task_context import task_workspace

    workspace = task_workspace()
    book = load_price_book(workspace.settings.region)
    used = partial(this_month, workspace.session, workspace.settings)
    batches, summary = plan(workspace, media_type, book, used, requested_selections(media_type))
    get_current_context()["ti"].xcom_push(key="summary", value=summary)
    metrics = task_metrics(media_type)
    counts = {"planned": summary["calls"], "reused": summary["reused"], "rejected": summary["rejected"]}
    count_each(metrics, Metric.PLANNED, "state", counts)
    metrics.gauge(Metric.PLANNED_USD, summary["usd"]["likely"])
    return batches
