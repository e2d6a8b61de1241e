"""The tasks that ask for failed analyses again."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from include.core.features import MEDIA_TYPES, MediaType
from media_lake.assets import REDRIVES
from media_lake.forms.day_form import chosen_days
from media_lake.forms.redrive_form import chosen_failures
from media_lake.tasks.start_runs import start_runs

log = logging.getLogger(__name__)


@task(multiple_outputs=False)
def select_failures() -> dict[str, Any]:
    """Show the failed analyses that the form selects, with their causes and likely cost.

    Returns the figures, and leaves the days as XCom ``days``: ``{image: [...], video: [...]}``.
    """
    from include.core.prices import load_price_book
    from include.operate.failed_analyses import find_failures, in_words
    from include.store.month_to_date import this_month
    from media_lake.task_context import task_deployment

    context, airflow = task_deployment(), get_current_context()
    media_type = airflow["params"]["media_type"] or None
    found = find_failures(context.session, context.settings, chosen_days(), media_type, chosen_failures())
    used = this_month(context.session, context.settings)
    summary = found.summary(context.lake, load_price_book(context.settings.region), used)
    log.info("%s", in_words(summary))
    airflow["ti"].xcom_push(key="days", value={kind: found.days(kind) for kind in MEDIA_TYPES})
    return summary


@task
def start_redrive(media_type: MediaType, days: dict[str, list[str]]) -> int:
    """Start the runs that ask for the selected analyses again, one for each day, unless this is a dry run.

    Each day has a run for images and one for videos. A run for whose media type nothing is selected pays for
    nothing.

    :param days: days with failures, by media type.
    """
    from include.core.selection import NOTHING

    if get_current_context()["params"]["dry_run"]:
        raise AirflowSkipException("a dry run starts nothing; trigger this Dag again with Dry run off")
    selection = chosen_failures() if days[media_type] else NOTHING
    all_days = sorted({day for found in days.values() for day in found})
    return start_runs(REDRIVES[media_type], all_days, selection.to_json())
