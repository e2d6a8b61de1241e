"""Re-drive of failed analyses: the tasks of its Dag, and what the runs that it starts find of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from include.assets import REDRIVES, media_manifest
from include.features import FEATURES, MEDIA_TYPES, MediaType
from media_lake.day_requests import DAY_PARAMS, chosen_days, start_runs

if TYPE_CHECKING:
    from include.selection import Selection

log = logging.getLogger(__name__)

REDRIVE_PARAMS: dict[str, Param] = {
    "dry_run": Param(
        True, type="boolean", title="Dry run", description="Only show what is selected and what it is likely to cost."
    ),
    **DAY_PARAMS,
    "features": Param(
        None, type=["array", "null"], title="Features", description="Empty: all.",
        items={"type": "string", "enum": list(FEATURES)}, examples=list(FEATURES),
    ),
    "error_codes": Param(
        None, type=["array", "null"], title="Error codes", items={"type": "string"},
        description="One a line, such as VideoJobFailed. Empty: all.",
    ),
}  # fmt: skip


@task(multiple_outputs=False)
def select_failures() -> dict[str, Any]:
    """Show the failed analyses that the form selects, with their causes and likely cost.

    Returns the figures, and leaves the days as XCom ``days``: ``{image: [...], video: [...]}``.
    """
    from include.costs import load_price_book
    from include.redrive import find_failures, in_words
    from include.usage import this_month
    from media_lake.task_context import TaskContext

    context, airflow = TaskContext(), get_current_context()
    media_type = airflow["params"]["media_type"] or None
    found = find_failures(context.session, context.settings, chosen_days(), media_type, chosen_failures())
    used = this_month(context.session, context.settings)
    summary = found.summary(load_price_book(context.settings.region), used)
    log.info("%s", in_words(summary))
    airflow["ti"].xcom_push(key="days", value={kind: found.days(kind) for kind in MEDIA_TYPES})
    return summary


@task
def start_redrive(media_type: MediaType, days: dict[str, list[str]]) -> int:
    """Start the runs that ask for the selected analyses again, one for each day, unless this is a dry run.

    Each day has a run for images and one for videos, since its costs are reported when both are through. A run for whose
    media type nothing is selected pays for nothing.

    :param days: days with failures, by media type.
    """
    from include.selection import NOTHING

    if get_current_context()["params"]["dry_run"]:
        raise AirflowSkipException("a dry run starts nothing; trigger this Dag again with Dry run off")
    selection = chosen_failures() if days[media_type] else NOTHING
    all_days = sorted({day for found in days.values() for day in found})
    return start_runs(REDRIVES[media_type], all_days, selection.to_json())


def chosen_failures() -> Selection:
    """Return the failed analyses that the run's form asks for.

    :raises include.selection.SelectionError: if a feature does not exist.
    """
    from include.selection import Selection

    params = get_current_context()["params"]
    return Selection.of(params["features"], params["error_codes"])


def requested_selections(media_type: MediaType) -> list[Selection] | None:
    """Return what a run that enriches a day may pay for: None, which is everything, unless re-drives alone started it."""
    from include.selection import Selection

    events = get_current_context()["triggering_asset_events"]
    started_by = {asset.name for asset in events}
    if REDRIVES[media_type].name not in started_by or media_manifest.name in started_by:
        return None
    return [Selection.from_json(event.extra) for event in events[REDRIVES[media_type]]]
