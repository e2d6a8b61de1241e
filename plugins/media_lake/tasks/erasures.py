"""The tasks that erase on request, and that let go what is past its time."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import get_current_context, task

from media_lake.forms.erasure_form import chosen_erasure

log = logging.getLogger(__name__)


@task(multiple_outputs=False)
def erase() -> dict[str, Any]:
    """Erase what the form asks for, or only show it.

    Returns how many rows each place has, or had.
    """
    from functools import partial

    from include.operate.erasure import allow, erase, find
    from include.publish.added_rows import publish_added
    from media_lake.task_context import task_deployment

    context = get_current_context()
    params, deployment = context["params"], task_deployment()
    user = getattr(context["dag_run"], "triggering_user_name", None) or "somebody in Airflow"
    request, add_rows = chosen_erasure(user), partial(publish_added, deployment)
    if params["allow_again"]:
        count = 0 if params["dry_run"] else allow(deployment, request, add_rows)
        log.info("%d contents may be analyzed again", count)
        return {"allowed": count}
    plans = [find(deployment, request)] if params["dry_run"] else erase(deployment, request, add_rows)
    what = "would go" if params["dry_run"] else "are gone"
    for place, objects, rows in (each for plan in plans for each in plan.counts):
        log.info("%s: %d rows in %d objects %s", place, rows, objects, what)
    return {place: rows for plan in plans for place, _, rows in plan.counts}


@task(multiple_outputs=False)
def retain() -> dict[str, int]:
    """Let go what is older than `lake.yaml` keeps it, and finish erasures that were killed.

    Returns how many rows went, by place.
    """
    from datetime import UTC, datetime
    from functools import partial

    from include.operate.erasure import finish_left
    from include.operate.retention import apply_retention
    from include.publish.added_rows import publish_added
    from media_lake.task_context import task_deployment

    deployment = task_deployment()
    add_rows = partial(publish_added, deployment)
    finish_left(deployment, add_rows)
    return apply_retention(deployment, datetime.now(UTC).date(), add_rows, "apply_retention")
