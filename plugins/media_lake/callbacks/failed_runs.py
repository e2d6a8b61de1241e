"""Callbacks: a task that fails leaves its cause, and a run that fails is reported in one message.

The run's callback is called once, by the Dag processor, where neither exceptions nor logs of the tasks are
at hand: it reads the causes from XCom.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airflow.sdk import Context

log = logging.getLogger(__name__)

FAILURE_KEY = "failure"
# Tasks whose results count the errors of a batch.
BATCH_TASKS = ("analyze", "analyze.collect_responses", "analyze.analyze_frames")


def record_failure(context: Context) -> None:
    """Leave the cause of a task's failure as XCom ``failure``: ``{code, message}``. Never raises."""
    from include.operate.alerts import failure_of

    error = context.get("exception")
    if not isinstance(error, BaseException):
        return
    try:
        context["ti"].xcom_push(key=FAILURE_KEY, value=_without_secrets(failure_of(error)))
    except Exception as problem:
        log.warning("the cause of the failure was not recorded: %s", problem)


def report_failed_run(context: Context) -> None:
    """Say in one message which run failed, where and why. Never raises."""
    from include.operate.alerts import failed_run, failed_tasks
    from media_lake.callbacks.alert_sender import run_name, send

    try:
        dag_id, run_id = context["dag"].dag_id, context["run_id"]
        dag_run = context.get("dag_run")
        states = task_states(dag_id, run_id)
        alert = failed_run(
            run_name(dag_id, run_id, dag_run.partition_key if dag_run else None),
            str(context.get("reason") or ""),
            states,
            _xcoms(FAILURE_KEY, dag_id, run_id, failed_tasks(states)),
            _xcoms("return_value", dag_id, run_id, BATCH_TASKS),
        )
        send(alert, dag_id, "failed")
    except Exception:
        log.exception("a failed run could not be reported")


def task_states(dag_id: str, run_id: str) -> dict[str, str | None]:
    """Return the states of a run's task instances, those of mapped ones as ``<task_id>_<map_index>``.

    Empty if Airflow does not tell; a message without them is better than none.
    """
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    try:
        found = RuntimeTaskInstance.get_task_states(dag_id=dag_id, run_ids=[run_id])
        states: dict[str, str | None] = found.get(run_id, {})
        return states
    except Exception as problem:
        log.warning("the states of the tasks of %s are not known: %s", run_id, problem)
        return {}


def _xcoms(key: str, dag_id: str, run_id: str, task_ids: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Yield what the instances of tasks left under a key; what cannot be read is left out."""
    from airflow.providers.common.compat.sdk import XCom

    for task_id in task_ids:
        try:
            values = XCom.get_all(key=key, dag_id=dag_id, task_id=task_id, run_id=run_id)
        except Exception as problem:
            log.warning("XCom %s of %s is not known: %s", key, task_id, problem)
            continue
        yield from (value for value in values or [] if isinstance(value, Mapping))


def _without_secrets(failure: dict[str, str]) -> dict[str, str]:
    from airflow.sdk.log import redact

    return {name: str(redact(value)) for name, value in failure.items()}
