"""The tasks that plan a day."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task

from include.core.features import MediaType
from include.core.metrics import Metric, count_each
from media_lake.airflow_metrics import task_metrics
from media_lake.assets import REDRIVES, media_manifest

if TYPE_CHECKING:
    from include.core.selection import Selection
    from include.store.workspace import Workspace


def requested_selections(media_type: MediaType) -> list[Selection] | None:
    """Return what a run that enriches a day may pay for: None, which is everything, unless re-drives alone started it."""
    from include.core.selection import Selection

    events = get_current_context()["triggering_asset_events"]
    started_by = {asset.name for asset in events}
    if REDRIVES[media_type].name not in started_by or media_manifest.name in started_by:
        return None
    return [Selection.from_json(event.extra) for event in events[REDRIVES[media_type]]]


@task
def plan(media_type: MediaType) -> list[dict[str, Any]]:
    """Find out what has to be paid for, cut it into batches and price it.

    Returns the batches' claim checks, to be mapped over, and leaves the plan's figures as XCom ``summary``.
    """
    from media_lake.task_context import task_workspace

    context = task_workspace()

    def used() -> dict[str, float]:
        from include.store.month_to_date import this_month

        return this_month(context.session, context.settings)

    batches, summary = plan_day(context, media_type, used, requested_selections(media_type))
    metrics = task_metrics(media_type)
    counts = {"planned": summary["calls"], "reused": summary["reused"], "rejected": summary["rejected"]}
    count_each(metrics, Metric.PLANNED, "state", counts)
    metrics.gauge(Metric.PLANNED_USD, summary["usd"]["likely"])
    return batches


def plan_day(
    context: Workspace,
    media_type: MediaType,
    month_to_date: Callable[[], dict[str, float]],
    selections: list[Selection] | None,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Plan the run's day, leave the figures as XCom ``summary``, and return the batches' claim checks and the figures.

    :param selections: see :func:`include.plan.planner.plan`.
    """
    from include.core.prices import load_price_book
    from include.plan.planner import plan

    book = load_price_book(context.settings.region)
    batches, summary = plan(
        context.s3,
        context.ledger,
        context.lake,
        context.settings,
        book,
        context.run,
        media_type,
        month_to_date,
        selections,
    )
    get_current_context()["ti"].xcom_push(key="summary", value=summary)
    return batches, summary
