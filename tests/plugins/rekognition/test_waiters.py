from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from aiobotocore.stub import AioStubber
from botocore import xform_name
from botocore.exceptions import WaiterError
from botocore.stub import Stubber

from rekognition.hooks import VIDEO_JOBS, RekognitionHook, RekognitionVideoJob
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


def test_every_video_job_has_a_waiter_with_all_states(hook: RekognitionHook) -> None:
    with hook.waiter_path.open() as file:
        waiters = json.load(file)["waiters"]
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
    assert {job.waiter_name for job in VIDEO_JOBS.values()} <= set(hook.list_waiters())


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
