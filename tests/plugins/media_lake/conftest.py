"""AWS over HTTP from moto's server, so that synchronous and asynchronous clients meet in one place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer

from tests.workspaces import make_ledger_table

TABLE, QUEUE = "media-lake-ledger", "media-lake-jobs"


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ledger and queue of an empty account, for boto3 and for Airflow's connection alike."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")
    moto_api_backend.reset()
    dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
    make_ledger_table(dynamodb, TABLE)
    return SimpleNamespace(
        dynamodb=dynamodb, sqs=sqs, queue_url=sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    )


@pytest.fixture(scope="session")
def created_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ``runs/create.py`` printed: the ids and notes of runs that Airflow's own code made and ended."""
    root, home = Path(__file__).parents[3], tmp_path_factory.mktemp("airflow")
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "plugins"),
        "PYTHONPATH": os.pathsep.join((str(root), str(root / "plugins"))),
    }
    script = Path(__file__).parent / "runs" / "create.py"
    done = subprocess.run(
        [sys.executable, str(script)],
        env=environment, cwd=home, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    printed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return printed
