from __future__ import annotations

import pytest
from botocore.config import Config

from include.core.settings import Settings
from media_lake.aws_clients import aws_hook


def test_a_client_is_of_the_deployment_and_as_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", "aws://")
    settings = Settings(aws_conn_id="lake", region="eu-west-1")
    client = aws_hook(settings, "sqs", Config(read_timeout=7)).get_conn()
    assert client.meta.service_model.service_name == "sqs"
    assert client.meta.region_name == "eu-west-1"
    assert client.meta.config.read_timeout == 7
