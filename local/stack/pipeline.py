"""The runs of a day: which belong together, through all Dags, and how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Literal

from local.stack.airflow_api import DagRun

State = Literal["waiting", "queued", "running", "success", "failed", "not started"]
Cell = tuple[str, date]

FIRST_DAG = "discover_media"

# Dag to the Dags whose assets start it, each by itself.
PIPELINE: dict[str, tuple[str, ...]] = {
    FIRST_DAG: (),
    "enrich_images": (FIRST_DAG,),
    "enrich_videos": (FIRST_DAG,),
    "report_costs": ("enrich_images", "enrich_videos"),
}


def chains(
    days: Sequence[date], created: Mapping[str, Iterable[DagRun]], sources: Callable[[DagRun], set[str]]
) -> dict[Cell, DagRun]:
    """Return for each day the newest run of the first Dag and the runs that its assets started, as far as they exist.

    Where several Dags start another, each may start a run of its own: the newest stands for them when there is one for each.

    :param created: Dag to its runs, newest first.
    :param sources: tells by which runs' assets a run was started.
    """
    found: dict[Cell, DagRun] = {}
    for dag_id, upstream in PIPELINE.items():
        for day in days:
            runs = [run for run in created[dag_id] if run.partition == str(day)]
            above = [found[name, day] for name in upstream if (name, day) in found]
            causes = {run.run_id for run in above if run.state == "success"}
            if upstream:
                runs = _started_by(causes, runs, sources)
            if runs:
                found[dag_id, day] = runs[0]
    return found


def _started_by(
    causes: set[str], runs: Sequence[DagRun], sources: Callable[[DagRun], set[str]]
) -> list[DagRun]:
    """Return the runs that these runs started; none before each has started one."""
    started = {run: common for run in runs if (common := sources(run) & causes)}
    return list(started) if causes == set().union(*started.values()) else []


def states(days: Sequence[date], runs: Mapping[Cell, DagRun]) -> dict[Cell, State]:
    """Return the state of each Dag and day; ``not started`` says that it never will, as all before it failed."""
    result: dict[Cell, State] = {}
    for dag_id, upstream in PIPELINE.items():
        for day in days:
            run = runs.get((dag_id, day))
            if run is not None:
                result[dag_id, day] = run.state  # type: ignore[assignment]
            elif upstream and all(result[name, day] in ("failed", "not started") for name in upstream):
                result[dag_id, day] = "not started"
            else:
                result[dag_id, day] = "waiting"
    return result


def is_over(board: Mapping[Cell, State]) -> bool:
    """Return whether no state will change any more."""
    return all(state in ("success", "failed", "not started") for state in board.values())
