from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import Stubber

from include.analyze.custom_models import ModelError
from media_lake.task_models import model_status
from rekognition.hooks import RekognitionHook

ARN = "arn:aws:rekognition:us-east-1:123456789012:project/logos/version/v1/1700000000000"
PROJECTS = {
    "ProjectDescriptions": [{"ProjectArn": "arn:aws:rekognition:us-east-1:123456789012:project/logos/1"}]
}


@pytest.fixture
def hook() -> Any:
    """The hook, and what answers in AWS's place."""
    hook = RekognitionHook(aws_conn_id=None, region_name="us-east-1")
    with Stubber(hook.conn) as stub:
        yield hook, stub


def test_the_state_of_a_model_is_what_aws_says(hook: Any) -> None:
    asked, stub = hook
    versions = {"ProjectVersionDescriptions": [{"ProjectVersionArn": ARN, "Status": "STARTING"}]}
    stub.add_response("describe_projects", PROJECTS)
    stub.add_response("describe_project_versions", versions)
    assert model_status(asked, ARN) == "STARTING"


def test_a_model_that_cannot_be_found_is_an_error_that_tells_what_to_do(hook: Any) -> None:
    asked, stub = hook
    with pytest.raises(ModelError, match="'staff' is not the ARN .*; name another model in lake.yaml"):
        model_status(asked, "staff")
    stub.add_response("describe_projects", {"ProjectDescriptions": []})
    with pytest.raises(
        ModelError, match="no Custom Labels project 'logos' .*; name another model in lake.yaml"
    ):
        model_status(asked, ARN)
    stub.add_response("describe_projects", PROJECTS)
    stub.add_response("describe_project_versions", {"ProjectVersionDescriptions": []})
    with pytest.raises(ModelError, match="has no model arn:.*; name another model in lake.yaml"):
        model_status(asked, ARN)
