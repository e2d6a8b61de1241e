"""A Custom Labels model is started, called and stopped, as the local Rekognition counts it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.analyze.custom_models import CustomModels
from include.store.model_time import Session
from media_lake.task_models import model_status
from rekognition.hooks import RekognitionHook
from tests.integration.conftest import LocalLake, http, picture

pytestmark = pytest.mark.integration


@pytest.fixture
def arn(local_lake: LocalLake) -> str:
    """A trained model."""
    client = local_lake.client("rekognition")
    project = client.create_project(ProjectName="parts")["ProjectArn"]
    made = client.create_project_version(
        ProjectArn=project,
        VersionName="v1",
        OutputConfig={"S3Bucket": local_lake.settings.bucket, "S3KeyPrefix": "training"},
    )
    local_lake.behave(model_seconds=0.3)
    until(lambda: status_of(local_lake, made["ProjectVersionArn"]) == "TRAINING_COMPLETED")
    return str(made["ProjectVersionArn"])


def models(lake: LocalLake) -> CustomModels:
    rekognition, dynamodb = lake.client("rekognition"), lake.client("dynamodb")
    return CustomModels(rekognition, partial(status_of, lake), dynamodb, lake.settings.ledger_table)


def status_of(lake: LocalLake, arn: str) -> str:
    return model_status(RekognitionHook(aws_conn_id=None, region_name=lake.settings.region), arn)


def counted(lake: LocalLake, arn: str) -> Any:
    calls = http.get(f"{lake.control_url}/_control/calls").raise_for_status().json()
    (model,) = [model for model in calls["models"] if model["arn"] == arn]
    return model


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_two_runs_share_a_model_and_the_last_stops_it(
    local_lake: LocalLake, arn: str, upload: Callable[[str, bytes], None]
) -> None:
    upload("raw/part.jpg", picture(1))
    image = {"S3Object": {"Bucket": local_lake.settings.bucket, "Name": "raw/part.jpg"}}
    rekognition = local_lake.client("rekognition")
    ours, theirs = models(local_lake), models(local_lake)
    with pytest.raises(ClientError, match="ResourceNotReadyException"):
        rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image)

    ours.reserve(arn, "ours", {})
    theirs.reserve(arn, "theirs", {})
    asked = time.monotonic()
    until(lambda: ours.start(arn, 1))
    running = time.monotonic()
    assert theirs.start(arn, 1)
    assert rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image)["CustomLabels"] == []

    billed: list[Session] = []
    assert ours.stop(arn, "ours", billed.append)
    assert counted(local_lake, arn)["running"]
    stopping = time.monotonic()
    assert theirs.stop(arn, "theirs", billed.append)
    stopped = time.monotonic()
    model = counted(local_lake, arn)
    assert (model["starts"], model["stops"], model["running"]) == (1, 1, False)
    assert len(billed) == 1
    # Whole seconds are recorded, from when the model was seen to run.
    assert stopping - running - 2 <= billed[0].running_until - billed[0].running_since <= stopped - asked + 2

    ours.reserve(arn, "ours", {})
    until(lambda: ours.start(arn, 1))
    assert counted(local_lake, arn)["starts"] == 2
    assert ours.stop(arn, "ours", billed.append)
