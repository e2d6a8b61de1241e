from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from airflow._shared.module_loading import import_string
from airflow.models.trigger import Trigger
from airflow.triggers.base import TriggerEvent

from rekognition.hooks import PROJECT_VERSION_TARGETS, VIDEO_JOBS, RekognitionHook
from rekognition.triggers import (
    RekognitionProjectVersionStateTrigger,
    RekognitionVideoJobCompletedTrigger,
)

IN_PROGRESS = {"JobStatus": "IN_PROGRESS"}
SUCCEEDED = {"JobStatus": "SUCCEEDED"}
FAILED = {"JobStatus": "FAILED", "StatusMessage": "codec not supported"}


@pytest.mark.parametrize("operation", VIDEO_JOBS)
def test_serialization(operation: str) -> None:
    trigger = RekognitionVideoJobCompletedTrigger(
        job_id="j-1",
        operation=operation,
        waiter_delay=15,
        waiter_max_attempts=40,
        aws_conn_id="aws_lake",
        region_name="eu-west-1",
        verify=False,
        botocore_config={"read_timeout": 5},
    )
    row = Trigger.from_object(trigger)
    assert row.classpath == "rekognition.triggers.RekognitionVideoJobCompletedTrigger"
    rebuilt = import_string(row.classpath)(**row.kwargs)
    assert rebuilt.serialize() == trigger.serialize()
    attributes = ("waiter_name", "waiter_args", "failure_message", "_hook_parameters")
    assert [getattr(rebuilt, name) for name in attributes] == [getattr(trigger, name) for name in attributes]


def test_unknown_operation_fails_before_anything_is_deferred() -> None:
    with pytest.raises(ValueError, match="not one of the video operations"):
        RekognitionVideoJobCompletedTrigger(job_id="j-1", operation="GetEverything")


async def run(operation: str, answers: list[dict[str, Any]], **kwargs: Any) -> tuple[TriggerEvent, list[Any]]:
    """Run the trigger to its event; return that and the calls to AWS."""
    trigger = RekognitionVideoJobCompletedTrigger(job_id="j-1", operation=operation, waiter_delay=0, **kwargs)
    call = mock.AsyncMock(side_effect=answers)
    with mock.patch("aiobotocore.client.AioBaseClient._make_api_call", call):
        event = await anext(aiter(trigger.run()))
    return event, [request.args for request in call.call_args_list]


@pytest.mark.asyncio
@pytest.mark.parametrize("operation", VIDEO_JOBS)
async def test_success(operation: str) -> None:
    event, calls = await run(operation, [IN_PROGRESS, IN_PROGRESS, SUCCEEDED])
    assert event == TriggerEvent({"status": "success", "job_id": "j-1"})
    assert calls == [(operation, {"JobId": "j-1", "MaxResults": 1})] * 3


@pytest.mark.asyncio
async def test_failure_carries_the_message_of_aws() -> None:
    event, _ = await run("GetFaceDetection", [IN_PROGRESS, FAILED])
    assert event.payload["status"] == "error"
    assert event.payload["job_id"] == "j-1"
    assert (
        "GetFaceDetection: Rekognition video job j-1 failed: FAILED - codec not supported"
        in (event.payload["message"])
    )


@pytest.mark.asyncio
async def test_job_that_does_not_end_ends_the_wait() -> None:
    event, calls = await run("GetFaceDetection", [IN_PROGRESS] * 3, waiter_max_attempts=3)
    assert (event.payload["status"], len(calls)) == ("error", 3)
    assert "max attempts reached" in event.payload["message"]


def test_hook_has_the_parameters_of_the_trigger() -> None:
    hook = RekognitionVideoJobCompletedTrigger(
        job_id="j-1", operation="GetFaceDetection", region_name="eu-west-1", verify=False
    ).hook()
    assert isinstance(hook, RekognitionHook)
    assert (hook.client_type, hook._region_name, hook._verify) == ("rekognition", "eu-west-1", False)


@pytest.fixture
def make_state_trigger(project_version_arn: str, project_arn: str) -> Any:
    def make(target_state: str, **kwargs: Any) -> RekognitionProjectVersionStateTrigger:
        arguments: dict[str, Any] = {"waiter_delay": 0, **kwargs}
        return RekognitionProjectVersionStateTrigger(
            project_version_arn=project_version_arn,
            project_arn=project_arn,
            target_state=target_state,
            **arguments,
        )

    return make


@pytest.mark.parametrize("target_state", PROJECT_VERSION_TARGETS)
def test_serialization_of_the_state_trigger(
    make_state_trigger: Any, target_state: str, project_version_arn: str, project_arn: str
) -> None:
    trigger = make_state_trigger(
        target_state,
        waiter_delay=15,
        waiter_max_attempts=40,
        aws_conn_id="aws_lake",
        region_name="eu-west-1",
        verify=False,
        botocore_config={"read_timeout": 5},
    )
    row = Trigger.from_object(trigger)
    assert row.classpath == "rekognition.triggers.RekognitionProjectVersionStateTrigger"
    assert row.kwargs == {
        "project_version_arn": project_version_arn,
        "project_arn": project_arn,
        "target_state": target_state,
        "waiter_delay": 15,
        "waiter_max_attempts": 40,
        "aws_conn_id": "aws_lake",
        "region_name": "eu-west-1",
        "verify": False,
        "botocore_config": {"read_timeout": 5},
    }
    rebuilt = import_string(row.classpath)(**row.kwargs)
    assert rebuilt.serialize() == trigger.serialize()
    attributes = ("waiter_name", "waiter_args", "failure_message", "_hook_parameters")
    assert [getattr(rebuilt, name) for name in attributes] == [getattr(trigger, name) for name in attributes]


def test_unknown_state_fails_before_anything_is_deferred(make_state_trigger: Any) -> None:
    with pytest.raises(ValueError, match="not one of the states to wait for"):
        make_state_trigger("TRAINED")


async def run_through(trigger: Any, *states: str) -> tuple[TriggerEvent, list[Any]]:
    """Run the trigger while the model passes through states; return its event and the calls to AWS."""
    answers = [{"ProjectVersionDescriptions": [{"Status": s, "StatusMessage": f"is {s}"}]} for s in states]
    call = mock.AsyncMock(side_effect=answers)
    with mock.patch("aiobotocore.client.AioBaseClient._make_api_call", call):
        event = await anext(aiter(trigger.run()))
    return event, [request.args for request in call.call_args_list]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("target_state", "states"),
    [("RUNNING", ["STOPPED", "STARTING", "RUNNING"]), ("STOPPED", ["RUNNING", "STOPPING", "STOPPED"])],
)
async def test_model_reaches_its_state(
    make_state_trigger: Any,
    target_state: str,
    states: list[str],
    project_version_arn: str,
    project_arn: str,
) -> None:
    event, calls = await run_through(make_state_trigger(target_state), *states)
    assert event == TriggerEvent({"status": "success", "project_version_arn": project_version_arn})
    request = {"ProjectArn": project_arn, "VersionNames": ["crates.2026-11-20"]}
    assert calls == [("DescribeProjectVersions", request)] * 3


@pytest.mark.asyncio
async def test_model_that_fails_to_start(make_state_trigger: Any, project_version_arn: str) -> None:
    event, _ = await run_through(make_state_trigger("RUNNING"), "STARTING", "FAILED")
    assert (event.payload["status"], event.payload["project_version_arn"]) == ("error", project_version_arn)
    assert (
        f"Custom Labels model {project_version_arn} did not become RUNNING: FAILED - is FAILED"
        in (event.payload["message"])
    )


@pytest.mark.asyncio
async def test_model_that_stays_as_it_is_ends_the_wait(make_state_trigger: Any) -> None:
    event, calls = await run_through(make_state_trigger("STOPPED", waiter_max_attempts=3), *["STOPPING"] * 3)
    assert (event.payload["status"], len(calls)) == ("error", 3)
    assert "max attempts reached" in event.payload["message"]
