"""What all tests share: an environment without the machine's AWS, AWS in memory, and the tests' order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.loaders import JSONFileLoader, Loader

from tests.browser import MISSING, find_chromium

BUCKET = "media-lake"
LEDGER_TABLE = "media-lake-ledger"

_SLOW_LAST = ("integration", "end_to_end")
# It takes longest: were it the last, one of two processes would wait for it.
_LONGEST_FIRST = "test_checklists.py"
_FOREIGN = ("AWS_", "BOTO_", "AIRFLOW_CONN_", "MEDIA_LAKE_", "LOCAL_AWS_", "LOCAL_REKOGNITION_")
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}

# Before anything of the project is imported: no test may see, let alone reach, an account of the machine's.
for _name in [name for name in os.environ if name.startswith(_FOREIGN)]:
    del os.environ[_name]
os.environ |= _ENVIRONMENT


class _SharedFiles(JSONFileLoader):
    """Reads each model of AWS's services once: every session of a test would read them anew."""

    load_file = staticmethod(cache(JSONFileLoader().load_file))


Loader.FILE_LOADER_CLASS = _SharedFiles


def pytest_report_header() -> list[str]:
    """Say before the first test that a browser is missing, not only when its tests fail."""
    return [] if find_chromium() else [MISSING]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run plain tests first, then those that talk to servers, then those on the real scheduler."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> tuple[int, bool]:
    slow = (place for place, name in enumerate(_SLOW_LAST, 1) if item.get_closest_marker(name))
    return max(slow, default=0), item.path.name != _LONGEST_FIRST


@pytest.fixture(scope="module")
def aws_in_memory() -> Iterator[SimpleNamespace]:
    """A session and clients that a module's tests share: making them takes longer than a test."""
    from moto import mock_aws

    from local.aws import dynamodb_items, dynamodb_writes

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
    from moto.moto_api._internal.models import moto_api_backend

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
    from tests.workspaces import make_ledger_table

    make_ledger_table(aws.dynamodb, LEDGER_TABLE)
    return aws.dynamodb


@pytest.fixture
def ledger(dynamodb: Any) -> Any:
    from include.store.ledger import Ledger

    return Ledger(dynamodb, LEDGER_TABLE)


@pytest.fixture
def run() -> Any:
    from include.core.run import Run

    return Run(BUCKET, "enrich_images", "manual__2026-11-20", "2026-11-20")
