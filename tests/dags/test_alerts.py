"""An operator hears of every run that fails or hangs, and can tell instances of mapped tasks apart."""

from __future__ import annotations

from typing import Any

import pytest

from include.core.deadlines import deadline_of
from media_lake.callbacks.failed_runs import record_failure, report_failed_run
from tests.dags.loaded_dags import DAG_IDS, DAGS


@pytest.fixture(scope="module")
def dags() -> dict[str, Any]:
    return DAGS.dags


def callbacks(task: Any) -> list[Any]:
    """Return the failure callbacks of a task; those of mapped ones are not made a list yet."""
    given = task.partial_kwargs["on_failure_callback"] if task.is_mapped else task.on_failure_callback
    return list(given) if isinstance(given, list | tuple) else [given]


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_a_run_that_hangs_is_reported(dags: dict[str, Any], dag_id: str) -> None:
    (alert,) = dags[dag_id].deadline
    assert alert.interval == deadline_of(dag_id)
    assert alert.callback.path == "media_lake.callbacks.late_runs.report_late_run"


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_a_run_that_fails_is_reported_once_with_the_causes_that_tasks_left(
    dags: dict[str, Any], dag_id: str
) -> None:
    dag = dags[dag_id]
    assert dag.on_failure_callback == report_failed_run
    for task in dag.tasks:
        assert callbacks(task) == [record_failure], task.task_id


@pytest.mark.parametrize("dag_id", ["enrich_images", "enrich_videos"])
def test_instances_of_mapped_tasks_have_names(dags: dict[str, Any], dag_id: str) -> None:
    mapped = [task for task in dags[dag_id].tasks if task.is_mapped or list(task.iter_mapped_task_groups())]
    assert mapped
    for task in mapped:
        template = task.partial_kwargs["map_index_template"] if task.is_mapped else task.map_index_template
        assert "rows" in template, task.task_id
