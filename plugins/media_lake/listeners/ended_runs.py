"""Leaves a note at every run of the lake's Dags that ends: what it did, or why it failed.

Tasks cannot write notes: Airflow 3.3.2 offers it to its REST API alone, which asks for a user's token
(https://github.com/apache/airflow/issues/64890). Listeners are called by the scheduler, in the transaction
that ends the run, with the run's own row; a note needs no secret there, on any executor. They must be quick
and never fail: a run that leaves no figures gets no note.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from media_lake.lake_tag import has_lake_tag

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun


@hookimpl
def on_dag_run_success(dag_run: DagRun, msg: str) -> None:
    """Note what the run did."""
    from include.operate.run_notes import note_of_rejection, note_of_success
    from media_lake.run_figures import FIGURES_KEY

    if not has_lake_tag(dag_run.dag_id):
        return
    day, states = dag_run.partition_key, _states(dag_run)
    if states.get("publish") == "skipped":
        _write(dag_run, note_of_rejection(day))
    else:
        _write(dag_run, note_of_success(day, _left(dag_run, FIGURES_KEY)))


@hookimpl
def on_dag_run_failed(dag_run: DagRun, msg: str) -> None:
    """Note which tasks failed, and why."""
    from include.operate.alerts import RunName, failed_run
    from include.operate.run_notes import note_of_failure
    from media_lake.callbacks.failed_runs import FAILURE_KEY

    if not has_lake_tag(dag_run.dag_id):
        return
    name = RunName(dag_run.dag_id, dag_run.run_id, dag_run.partition_key or "", "")
    alert = failed_run(name, msg, _states(dag_run), _left(dag_run, FAILURE_KEY), ())
    _write(dag_run, note_of_failure(dag_run.partition_key, alert))


def _states(dag_run: DagRun) -> dict[str, str | None]:
    """Return the states of the run's tasks; those of mapped ones are named ``<task_id>_<map_index>``."""
    return {
        ti.task_id if ti.map_index < 0 else f"{ti.task_id}_{ti.map_index}": ti.state
        for ti in dag_run.get_task_instances(session=_session(dag_run))
    }


def _left(dag_run: DagRun, key: str) -> Iterator[Any]:
    """Yield what the run's tasks left under a key."""
    from airflow.models.xcom import XComModel

    query = XComModel.get_many(run_id=dag_run.run_id, dag_ids=dag_run.dag_id, key=key)
    for xcom in _session(dag_run).scalars(query):
        value = XComModel.deserialize_value(xcom)
        if isinstance(value, dict):
            yield value


def _write(dag_run: DagRun, note: str | None) -> None:
    """Set the run's note, unless a person has written one."""
    from include.operate.run_notes import BEGINNING

    present = dag_run.dag_run_note
    by_person = present is not None and (present.user_id or not (present.content or "").startswith(BEGINNING))
    if note and not by_person:
        dag_run.note = note


def _session(dag_run: DagRun) -> Any:
    from sqlalchemy.orm import object_session

    return object_session(dag_run)
