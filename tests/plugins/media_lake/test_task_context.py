from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from include.core.run import PartitionError
from include.core.settings import load_settings
from media_lake import task_context
from media_lake.task_context import task_deployment, task_workspace


@pytest.fixture(autouse=True)
def fresh_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MEDIA_LAKE_BUCKET", "my-lake")
    monkeypatch.setenv("MEDIA_LAKE_REGION", "eu-west-1")
    monkeypatch.setenv("MEDIA_LAKE_IMAGE_THREADS", "4")
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def running(monkeypatch: pytest.MonkeyPatch, partition_key: str | None) -> None:
    dag_run = SimpleNamespace(dag_id="enrich_images", run_id="r", partition_key=partition_key)
    monkeypatch.setattr(task_context, "get_current_context", lambda: {"dag_run": dag_run})


def test_the_run_is_that_of_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    running(monkeypatch, "2026-11-20")
    run = task_workspace().run
    assert (run.bucket, run.dag_id, run.run_id, run.partition) == (
        "my-lake",
        "enrich_images",
        "r",
        "2026-11-20",
    )


@pytest.mark.parametrize("partition_key", [None, "", "yesterday"])
def test_a_run_without_a_day_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, partition_key: str | None
) -> None:
    running(monkeypatch, partition_key)
    with pytest.raises(PartitionError, match="trigger the Dag with a partition key"):
        _ = task_workspace().run


@pytest.mark.parametrize(("service", "attempts"), [("rekognition", 1), ("s3", 5), ("dynamodb", 5)])
def test_clients_repeat_only_what_is_not_paid(aws: Any, service: str, attempts: int) -> None:
    """The analyzers repeat calls of Rekognition themselves, under a claim."""
    client = task_deployment().aws.client(service, connections=7)
    assert client.meta.config.retries["total_max_attempts"] == attempts
    assert client.meta.config.max_pool_connections == 7
    assert client.meta.region_name == "eu-west-1"


def test_the_ledger_has_a_connection_for_every_thread(aws: Any) -> None:
    ledger = task_deployment().ledger
    assert ledger._client.meta.config.max_pool_connections >= 2 * 4


def test_everything_is_made_once(aws: Any) -> None:
    context = task_deployment()
    assert context.s3 is context.s3
    assert context.ledger is context.ledger
    assert context.lake.sources


def test_clients_and_libraries_share_a_session(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    create = boto3.Session.client
    monkeypatch.setattr(
        boto3.Session,
        "client",
        lambda self, *given, **named: made.append(id(self)) or create(self, *given, **named),
    )
    context = task_deployment()
    _ = context.s3, context.ledger, context.aws.client("glue")
    assert made == [id(context.session)] * 3
