"""Ids of Dag runs that begin with the day: ``2026-11-20--backfill__2026-11-26T13:36:15+00:00__k2XbQ7rT``.

The id is what Airflow's list of runs, its grid and its pages show of a run; the partition key is not among
it. A timetable may make ids (``Timetable.generate_run_id``), but Airflow 3.3.2 does not ask it for runs that
assets start, and tells it no partition key of those that people trigger. So the id is changed when the run's
row is made, for all runs in the same way, by SQLAlchemy's event ``init``, which lets a listener replace
arguments. Where that should stop working, runs get Airflow's own ids, and nothing else changes: no code
reads a day from an id, save links.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

from media_lake.lake_tag import has_lake_tag

log = logging.getLogger(__name__)

# Lists break a long id in two: after this, and not within the day.
SEPARATOR = "--"

# Airflow's module of runs. Processes of tasks do not need it, and importing it takes them a second.
_MODELS = "airflow.models.dagrun"


def name_runs_by_day() -> None:
    """Let the runs that this process creates have their day in front of their ids.

    Processes that create runs have imported Airflow's model of them before plugins are loaded; others are
    left alone.
    """
    if _MODELS not in sys.modules:
        return
    from sqlalchemy import event

    dag_run = sys.modules[_MODELS].DagRun
    if not event.contains(dag_run, "init", _name_by_day):
        event.listen(dag_run, "init", _name_by_day)


def id_with_day(run_id: str, run_type: str, run_after: str, partition_key: str) -> str:
    """Return an id that begins with the partition key. An id that a caller chose stays as it is.

    It is as unique as Airflow's id, since it holds all of that.

    :param run_after: in ISO format, as in the ids that Airflow makes.
    """
    if not run_id.startswith(f"{run_type}__{run_after}"):
        return run_id
    return f"{partition_key}{SEPARATOR}{run_id.replace(f'__{partition_key}__', '__')}"


def _name_by_day(run: Any, args: Any, kwargs: dict[str, Any]) -> None:
    """Change the id among the arguments with which a row of a run is made. Never raises."""
    try:
        key, run_type, run_after = (kwargs.get(name) for name in ("partition_key", "run_type", "run_after"))
        if key and run_type and run_after and has_lake_tag(kwargs["dag_id"]):
            kwargs["run_id"] = id_with_day(kwargs["run_id"], str(run_type), run_after.isoformat(), key)
    except Exception as error:
        log.warning("a run of %s keeps the id that Airflow gave it: %s", kwargs.get("dag_id"), error)
