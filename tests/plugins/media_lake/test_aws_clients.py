from __future__ import annotations

import pytest
from botocore.config import Config

from include.core.settings import Settings
from media_lake.aws_clients import ConnectionClients, aws_hook, rekognition_hook


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
    for client in (rekognition_hook(settings).conn, clients.client("rekognition", connections=3)):
        assert client.meta.service_model.service_name == "rekognition"
        assert client.meta.region_name == "eu-west-1"
        assert client.meta.config.retries["total_max_attempts"] == 1
    assert clients.client("s3").meta.config.retries["total_max_attempts"] == 5
    assert clients.client("rekognition", connections=3).meta.config.max_pool_connections == 3
