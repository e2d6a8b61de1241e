"""
Run each Dag of ``dags/models.py`` on Airflow's own task runner, with an empty Airflow home.

Only the calls to AWS are replaced. Prints one line of JSON: for each Dag the state of its run and of its
tasks, the calls that were to change the model, and its last state.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb
from botocore.exceptions import ClientError

PROJECT = "arn:aws:rekognition:us-east-1:123456789012:project/crates/1763500000000"
NEEDED = {"StartProjectVersion": "STOPPED", "StopProjectVersion": "RUNNING"}
THEN = {"StartProjectVersion": "STARTING", "StopProjectVersion": "STOPPING"}


class OneModel:
    """
    A model that AWS knows, stopped at first.

    :param starts_as: the state that it gets into from ``STARTING``.
    :param looks: how often it is described in a passing state until it leaves that.
    """

    def __init__(self, starts_as: str = "RUNNING", looks: int = 2) -> None:
        self.state = "STOPPED"
        self.changes: list[str] = []
        self._next = {"STARTING": starts_as, "STOPPING": "STOPPED"}
        self._looks = looks
        self._looked = 0

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "DescribeProjects":
            return {"ProjectDescriptions": [{"ProjectArn": PROJECT}]}
        if operation == "DescribeProjectVersions":
            return {"ProjectVersionDescriptions": [self._describe(request["VersionNames"][0])]}
        self.changes.append(operation)
        if self.state != NEEDED[operation]:
            error: Any = {"Error": {"Code": "ResourceInUseException", "Message": f"it is {self.state}"}}
            raise ClientError(error, operation)
        self.state, self._looked = THEN[operation], 0
        return {"Status": self.state}

    def _describe(self, name: str) -> dict[str, str]:
        self._looked += 1
        if self._looked > self._looks:
            self.state, self._looked = self._next.get(self.state, self.state), 0
        project, _, _ = PROJECT.rpartition("/")
        return {"ProjectVersionArn": f"{project}/version/{name}/1763600000000", "Status": self.state}


@contextmanager
def aws(model: OneModel) -> Iterator[None]:
    def call(client: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return model.call(operation, request)

    async def call_async(client: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return model.call(operation, request)

    with (
        mock.patch("botocore.client.BaseClient._make_api_call", call),
        mock.patch("aiobotocore.client.AioBaseClient._make_api_call", call_async),
    ):
        yield


def run(dag: Any, model: OneModel) -> dict[str, Any]:
    with aws(model):
        dag_run = dag.test()
    return {
        "run": dag_run.state,
        "tasks": {ti.task_id: ti.state for ti in dag_run.get_task_instances()},
        "changes": model.changes,
        "model": model.state,
    }


MODELS = {
    "all_is_well": OneModel(),
    "analysis_fails": OneModel(),
    "model_fails": OneModel(starts_as="FAILED"),
    "model_is_slow": OneModel(looks=10),
}

if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    initdb()
    dags = DagBag(str(Path(__file__).parent / "dags")).dags
    print(json.dumps({dag_id: run(dags[dag_id], model) for dag_id, model in MODELS.items()}))
