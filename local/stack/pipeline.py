"""The runs of a day through all Dags: which belong together, and their states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Literal

from local.stack.airflow_api import DagRun, RunState

State = RunState | Literal["waiting", "not started"]
Cell = tuple[str, date]  # a Dag's id, and a day

FIRST_DAG = "discover_media"

# Dag to the Dags whose assets start it; the assets of one of them are enough.
PIPELINE: dict[str, tuple[str, ...]] = {
    FIRST_DAG: (),
    "enrich_images": (FIRST_DAG,),
    "enrich_videos": (FIRST_DAG,),
    "report_costs": ("enrich_images", "enrich_videos"),
}

# How long Airflow may take to start a run after an event.
START_TIME = timedelta(seconds=30)


def runs_of_days(
    days: Sequence[date], created: Mapping[str, Iterable[DagRun]], sources: Callable[[DagRun], set[str]]
) -> dict[Cell, DagRun]:
    """Return each day's newest run of the first Dag, and the runs that its assets started so far.

    A Dag with several Dags before it may get a run from each of them. Its newest run counts, once each of
    them has started one. Airflow 3.3.2 can start none for an event that it records while it creates the run
    of another; after :data:`START_TIME` none is waited for. That run works on both: it begins after the
    event.

    :param created: runs of each Dag, newest first.
    :param sources: returns the ids of the runs whose assets started a run.
    """
    found: dict[Cell, DagRun] = {}
    for dag_id, day in product(PIPELINE, days):
        runs = [run for run in created[dag_id] if run.partition == str(day)]
        if PIPELINE[dag_id]:
            runs = started_by(_successes(PIPELINE[dag_id], day, found), runs, sources)
        if runs:
            found[dag_id, day] = runs[0]
    return found


def _successes(dag_ids: Iterable[str], day: date, runs: Mapping[Cell, DagRun]) -> list[DagRun]:
    """Return the runs of a day that have succeeded, of some Dags."""
    found = (runs.get((dag_id, day)) for dag_id in dag_ids)
    return [run for run in found if run and run.state == "success"]


def started_by(
    causes: Sequence[DagRun], runs: Sequence[DagRun], sources: Callable[[DagRun], set[str]]
) -> list[DagRun]:
    """Return the runs that other runs started, or an empty list while one of these may still start one."""
    names = {cause.run_id for cause in causes}
    started = {run: common for run in runs if (common := sources(run) & names)}
    without_run = names - set().union(*started.values())
    since = datetime.now(UTC) - START_TIME
    may_start = any(
        cause.run_id in without_run and (cause.ended_at is None or cause.ended_at > since) for cause in causes
    )
    return [] if may_start else list(started)


def states(days: Sequence[date], runs: Mapping[Cell, DagRun]) -> dict[Cell, State]:
    """Return the state of each Dag and day.

    ``not started`` means that the Dag will never run for this day, because all Dags before it failed.
    """
    result: dict[Cell, State] = {}
    for dag_id, upstream in PIPELINE.items():
        for day in days:
            run = runs.get((dag_id, day))
            if run is not None:
                result[dag_id, day] = run.state
            elif upstream and all(result[name, day] in ("failed", "not started") for name in upstream):
                result[dag_id, day] = "not started"
            else:
                result[dag_id, day] = "waiting"
    return result


def is_over(board: Mapping[Cell, State]) -> bool:
    """Return whether every state is final."""
    return all(state in ("success", "failed", "not started") for state in board.values())
