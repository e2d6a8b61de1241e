"""An endpoint of these tests' own that enforces policies, with the lake's roles and little more in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from include.core.settings import Settings
from include.store.sql import load_sql
from infrastructure.lake_definitions import definitions
from infrastructure.makers import make
from infrastructure.place import Place
from local.aws.iam.callers import OWNER
from tests.local.aws.conftest import find_free_port, start_endpoint

SETTINGS = Settings()
PLACE = Place("aws", "us-east-1", "123456789012")
BUCKET = SETTINGS.bucket
# One of each that the calls of the tests are about.
TABLES = ("labels", "faces", "bill_daily")
OBJECTS = (
    *(f"curated/{table}/1.parquet" for table in TABLES),
    "raw/sample/1.png",
    "reports/costs.html",
    "responses/1.ndjson.zst",
)
_CONFIG = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})

# Returns a client with the rights of a role, given the service's name and the role's.
RoleClient = Callable[..., Any]


@pytest.fixture(scope="session")
def calls_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the endpoint writes what was called."""
    return tmp_path_factory.mktemp("calls") / "calls.ndjson"


@pytest.fixture(scope="session")
def client_of(calls_file: Path) -> Iterator[RoleClient]:
    """Return clients of roles; without a role, the owner's."""
    port = find_free_port()
    settings = {"LOCAL_AWS_ENFORCE_IAM": "true", "LOCAL_AWS_CALLS_FILE": str(calls_file)}
    process = start_endpoint(port, find_free_port(), **settings)

    @cache
    def client(service: str, role: str = "") -> Any:
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name=PLACE.region,
            aws_access_key_id=f"{SETTINGS.database}-{PLACE.region}-{role}" if role else OWNER,
            aws_secret_access_key="local",
            config=_CONFIG,
        )

    for definition in definitions(SETTINGS, PLACE).values():
        make(client, definition)
    for key in OBJECTS:
        client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"content")
    for table in TABLES:
        sql = load_sql(f"ddl/{table}", database=SETTINGS.database, bucket=BUCKET)
        run_query(client("athena"), sql, SETTINGS.workgroup)
    yield client
    process.terminate()
    assert process.wait(timeout=15) == 0


def run_query(athena: Any, sql: str, workgroup: str) -> dict[str, Any]:
    """Run a statement and return its state and the reason of that."""
    started = athena.start_query_execution(
        QueryString=sql, WorkGroup=workgroup, QueryExecutionContext={"Database": SETTINGS.database}
    )
    while True:
        found = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])
        status: dict[str, Any] = found["QueryExecution"]["Status"]
        if status["State"] not in ("QUEUED", "RUNNING"):
            return status
