"""Deadlines: a run that is not through in time is reported, whatever it waits for."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from include.core.deadlines import deadline_of

log = logging.getLogger(__name__)


def deadline(dag_id: str) -> DeadlineAlert:
    """Return a Dag's deadline, counted from when a run is queued.

    The callback runs in the triggerer, which alone can ask for the states of tasks.

    :raises include.core.deadlines.DeadlineError: if the Dag's variable is wrong.
    """
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=deadline_of(dag_id),
        callback=AsyncCallback(report_late_run),
        name=f"{dag_id} is late",
    )


async def report_late_run(context: dict[str, Any]) -> None:
    """Say in one message which run is late, since when, and what is unfinished. Never raises."""
    from asgiref.sync import sync_to_async

    try:
        await sync_to_async(_report)(context["dag_run"])
    except Exception:
        log.exception("a late run could not be reported")


def _report(dag_run: dict[str, Any]) -> None:
    """Report a run, given as Airflow's REST API describes it."""
    from include.operate.alerts import late_run
    from media_lake.callbacks.alert_sender import run_name, send
    from media_lake.callbacks.failed_runs import task_states

    if dag_run["state"] in ("success", "failed"):
        log.info("%s ended as %s before its deadline was looked at", dag_run["dag_run_id"], dag_run["state"])
        return
    dag_id, run_id = dag_run["dag_id"], dag_run["dag_run_id"]
    run = run_name(dag_id, run_id, dag_run["partition_key"])
    since = str(dag_run["queued_at"] or dag_run["run_after"])
    send(late_run(run, since, task_states(dag_id, run_id)), dag_id, "late")
