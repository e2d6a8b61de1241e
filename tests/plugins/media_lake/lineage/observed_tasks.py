"""Tasks of the lake's Dags as the task runner has them, with OpenLineage's own listener looking on."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.providers.openlineage.plugins.listener import OpenLineageListener
from airflow.sdk.api.datamodels._generated import DagRun, TIRunContext
from airflow.sdk.execution_time.context import set_current_context
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from tests.dags.loaded_dags import DAGS

DAY = "2026-11-20"
NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
# What turns lineage on: no code does.
CONFIGURATION = {
    "AIRFLOW__OPENLINEAGE__EXTRACTORS": "media_lake.lineage.extractor.StageExtractor",
    "AIRFLOW__OPENLINEAGE__NAMESPACE": "lake",
    # Otherwise each event is sent from a fork of the process, here of the one that runs the tests.
    "AIRFLOW__OPENLINEAGE__EXECUTE_IN_THREAD": "True",
}


def file_transport(path: Path) -> str:
    return json.dumps({"type": "file", "log_file_path": str(path), "append": True})


@dataclass
class Observer:
    """Runs tasks before a listener whose events go to a file."""

    listener: OpenLineageListener
    path: Path

    def run(
        self,
        dag_id: str,
        task_id: str,
        work: Callable[[Any], object] = lambda task: None,
        error: Exception | None = None,
    ) -> dict[str, dict[str, Any]]:
        """Run a task and return its events by type.

        :param work: what the task does; called with the task.
        :param error: with which it ends.
        """
        task = DAGS.dags[dag_id].get_task(task_id).prepare_for_execution()
        instance = _instance(task)
        context = instance.get_template_context()
        before = len(self._events())
        self.listener.on_task_instance_running(None, instance)
        with set_current_context(context):
            work(task)
        if error:
            self.listener.on_task_instance_failed(None, instance, error)
        else:
            self.listener.on_task_instance_success(None, instance)
        return {event["eventType"]: event for event in self._events()[before:]}

    def _events(self) -> list[dict[str, Any]]:
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        return [json.loads(line) for line in lines]


def _instance(task: Any) -> RuntimeTaskInstance:
    names = {"dag_id": task.dag_id, "run_id": "backfill__1"}
    run = DagRun(
        **names,
        logical_date=None,
        data_interval_start=None,
        data_interval_end=None,
        run_after=NOW,
        start_date=NOW,
        end_date=None,
        run_type="backfill",
        state="running",
        consumed_asset_events=[],
        partition_key=DAY,
    )
    instance = RuntimeTaskInstance.model_construct(
        **names,
        id=uuid.uuid4(),
        task_id=task.task_id,
        try_number=1,
        dag_version_id=uuid.uuid4(),
        map_index=-1,
        task=task,
        start_date=NOW,
        end_date=NOW,
        max_tries=6,
        queue="default",
        hostname="",
        context_carrier={},
    )
    instance._ti_context_from_server = TIRunContext(dag_run=run, max_tries=6)
    return instance
