"""The task that deletes what has expired."""

from __future__ import annotations

from airflow.sdk import task


@task(multiple_outputs=False)
def expire() -> dict[str, int]:
    """Delete replaced versions of published tables and old staged files.

    Returns how many objects were deleted below each prefix.
    """
    from datetime import UTC, datetime

    from include.publish.expiry import expire
    from media_lake.task_context import task_deployment

    return dict(expire(task_deployment(), datetime.now(UTC)))
