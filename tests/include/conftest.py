"""AWS in memory for the library's tests: moto answers boto3 within the process, and nothing leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.moto_api._internal.models import moto_api_backend

from include.ledger import Ledger
from include.local_aws import dynamodb_items, dynamodb_writes
from include.run import Run

BUCKET = "media-lake"
LEDGER_TABLE = "media-lake-ledger"


@pytest.fixture(scope="module")
def aws_in_memory() -> Iterator[SimpleNamespace]:
    """A session and clients that a module's tests share: making them takes longer than a test."""
    dynamodb_items.install()
    dynamodb_writes.install()
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        yield SimpleNamespace(
            session=session,
            s3=session.client("s3"),
            dynamodb=session.client("dynamodb"),
            glue=session.client("glue"),
        )


@pytest.fixture
def aws(aws_in_memory: SimpleNamespace) -> SimpleNamespace:
    """An empty account."""
    moto_api_backend.reset()
    return aws_in_memory


@pytest.fixture
def s3(aws: SimpleNamespace) -> Any:
    """A client, with the lake's bucket."""
    aws.s3.create_bucket(Bucket=BUCKET)
    return aws.s3


@pytest.fixture
def dynamodb(aws: SimpleNamespace) -> Any:
    """A client, with the ledger's table."""
    aws.dynamodb.create_table(
        TableName=LEDGER_TABLE,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return aws.dynamodb


@pytest.fixture
def ledger(dynamodb: Any) -> Ledger:
    return Ledger(dynamodb, LEDGER_TABLE)


@pytest.fixture
def run() -> Run:
    return Run(BUCKET, "enrich_images", "manual__2026-11-20", "2026-11-20")
