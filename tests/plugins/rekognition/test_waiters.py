from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from aiobotocore.stub import AioStubber
from botocore import xform_name
from botocore.exceptions import WaiterError
from botocore.stub import Stubber

from rekognition.hooks import (
    PROJECT_VERSION_TARGETS,
    VIDEO_JOBS,
    RekognitionHook,
    RekognitionProjectVersionTarget,
    RekognitionVideoJob,
)
from rekognition.sensors import RekognitionVideoJobCompletedSensor as Sensor

REQUEST = {"JobId": "j-1", "MaxResults": 1}
TRANSIENT_ERRORS = ("ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError")

each_job = pytest.mark.parametrize("job", VIDEO_JOBS.values(), ids=VIDEO_JOBS)


def reply(stub: Stubber, job: RekognitionVideoJob, *states: str) -> None:
    """Queue one answer per state; a state that is an error's code is raised."""
    method = xform_name(job.get_operation)
    for state in states:
        if state in TRANSIENT_ERRORS or state == "AccessDeniedException":
            stub.add_client_error(method, state, expected_params=REQUEST)
        else:
            stub.add_response(method, {"JobStatus": state}, REQUEST)


@pytest.fixture
def wait(hook: RekognitionHook) -> Callable[..., None]:
    """Wait for a job that answers with the given states, all of which have to be asked for."""

    def run(job: RekognitionVideoJob, *states: str) -> None:
        with Stubber(hook.conn) as stub:
            reply(stub, job, *states)
            hook.get_waiter(job.waiter_name).wait(**REQUEST, WaiterConfig={"Delay": 0})
            stub.assert_no_pending_responses()

    return run


def read_waiters(hook: RekognitionHook) -> dict[str, Any]:
    with hook.waiter_path.open() as file:
        waiters: dict[str, Any] = json.load(file)["waiters"]
    return waiters


def test_every_video_job_has_a_waiter_with_all_states(hook: RekognitionHook) -> None:
    waiters = {name: waiter for name, waiter in read_waiters(hook).items() if name.endswith("_complete")}
    assert {name: waiter["operation"] for name, waiter in waiters.items()} == {
        job.waiter_name: job.get_operation for job in VIDEO_JOBS.values()
    }
    states = {*Sensor.INTERMEDIATE_STATES, *Sensor.SUCCESS_STATES, *Sensor.FAILURE_STATES}
    model = hook.conn.meta.service_model.shape_for("VideoJobStatus")
    assert states == set(model.enum)
    for waiter in waiters.values():
        accepted = {a["expected"] for a in waiter["acceptors"] if a["argument"] == "JobStatus"}
        assert accepted == states


def test_waiters_are_listed(hook: RekognitionHook) -> None:
    things = (*VIDEO_JOBS.values(), *PROJECT_VERSION_TARGETS.values())
    assert {thing.waiter_name for thing in things} <= set(hook.list_waiters())
    assert {thing.waiter_name for thing in things} == set(read_waiters(hook))


@each_job
@pytest.mark.parametrize("state", Sensor.SUCCESS_STATES)
def test_waiter_success(wait: Callable[..., None], job: RekognitionVideoJob, state: str) -> None:
    wait(job, state)


@each_job
@pytest.mark.parametrize("state", Sensor.FAILURE_STATES)
def test_waiter_failure(wait: Callable[..., None], job: RekognitionVideoJob, state: str) -> None:
    with pytest.raises(WaiterError, match="terminal failure"):
        wait(job, state)


@each_job
@pytest.mark.parametrize("state", [*Sensor.INTERMEDIATE_STATES, *TRANSIENT_ERRORS])
def test_waiter_goes_on(wait: Callable[..., None], job: RekognitionVideoJob, state: str) -> None:
    wait(job, state, state, *Sensor.SUCCESS_STATES)


@each_job
def test_waiter_stops_at_an_error_that_waiting_does_not_cure(
    wait: Callable[..., None], job: RekognitionVideoJob
) -> None:
    with pytest.raises(WaiterError, match="AccessDeniedException"):
        wait(job, "AccessDeniedException", *Sensor.SUCCESS_STATES)


@each_job
@pytest.mark.asyncio
async def test_async_waiter(hook: RekognitionHook, job: RekognitionVideoJob) -> None:
    async with await hook.get_async_conn() as client:
        waiter: Any = hook.get_waiter(job.waiter_name, deferrable=True, client=client)
        with AioStubber(client) as stub:
            reply(stub, job, "IN_PROGRESS", "ThrottlingException", "SUCCEEDED")
            await waiter.wait(**REQUEST, WaiterConfig={"Delay": 0})
            stub.assert_no_pending_responses()
            reply(stub, job, "FAILED")
            with pytest.raises(WaiterError, match="terminal failure"):
                await waiter.wait(**REQUEST, WaiterConfig={"Delay": 0})


DESCRIBE = {
    "ProjectArn": "arn:aws:rekognition:us-east-1:123456789012:project/crates/1763500000000",
    "VersionNames": ["v1"],
}
ALL_STATES = [
    state
    for meaning in ("success_states", "failure_states", "intermediate_states")
    for state in getattr(PROJECT_VERSION_TARGETS["RUNNING"], meaning)
]

each_target = pytest.mark.parametrize("target", PROJECT_VERSION_TARGETS.values(), ids=PROJECT_VERSION_TARGETS)


def describe(stub: Stubber, *states: str) -> None:
    """Queue one description of the model per state; a state that is an error's code is raised."""
    for state in states:
        if state.endswith(("Exception", "Error")):
            stub.add_client_error("describe_project_versions", state, expected_params=DESCRIBE)
        else:
            answer = {"ProjectVersionDescriptions": [{"Status": state}]}
            stub.add_response("describe_project_versions", answer, DESCRIBE)


@pytest.fixture
def wait_for(hook: RekognitionHook) -> Callable[..., None]:
    """Wait for a model that has the given states, all of which have to be asked for."""

    def run(target: RekognitionProjectVersionTarget, *states: str) -> None:
        with Stubber(hook.conn) as stub:
            describe(stub, *states)
            hook.get_waiter(target.waiter_name).wait(**DESCRIBE, WaiterConfig={"Delay": 0})
            stub.assert_no_pending_responses()

    return run


@each_target
def test_waiters_of_models_know_all_states(
    hook: RekognitionHook, target: RekognitionProjectVersionTarget
) -> None:
    acceptors = read_waiters(hook)[target.waiter_name]["acceptors"]
    accepted = {a["expected"] for a in acceptors if a["argument"] == "ProjectVersionDescriptions[].Status"}
    assert accepted == set(hook.conn.meta.service_model.shape_for("ProjectVersionStatus").enum)


@each_target
@pytest.mark.parametrize("state", ALL_STATES)
def test_waiter_for_a_model_in_every_state(
    wait_for: Callable[..., None], target: RekognitionProjectVersionTarget, state: str
) -> None:
    if state in target.success_states:
        wait_for(target, state)
    elif state in target.failure_states:
        with pytest.raises(WaiterError, match="terminal failure"):
            wait_for(target, state)
    else:
        wait_for(target, state, state, target.state)


@each_target
@pytest.mark.parametrize("code", TRANSIENT_ERRORS)
def test_waiter_for_a_model_goes_on_after_an_error_that_passes(
    wait_for: Callable[..., None], target: RekognitionProjectVersionTarget, code: str
) -> None:
    wait_for(target, code, "STOPPING", code, target.state)


@each_target
@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_waiter_for_a_model_stops_at_an_error_that_waiting_does_not_cure(
    wait_for: Callable[..., None], target: RekognitionProjectVersionTarget, code: str
) -> None:
    with pytest.raises(WaiterError, match=code):
        wait_for(target, code, target.state)


@each_target
def test_waiter_fails_for_a_model_that_is_not_there(
    hook: RekognitionHook, target: RekognitionProjectVersionTarget
) -> None:
    with Stubber(hook.conn) as stub:
        stub.add_response("describe_project_versions", {"ProjectVersionDescriptions": []}, DESCRIBE)
        with pytest.raises(WaiterError, match="terminal failure"):
            hook.get_waiter(target.waiter_name).wait(**DESCRIBE, WaiterConfig={"Delay": 0})


@each_target
@pytest.mark.asyncio
async def test_async_waiter_for_a_model(
    hook: RekognitionHook, target: RekognitionProjectVersionTarget
) -> None:
    async with await hook.get_async_conn() as client:
        waiter: Any = hook.get_waiter(target.waiter_name, deferrable=True, client=client)
        with AioStubber(client) as stub:
            describe(stub, "STARTING", "ThrottlingException", target.state)
            await waiter.wait(**DESCRIBE, WaiterConfig={"Delay": 0})
            stub.assert_no_pending_responses()
