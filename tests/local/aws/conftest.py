"""A local AWS endpoint of the tests' own, in a process, reached over real HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from tests.local.aws.queried_lake import Lake, Query

ROOT = Path(__file__).parents[3]


def find_free_port() -> int:
    """Find a TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_endpoint(port: int, rekognition_port: int, **settings: str) -> subprocess.Popen[bytes]:
    """Start the endpoint and wait until it answers.

    :param settings: further variables of its environment.
    """
    ports = {"LOCAL_AWS_PORT": str(port), "LOCAL_REKOGNITION_URL": f"http://127.0.0.1:{rekognition_port}"}
    environment = os.environ | ports | settings
    process = subprocess.Popen([sys.executable, "-m", "local.aws"], cwd=ROOT, env=environment)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_local/health", timeout=1).close()
            return process
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise RuntimeError(f"the endpoint did not start (exit status {process.poll()})")


@pytest.fixture
def free_port() -> int:
    """A TCP port nobody listens on."""
    return find_free_port()


@pytest.fixture(scope="session")
def start_local_aws() -> Callable[[int, int], subprocess.Popen[bytes]]:
    """Start an endpoint of one's own, given its port and Rekognition's."""
    return start_endpoint


@pytest.fixture(scope="session")
def rekognition_port() -> int:
    """Where the endpoint expects Rekognition: nothing listens there unless a test does."""
    return find_free_port()


@pytest.fixture(scope="session")
def endpoint(rekognition_port: int) -> Iterator[str]:
    """Address of an endpoint that all modules share."""
    port = find_free_port()
    process = start_endpoint(port, rekognition_port)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    assert process.wait(timeout=15) == 0


@pytest.fixture(scope="module")
def endpoint_url(endpoint: str) -> Iterator[str]:
    """Address of the endpoint; AWS clients that a module makes use it without being told."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", endpoint)
        yield endpoint


@pytest.fixture(scope="module")
def client(endpoint_url: str) -> Callable[[str], Any]:
    """Make a boto3 client that does not retry."""
    clients: dict[str, Any] = {}

    def make(service: str) -> Any:
        if service not in clients:
            config = Config(
                retries={"total_max_attempts": 1}, max_pool_connections=32, s3={"addressing_style": "path"}
            )
            clients[service] = boto3.client(service, config=config)
        return clients[service]

    return make


@pytest.fixture
def bucket(client: Callable[[str], Any]) -> str:
    """A new bucket."""
    name = f"test-{uuid4().hex[:12]}"
    client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def table(client: Callable[[str], Any]) -> str:
    """A new DynamoDB table whose only key is ``key``."""
    name = f"table-{uuid4().hex[:12]}"
    client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


@pytest.fixture
def database(client: Callable[[str], Any]) -> str:
    """A new Glue database."""
    name = f"db_{uuid4().hex[:12]}"
    client("glue").create_database(DatabaseInput={"Name": name})
    return name


@pytest.fixture
def execute(client: Callable[[str], Any], bucket: str, database: str) -> Callable[..., dict[str, Any]]:
    """Run a statement to its end and give its QueryExecution."""
    athena = client("athena")

    def run(sql: str, **options: Any) -> dict[str, Any]:
        execution_id = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": database},
            ResultConfiguration={"OutputLocation": f"s3://{bucket}/results/"},
            **options,
        )["QueryExecutionId"]
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            execution: dict[str, Any] = athena.get_query_execution(QueryExecutionId=execution_id)[
                "QueryExecution"
            ]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return execution
            time.sleep(0.01)
        raise TimeoutError(sql)

    return run


@pytest.fixture
def query(client: Callable[[str], Any], execute: Callable[..., dict[str, Any]]) -> Query:
    """Run a statement that must succeed and give its rows, without the header of a SELECT."""

    def run(sql: str, **options: Any) -> list[tuple[str | None, ...]]:
        execution = execute(sql, **options)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"].get("StateChangeReason")
        pages = client("athena").get_paginator("get_query_results")
        rows = [
            tuple(cell.get("VarCharValue") for cell in row["Data"])
            for page in pages.paginate(QueryExecutionId=execution["QueryExecutionId"])
            for row in page["ResultSet"]["Rows"]
        ]
        return rows[1:] if execution["SubstatementType"] == "SELECT" else rows

    return run


@pytest.fixture
def lake(client: Callable[[str], Any], bucket: str, database: str, query: Query) -> Lake:
    """A lake of the test's own, without rows and views."""
    return Lake(client("s3"), bucket, database, query)
