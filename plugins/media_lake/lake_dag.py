"""What every Dag of the lake has: one decorator, so that a Dag file says only what is its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG

from media_lake.callbacks.failed_runs import report_failed_run
from media_lake.callbacks.late_runs import deadline
from media_lake.lake_tag import TAG
from media_lake.task_pages import add_page
from media_lake.tasks.defaults import DEFAULT_ARGS

# Reprocessing leaves most of the workers to the Dags that new media wait for.
REPROCESSING_LIMITS = {"max_active_runs": 4, "max_active_tasks": 8}


def lake_dag(*stages: str, schedule: Any, **settings: Any) -> Callable[[Callable[[], None]], DAG]:
    """Make a Dag of the lake from the function that wires its tasks and bears its id.

    The Dag's page in the UI is the docstring of its file, and its name in lists is its id in plain words. A
    run that fails or is late is reported. The Dag never catches up by itself: people backfill past days.

    :param stages: tags beside ``media-lake``: the stages that the Dag runs.
    :param schedule: of :class:`airflow.sdk.DAG`.
    :param settings: of :class:`airflow.sdk.DAG`; these win over what all Dags share.
    """

    def make(wire: Callable[[], None]) -> DAG:
        name = wire.__name__
        shared = {
            "dag_display_name": name.replace("_", " ").capitalize(),
            "doc_md": wire.__globals__["__doc__"],
            "tags": [TAG, *stages],
            "start_date": datetime(2020, 1, 1, tzinfo=UTC),
            "catchup": False,
            "max_active_tasks": 16,
            "default_args": DEFAULT_ARGS,
            "deadline": deadline(name),
            "on_failure_callback": report_failed_run,
        }
        with DAG(name, schedule=schedule, **(shared | settings)) as made:
            wire()
        made.fileloc = wire.__code__.co_filename
        for task in made.tasks:
            add_page(task)
        return made

    return make
