from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from airflow.providers.common.compat.sdk import AirflowException
from botocore import xform_name
from botocore.stub import Stubber

from rekognition.hooks import (
    PROJECT_VERSION_TARGETS,
    VIDEO_JOBS,
    RekognitionHook,
    RekognitionVideoJob,
    get_project_version_target,
    get_video_job,
    parse_project_version_arn,
)


@pytest.fixture(scope="module")
def service_model() -> Any:
    return botocore.session.Session().get_service_model("rekognition")


@pytest.mark.parametrize("job", VIDEO_JOBS.values(), ids=VIDEO_JOBS)
def test_video_jobs_are_as_the_service_model_has_them(job: RekognitionVideoJob, service_model: Any) -> None:
    start = service_model.operation_model(job.start_operation)
    get = service_model.operation_model(job.get_operation)
    assert {"Video", "ClientRequestToken", "NotificationChannel", "JobTag"} <= set(start.input_shape.members)
    assert {"JobId", "MaxResults", "NextToken"} <= set(get.input_shape.members)


def test_no_video_job_of_the_service_model_is_missing(service_model: Any) -> None:
    of_the_model = {
        name
        for name in service_model.operation_names
        if name.startswith("Get")
        and "JobStatus" in (members := service_model.operation_model(name).output_shape.members)
        and members["JobStatus"].name == "VideoJobStatus"
    }
    assert of_the_model - set(VIDEO_JOBS) == {"GetPersonTracking"}, "people pathing was ended by AWS in 2025"


def test_unknown_video_job_names_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match="'GetEverything' is not one of .*GetLabelDetection, GetTextDetection"
    ):
        get_video_job("GetEverything")


def test_start_job_returns_the_job_id(hook: RekognitionHook) -> None:
    request = {"Video": {"S3Object": {"Bucket": "media", "Name": "n.mp4"}}, "SegmentTypes": ["SHOT"]}
    with Stubber(hook.conn) as stub:
        stub.add_response("start_segment_detection", {"JobId": "j-1"}, request)
        assert hook.start_job("StartSegmentDetection", **request) == "j-1"


@pytest.mark.parametrize("operation", VIDEO_JOBS)
def test_job_status_asks_for_one_result_only(hook: RekognitionHook, operation: str) -> None:
    name = xform_name(operation)
    with Stubber(hook.conn) as stub:
        stub.add_response(name, {"JobStatus": "IN_PROGRESS"}, {"JobId": "j-1", "MaxResults": 1})
        stub.add_response(name, {"JobStatus": "FAILED", "StatusMessage": "bad codec"})
        assert hook.get_job_status(operation, "j-1") == ("IN_PROGRESS", "")
        assert hook.get_job_status(operation, "j-1") == ("FAILED", "bad codec")


def test_every_state_of_a_model_has_one_meaning_for_each_target(service_model: Any) -> None:
    states = sorted(service_model.shape_for("ProjectVersionStatus").enum)
    for target in PROJECT_VERSION_TARGETS.values():
        meanings = [*target.success_states, *target.failure_states, *target.intermediate_states]
        assert sorted(meanings) == states
        assert target.state in target.success_states


def test_unknown_target_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'TRAINED' is not one of the states to wait for: RUNNING, STOPPED"):
        get_project_version_target("TRAINED")


def test_project_version_arn_tells_its_names(project_version_arn: str) -> None:
    assert parse_project_version_arn(project_version_arn) == ("crates", "crates.2026-11-20")


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "crates",
        "arn:aws:rekognition:us-east-1:123456789012:project/crates/1763600000000",
        "arn:aws:rekognition:us-east-1:123456789012:project/crates/version/v1",
        "arn:aws:s3:us-east-1:123456789012:project/crates/version/v1/1763600000000",
        "arn:aws:rekognition:us-east-1:123456789012:project/crates/version/v 1/1763600000000",
        "arn:aws:rekognition:us-east-1:123456789012:project/crates/version/v1/1763600000000\n",
    ],
)
def test_what_is_not_a_project_version_arn(arn: str) -> None:
    with pytest.raises(ValueError, match="is not the ARN of a Rekognition project version"):
        parse_project_version_arn(arn)


def test_project_of_a_model_is_looked_up_on_every_page(
    hook: RekognitionHook, project_version_arn: str, project_arn: str
) -> None:
    request = {"ProjectNames": ["crates"]}
    other = project_arn.replace("crates", "crates-old")
    with Stubber(hook.conn) as stub:
        first = {"ProjectDescriptions": [{"ProjectArn": other}], "NextToken": "t1"}
        stub.add_response("describe_projects", first, request)
        stub.add_response(
            "describe_projects",
            {"ProjectDescriptions": [{"ProjectArn": project_arn}]},
            {**request, "NextToken": "t1"},
        )
        assert hook.get_project_arn(project_version_arn) == project_arn
        stub.assert_no_pending_responses()


def test_model_without_a_project_is_named(hook: RekognitionHook, project_version_arn: str) -> None:
    with Stubber(hook.conn) as stub:
        stub.add_response("describe_projects", {"ProjectDescriptions": []})
        with pytest.raises(AirflowException, match="no Custom Labels project 'crates' in us-east-1"):
            hook.get_project_arn(project_version_arn)


def test_project_version_status(hook: RekognitionHook, project_version_arn: str, project_arn: str) -> None:
    request = {"ProjectArn": project_arn, "VersionNames": ["crates.2026-11-20"]}
    namesake = {"ProjectVersionArn": project_version_arn.replace("/17", "/18"), "Status": "RUNNING"}
    version = {
        "ProjectVersionArn": project_version_arn,
        "Status": "FAILED",
        "StatusMessage": "out of capacity",
    }
    with Stubber(hook.conn) as stub:
        stub.add_response(
            "describe_project_versions", {"ProjectVersionDescriptions": [namesake, version]}, request
        )
        stub.add_response("describe_project_versions", {"ProjectVersionDescriptions": [namesake]}, request)
        assert hook.get_project_version_status(project_version_arn, project_arn) == (
            "FAILED",
            "out of capacity",
        )
        with pytest.raises(AirflowException, match="has no model arn:aws:rekognition"):
            hook.get_project_version_status(project_version_arn, project_arn)
