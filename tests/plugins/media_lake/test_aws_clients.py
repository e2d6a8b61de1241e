from __future__ import annotations

import json

import pytest
from botocore.config import Config

from include.core.run import Run
from include.core.settings import Settings
from include.store.workspace import Workspace
from media_lake.aws_clients import ConnectionClients, aws_hook, rekognition_hook

SERVICES = {"s3": {"endpoint_url": "http://objects:2"}}


def test_a_client_is_of_the_deployment_and_as_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", "aws://")
    settings = Settings(aws_conn_id="lake", region="eu-west-1")
    client = aws_hook(settings, "sqs", Config(read_timeout=7)).get_conn()
    assert client.meta.service_model.service_name == "sqs"
    assert client.meta.region_name == "eu-west-1"
    assert client.meta.config.read_timeout == 7


def test_calls_of_rekognition_are_repeated_by_the_engines_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", "aws://")
    settings = Settings(aws_conn_id="lake", region="eu-west-1")
    clients = ConnectionClients(settings)
    workspace = Workspace(Run("lake", "enrich_videos", "run", "2025-01-01"), settings, clients)
    for client in (rekognition_hook(workspace).conn, clients.client("rekognition", connections=3)):
        assert client.meta.service_model.service_name == "rekognition"
        assert client.meta.region_name == "eu-west-1"
        assert client.meta.config.retries["total_max_attempts"] == 1
    assert clients.client("s3").meta.config.retries["total_max_attempts"] == 5
    assert clients.client("rekognition", connections=3).meta.config.max_pool_connections == 3


def test_a_client_goes_where_the_connection_says(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = json.dumps({"endpoint_url": "http://lake:1", "verify": False, "service_config": SERVICES})
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps({"conn_type": "aws", "extra": extra}))
    clients = ConnectionClients(Settings(aws_conn_id="lake", region="eu-west-1"))
    assert clients.client("sqs").meta.endpoint_url == "http://lake:1"
    assert clients.client("s3").meta.endpoint_url == "http://objects:2"


def test_clients_are_made_without_reading_the_source_of_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", "aws://")
    monkeypatch.setattr("inspect.stack", lambda *_: pytest.fail("read the stack"))
    settings = Settings(aws_conn_id="lake", region="eu-west-1")
    clients = ConnectionClients(settings)
    workspace = Workspace(Run("lake", "enrich_videos", "run", "2025-01-01"), settings, clients)
    for client in (rekognition_hook(workspace).conn, clients.client("dynamodb")):
        assert "media-lake-enrichment" in client.meta.config.user_agent
