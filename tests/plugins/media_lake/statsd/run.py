"""
Run the Dags of ``dags/stages.py`` on Airflow's own task runner, with an empty Airflow home.

Only the work of the stages is replaced; where metrics go is in the environment. Prints one line of JSON: for
each Dag the state of its run and the labels of its mapped tasks, and the causes that failed tasks left.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from airflow.dag_processing.dagbag import DagBag
from airflow.models.xcom import XComModel
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from botocore.exceptions import ClientError

FOUND = {"uri": "s3://l/m", "rows": 5, "images": 3, "videos": 2, "defective": 1, "ignored": 0, "known": 0}
COLLECTED = {"done": 4, "failed": 1, "stopped": 0, "errors": {"VideoJobFailed": 1}}


@contextmanager
def stages() -> Iterator[None]:
    lake: Any = mock.MagicMock()
    analyzer = SimpleNamespace(collect=lambda plan: SimpleNamespace(to_xcom=lambda: COLLECTED))
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetPartition")
    with (
        mock.patch("media_lake.task_context.task_workspace", return_value=lake),
        mock.patch("media_lake.video_batch.video_analyzer", return_value=analyzer),
        mock.patch("include.discover.discovery.discover", return_value=FOUND),
        mock.patch("include.store.plan_batches.read_plan", return_value=[]),
        mock.patch("include.normalize.batch.normalize_batch", return_value={"labels": 7, "faces": 1}),
        mock.patch("include.store.audited_tables.read_audit"),
        mock.patch("include.publish.publisher.publish", side_effect=denied),
    ):
        yield


def run(dag: Any) -> dict[str, Any]:
    with stages():
        dag_run = dag.test()
    instances = dag_run.get_task_instances()
    labels = sorted(f"{ti.task_id} {ti.rendered_map_index}" for ti in instances if ti.map_index >= 0)
    return {"state": dag_run.state, "labels": labels}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    initdb()
    dags = DagBag(str(Path(__file__).parent / "dags")).dags
    outcome = {dag_id: run(dags[dag_id]) for dag_id in ("good", "bad")}
    with create_session() as session:
        left = session.query(XComModel).filter(XComModel.key == "failure").all()
        failures = [xcom.value for xcom in left]
    print(json.dumps(outcome | {"failures": failures}))
