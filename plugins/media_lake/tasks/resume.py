"""The tasks that let analyses go on that a budget stopped."""

from __future__ import annotations

import logging

from airflow.sdk import task

from include.core.features import MediaType
from media_lake.assets import REDRIVES
from media_lake.tasks.start_runs import start_runs

log = logging.getLogger(__name__)

# What the event of a run says that may pay for whatever its day lacks, as the run of a manifest does.
ALL_OF_THE_DAY = {"all_of_the_day": True}


@task(multiple_outputs=False)
def find_stopped() -> dict[str, list[str]]:
    """Return the days with analyses that a budget stopped and that there is money for now, by media type."""
    import time

    from include.operate.resumable_days import days_to_resume
    from media_lake.task_context import task_deployment

    days = {
        str(media_type): found for media_type, found in days_to_resume(task_deployment(), time.time()).items()
    }
    log.info("days that go on: %s", days)
    return days


@task
def resume(media_type: MediaType, days: dict[str, list[str]]) -> int:
    """Start a run for each day with stopped analyses of a media type; it pays for what the day lacks."""
    return start_runs(REDRIVES[media_type], days[media_type], ALL_OF_THE_DAY)
